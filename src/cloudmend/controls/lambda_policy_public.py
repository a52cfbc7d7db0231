"""A function whose policy lets strangers in: callers whom its author could not have named.

The statement is narrowed in place to the function's own account, or to its organization, if the policy file names one.
Signed requests from there keep their access. Requests without credentials, other accounts, and AWS services lose it: a
bucket or a rule that invokes the function needs a statement of its own, with `SourceArn`. A statement with a condition
that AWS services meet is only reported. So is one for a function URL without authentication: its callers sign nothing,
and a narrowed statement would admit none of them.

Lambda has two ways to change a policy. `RemovePermission` takes a statement away by its Sid, and `AddPermission` can
only bring back some conditions, at the end. cloudmend uses the calls of July 2026 that replace the whole policy,
`GetResourcePolicy` and `PutResourcePolicy`. It names the revision that it read. The Sids, the order, and all other
statements stay. An older AWS CLI does not know these calls.

A function, each of its aliases, and each of its versions has a policy of its own. The sweep looks at functions and
aliases. An event leads to a version, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from cloudmend.controls.families.policy_records import POLICY, policy_of, with_statement, without_statement
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import FUNCTION
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.errors import EventError
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import named, values_at

_LIMIT: Final = 20_480  # characters
_GONE: Final = "ResourceNotFoundException"  # of the policy, too
_SOURCE: Final = "lambda.amazonaws.com"
_ADDED: Final = ("AddPermission20150331", "AddPermission20150331v2")
_REMOVED: Final = ("RemovePermission20150331", "RemovePermission20150331v2")
# With the date of its API version, as CloudTrail names Lambda's other calls.
_PUT: Final = ("PutResourcePolicy", "PutResourcePolicy20260709")
_GONE_WITH: Final = ("DeleteFunction20150331", "DeleteResourcePolicy", "DeleteResourcePolicy20260709")
_NAMES: Final = ("request.resourceArn", "request.functionName")
_INVOKE_URL: Final = "lambda:InvokeFunctionUrl"
_VIA_URL: Final = "lambda:invokedviafunctionurl"
_AUTH_TYPE: Final = "lambda:functionurlauthtype"
_LATEST: Final = ":$LATEST"  # has the policy of the function itself
_OPEN_URL: Final = "callers of a function URL sign nothing, so that a narrowed statement would admit nobody"


def _locate(call: ApiCall) -> Iterator[Resource]:
    """Yield the function, alias, or version of a call: a name or an ARN, and perhaps a qualifier. Raises EventError."""
    name = next((str(value) for place in _NAMES for value in values_at(call, place)), "")
    if name:
        whole = name if name.startswith("arn:") else name.rpartition("function:")[2]
        found = named(FUNCTION, whole.removesuffix(_LATEST), account=call.account, region=call.region)
        if found is None:
            raise EventError(f"Event {call.event_id} ({call.name}) names {name!r}, which is not a function.")
        qualifier = call.request.get("qualifier")
        qualified = f"{found.id}:{qualifier}" if qualifier else found.id
        yield replace(found, id=qualified.removesuffix(_LATEST))


def _arn(function: Resource) -> str:
    return FUNCTION.arn_of(function.id, function.account, function.region)


def _read(function: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("lambda", "GetResourcePolicy", {"ResourceArn": _arn(function)}), {_GONE: None})
    if answer:
        return State({POLICY: answer[POLICY]}, guard=answer["RevisionId"])
    there = reader.get(Call("lambda", "GetFunctionConfiguration", {"FunctionName": _arn(function)}), {_GONE: None})
    return None if there is None else State({})


def _put(function: Resource, now: State, text: str) -> Call:
    params = {"ResourceArn": _arn(function), POLICY: text, "RevisionId": now.guard}
    return Call("lambda", "PutResourcePolicy", params)


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    """Yield the functions, each before its aliases."""
    for function in reader.rows(Call("lambda", "ListFunctions"), "Functions"):
        name = function["FunctionName"]
        yield name
        for alias in reader.rows(Call("lambda", "ListAliases", {"FunctionName": name}), "Aliases"):
            yield f"{name}:{alias['Name']}"


def _of_url(statement: Json) -> str:
    """Return why a statement is only reported: it is one for a function URL without authentication."""
    keys = {key.lower(): value for each in (statement.get("Condition") or {}).values() for key, value in each.items()}
    via_url = statement.get("Action") in (_INVOKE_URL, [_INVOKE_URL]) or _VIA_URL in keys
    return _OPEN_URL if via_url and keys.get(_AUTH_TYPE) not in ("AWS_IAM", ["AWS_IAM"]) else ""


def _says(call: ApiCall, before: str) -> str:
    if call.name in _PUT:
        return policy_of(call, call.request.get("policy", before))
    if call.name in _ADDED:
        return with_statement(before, _statement(call))
    return without_statement(before, call.request.get("statementId")) if call.name in _REMOVED else ""


def _statement(call: ApiCall) -> Json:
    """Return the statement that a call adds. Lambda answers it as a text."""
    added: dict[str, Any] = dict(mapping(call.response.get("statement")))
    return added or {
        "Sid": call.request.get("statementId"),
        "Effect": "Allow",
        "Principal": {"AWS": call.request.get("principal")},
        "Action": call.request.get("action"),
    }


CONTROL: Final = public_policy(
    id="lambda_policy_public",
    title="A function's policy lets strangers in",
    severity="critical",
    references=("Security Hub Lambda.1",),
    advice="In Terraform, set source_account, source_arn, or principal_org_id of the aws_lambda_permission.",
    resource=FUNCTION,
    triggers=tuple(Trigger(_SOURCE, name) for name in (*_ADDED, *_PUT)),
    follows=tuple(Trigger(_SOURCE, name) for name in (*_REMOVED, *_GONE_WITH)),
    says=_says,
    reads=(
        *rights("lambda:GetFunctionConfiguration", "lambda:GetResourcePolicy"),
        *lists("lambda:ListAliases", of=""),
        *lists("lambda:ListFunctions"),
    ),
    writes=rights("lambda:PutResourcePolicy"),
    undoes=rights("lambda:PutResourcePolicy"),
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    locate=_locate,
    restraint=_of_url,
    errors={_GONE: "settled", "PreconditionFailedException": "raced", "PublicPolicyException": "final"},
)
