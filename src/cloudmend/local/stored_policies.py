"""Policies of resources that moto stores without a look: refused here where AWS refuses them.

The codes are documented, but the words are ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from moto.secretsmanager.models import secretsmanager_backends

from cloudmend.local.iam.documents import MalformedPolicy, parse_policy
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy
from cloudmend.local.messages import ApiError, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse

_DELETED: Final = re.compile(r'"A(?:RO|ID)A[A-Z0-9]{8,}"')
_STRANGER: Final = "999999999999"


class Kind(NamedTuple):
    """The rules for the policies of one kind of resources: their size in bytes, the error's code, and elements."""

    limit: int
    code: str
    service: str
    resources: bool = True  # whether a statement may have the element Resource
    own: bool = False  # whether a statement may name this resource alone


QUEUE: Final = Kind(8192, "InvalidAttributeValue", "sqs")
TOPIC: Final = Kind(30_720, "InvalidParameter", "sns", own=True)
SECRET: Final = Kind(20_480, "MalformedPolicyDocumentException", "secretsmanager")
REPOSITORY: Final = Kind(10_240, "InvalidParameterException", "ecr", resources=False)
BUS: Final = Kind(10_240, "ValidationException", "events")
KEY: Final = Kind(32_768, "MalformedPolicyDocumentException", "kms")
FUNCTION: Final = Kind(20_480, "InvalidParameterValueException", "lambda", own=True)


def check(text: str, kind: Kind, arn: str = "") -> list[dict[str, Any]]:
    """Return the statements of a policy that AWS takes for a resource of a kind. Raises ApiError."""
    try:
        parse_policy(text, "given", True)
    except MalformedPolicy as error:
        raise ApiError(kind.code, str(error)) from None
    statements = _listed(json.loads(text)["Statement"])
    named = [value for each in statements for value in _listed(each.get("Resource", []))]
    for wrong, words in (
        (not statements, "The policy has no statements."),
        (len(text.encode()) > kind.limit, f"The policy has more than {kind.limit:,} bytes."),
        (_DELETED.search(json.dumps([each.get("Principal") for each in statements])), "A principal is not known."),
        (named and not kind.resources, "A statement has the element Resource."),
        (kind.own and any(value != arn for value in named), f"A statement names another resource than {arn}."),
        (any(_is_foreign(each, kind) for each in statements), f"An action is not one of {kind.service}."),
    ):
        if wrong:
            raise ApiError(kind.code, words)
    return statements


def _is_foreign(statement: Mapping[str, Any], kind: Kind) -> bool:
    """Return whether a statement names an action of another service."""
    actions = _listed(statement.get("Action", []))
    return any(each != "*" and each.partition(":")[0].lower() != kind.service for each in actions)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_public(text: str, arn: str, action: str) -> bool:
    """Return whether the policy of a resource lets a principal of another account do something."""
    caller = Caller("user", _STRANGER, f"arn:aws:iam::{_STRANGER}:user/stranger")
    may = Policy("all", '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
    policies = Policies(identity=[may], resource=Policy(arn, text))
    return evaluate(AccessRequest(action, arn, {}), caller, policies).allowed


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call to a service whose policies moto keeps: SNS, Secrets Manager, ECR, KMS. Raises ApiError."""
    checking = _CHECKS.get((exchange.request.service, exchange.request.operation))
    call = exchange.call
    if checking and call:
        checking(call.params, exchange)
    shown = _SHOWN.get(exchange.request.operation)
    return _reformatted(exchange, *shown) if shown else exchange.forward()


def _topic(params: Mapping[str, Any], _: Exchange) -> None:
    if params.get("AttributeName") == "Policy":
        check(params.get("AttributeValue", ""), TOPIC, params["TopicArn"])


def _secret(params: Mapping[str, Any], exchange: Exchange) -> None:
    text = params.get("ResourcePolicy", "")
    check(text, SECRET)
    secrets = secretsmanager_backends[exchange.principal.account][exchange.request.region].secrets
    secret = secrets.get(params["SecretId"])
    if params.get("BlockPublicPolicy") and secret and is_public(text, secret.arn, "secretsmanager:GetSecretValue"):
        raise ApiError("PublicPolicyException", "The policy grants access to everybody.")


def _repository(params: Mapping[str, Any], _: Exchange) -> None:
    check(params.get("policyText", ""), REPOSITORY)


def _reformatted(exchange: Exchange, key: str, indent: int | None) -> ApiResponse:
    """Return moto's answer, with the policy under `key` as a text, and that in lines if there is an `indent`.

    ECR breaks it into lines. Of a key that a stack made, moto answers no text.
    """
    response = exchange.forward()
    if response.error_code:
        return response
    told = json.loads(response.body)
    policy = json.loads(told[key]) if isinstance(told[key], str) else told[key]
    return json_answer({**told, key: json.dumps(policy, indent=indent)})


def _key(params: Mapping[str, Any], exchange: Exchange) -> None:
    text = params.get("Policy", "")
    check(text, KEY)
    own = dict.fromkeys(("aws:ResourceAccount", "kms:CallerAccount"), exchange.principal.account)
    key, region = params["KeyId"], exchange.request.region
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{region}:{exchange.principal.account}:key/{key}"
    if not params.get("BypassPolicyLockoutSafetyCheck") and not exchange.is_shared(
        AccessRequest("kms:PutKeyPolicy", arn, own), Policy(arn, text)
    ):
        raise ApiError(KEY.code, "The new key policy will not allow you to update the key policy in the future.")


_SHOWN: Final[Mapping[str, tuple[str, int | None]]] = {
    "GetKeyPolicy": ("Policy", None),
    "GetRepositoryPolicy": ("policyText", 2),
}
_CHECKS: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any], Exchange], None]]] = {
    ("ecr", "SetRepositoryPolicy"): _repository,
    ("kms", "PutKeyPolicy"): _key,
    ("secretsmanager", "PutResourcePolicy"): _secret,
    ("sns", "SetTopicAttributes"): _topic,
}
