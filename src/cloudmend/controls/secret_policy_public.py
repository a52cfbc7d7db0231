"""A secret whose policy lets strangers in: principals of accounts that its author could not have named.

The statement is narrowed in place to the secret's own account, or to its organization, if the policy file names one.
Principals from there keep their access, and other accounts lose it. A secret is readable only with a key that the other
account may use, too: one that is encrypted with `aws/secretsmanager` is at fault here, although nobody else can decrypt
it yet.

cloudmend writes with `BlockPublicPolicy`, so that Secrets Manager checks the narrowed policy, too. A policy that stays
open, because a statement of it is exempt, is written without. A replica is mended through its primary secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.controls.families.policy_records import POLICY, policy_of
from cloudmend.controls.families.public_policies import Settings, is_open, public_policy
from cloudmend.controls.resource_types import SECRET
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_LIMIT: Final = 20_480  # characters
_GONE: Final = "ResourceNotFoundException"
# The ARN tells the six characters at the end of the name, which a request need not.
_AT: Final = ("response.aRN", "response.arn")


def _arn(secret: Resource) -> str:
    return SECRET.arn_of(secret.id, secret.account, secret.region)


def _read(secret: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("secretsmanager", "GetResourcePolicy", {"SecretId": _arn(secret)}), {_GONE: None})
    if answer is None:
        return None
    return State({POLICY: answer["ResourcePolicy"]} if answer.get("ResourcePolicy") else {})


def _put(secret: Resource, _: State, text: str) -> Call:
    blocks = not is_open(text, secret.account, [_arn(secret)])
    params = {"SecretId": _arn(secret), "ResourcePolicy": text, "BlockPublicPolicy": blocks}
    return Call("secretsmanager", "PutResourcePolicy", params)


def _every(region: Resource, reader: Reader, _: Settings) -> Iterator[str]:
    rows = reader.rows(Call("secretsmanager", "ListSecrets"), "SecretList")
    return (row["ARN"].rpartition(":")[2] for row in rows if row.get("PrimaryRegion", region.region) == region.region)


def _says(call: ApiCall, before: str) -> str:
    if call.name == "PutResourcePolicy":
        return policy_of(call, call.request.get("resourcePolicy", before))
    return ""


CONTROL: Final = public_policy(
    id="secret_policy_public",
    title="A secret's policy lets strangers in",
    severity="critical",
    advice="In Terraform, add the condition to the aws_secretsmanager_secret_policy resource.",
    resource=SECRET,
    triggers=(Trigger("secretsmanager.amazonaws.com", "PutResourcePolicy", _AT),),
    follows=tuple(
        Trigger("secretsmanager.amazonaws.com", name, _AT) for name in ("DeleteResourcePolicy", "DeleteSecret")
    ),
    says=_says,
    reads=(*rights("secretsmanager:GetResourcePolicy"), *lists("secretsmanager:ListSecrets")),
    writes=rights("secretsmanager:PutResourcePolicy"),
    undoes=rights("secretsmanager:PutResourcePolicy"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    errors={_GONE: "settled", "MalformedPolicyDocumentException": "final", "PublicPolicyException": "final"},
)
