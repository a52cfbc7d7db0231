"""A key whose policy lets strangers in: principals of accounts that its author could not have named.

It only observes unless the policy file says otherwise, for a key whose policy nobody can change any more is lost. With
`mode = "fix"`, the statement is narrowed in place to the key's own account, or to its organization, if the policy file
names one. Before that, the narrowed policy has to show that the account can still change it: one of its statements
allows `kms:PutKeyPolicy` to the account as a whole, and none denies it. Otherwise the key is only reported.

Grants of the key stand beside its policy, and a mend leaves them in force. Each replica of a key has a policy of its
own. Keys of AWS (`aws/...`) are not at fault: their policies name the account that calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.policies.document import statements_of
from cloudmend.controls.families.policy_records import POLICY, policy_of
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import KEY
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call, Reader

_LIMIT: Final = 32_768  # bytes
_GONE: Final = "NotFoundException"
_DEFAULT: Final = {"PolicyName": "default"}  # the only one
_SOURCE: Final = "kms.amazonaws.com"
_NAMED: Final = ("request.keyId",)
_CHANGE: Final = "kms:putkeypolicy"
_LOCKED: Final = "narrowed, the policy does not show that its account can still change it"


def _read(key: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("kms", "GetKeyPolicy", {"KeyId": key.id, **_DEFAULT}), {_GONE: None})
    return None if answer is None else State({POLICY: answer[POLICY]})


def _put(key: Resource, _: State, text: str) -> Call:
    checked = {"BypassPolicyLockoutSafetyCheck": False}
    return Call("kms", "PutKeyPolicy", {"KeyId": key.id, **_DEFAULT, POLICY: text, **checked})


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    return (row["KeyId"] for row in reader.rows(Call("kms", "ListKeys"), "Keys"))


def _lock_out(policy: Json, account: str) -> str:
    """Return why a policy must not be written: it does not show that the account can still change it."""
    statements = statements_of(policy)
    if any(each["Effect"] == "Deny" and _may_be_about_change(each) for each in statements):
        return _LOCKED
    return "" if any(_lets_account_change(each, account) for each in statements) else _LOCKED


def _may_be_about_change(statement: Json) -> bool:
    actions = [str(each).lower() for each in _listed(statement.get("Action", "*"))]
    return any("*" in each or "?" in each or each == _CHANGE for each in actions)


def _lets_account_change(statement: Json, account: str) -> bool:
    principal = statement.get("Principal")
    named = _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    whole = re.compile(rf"\*|(arn:[\w-]+:iam::)?{account}(:root)?")
    conditions: tuple[Any, ...] = (None, {}, {"StringEquals": {"aws:PrincipalAccount": account}})
    actions = {str(each).lower() for each in _listed(statement.get("Action", []))}
    allows = statement["Effect"] == "Allow" and not actions.isdisjoint({"*", "kms:*", _CHANGE})
    is_whole = any(whole.fullmatch(str(each)) for each in named)
    return allows and is_whole and statement.get("Condition") in conditions


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _says(call: ApiCall, before: str) -> str:
    if call.name == "ScheduleKeyDeletion":
        return ""
    return policy_of(call, call.request.get("policy", before))


CONTROL: Final = public_policy(
    id="kms_key_policy_public",
    title="A key's policy lets strangers in",
    severity="critical",
    mode="observe",
    references=("Security Hub KMS.5",),
    advice="In Terraform, add the condition to policy of the aws_kms_key, or to the aws_kms_key_policy resource.",
    resource=KEY,
    triggers=(
        Trigger(_SOURCE, "CreateKey", ("response.keyMetadata.arn",)),
        Trigger(_SOURCE, "PutKeyPolicy", _NAMED),
        Trigger(_SOURCE, "ReplicateKey", ("response.replicaKeyMetadata.arn",)),
    ),
    follows=(Trigger(_SOURCE, "ScheduleKeyDeletion", _NAMED),),
    says=_says,
    reads=(*rights("kms:GetKeyPolicy"), *lists("kms:ListKeys")),
    writes=rights("kms:PutKeyPolicy", Bool={"kms:BypassPolicyLockoutSafetyCheck": "false"}),
    undoes=rights("kms:PutKeyPolicy"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    lock_out=_lock_out,
    errors={_GONE: "settled", "KMSInvalidStateException": "deferred", "MalformedPolicyDocumentException": "final"},
)
