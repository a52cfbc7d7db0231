"""The policies of Lambda functions. moto holds the statements, of a function and of its aliases and versions together.

Here each has a policy of its own, whose revision changes with every write. The codes are documented; most words are
ours.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from cloudmend.core.partitions import partition_of
from cloudmend.local.functions import find_function
from cloudmend.local.messages import ApiError, ApiResponse, json_answer
from cloudmend.local.stored_policies import FUNCTION, check

if TYPE_CHECKING:
    from moto.awslambda.policy import Policy

    from cloudmend.local.front import Exchange

# What AddPermission makes of its parameters: an operator and a key.
_CONDITIONS: Final[Mapping[str, tuple[str, str]]] = {
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}
_LATEST: Final = ":$LATEST"
_STATEMENT: Final = "Statement"
_HEAD: Final = {"Version": "2012-10-17", "Id": "default"}  # of a policy that AddPermission made


class _Held:
    """The policy of a function, alias, or version. Raises ApiError if there is no such function."""

    def __init__(self, params: Mapping[str, Any], exchange: Exchange) -> None:
        account, region = exchange.principal.account, exchange.request.region
        name = params.get("ResourceArn") or params["FunctionName"]
        bare = name if name.startswith("arn:") else name.rpartition("function:")[2].partition(":")[0]
        function = find_function(bare, account, region)
        prefix = f"arn:{partition_of(region).id}:lambda:{region}:{account}:function:"
        whole = name if name.startswith("arn:") else prefix + name.rpartition("function:")[2]
        qualified = f"{whole}:{params['Qualifier']}" if params.get("Qualifier") else whole
        self.arn = qualified.removesuffix(_LATEST)
        if function is None:
            raise ApiError("ResourceNotFoundException", f"Function not found: {self.arn}", 404)
        self._all: Policy = function.policy

    @property
    def statements(self) -> list[dict[str, Any]]:
        return [each for each in self._all.statements if each["Resource"] == self.arn]

    @property
    def revision(self) -> str:
        return self._all.revision

    @property
    def heads(self) -> dict[str, Mapping[str, Any]]:
        """The elements beside the statements, by the ARN."""
        heads: dict[str, Mapping[str, Any]] = vars(self._all).setdefault("heads", {})
        return heads

    def replace(self, statements: list[dict[str, Any]], params: Mapping[str, Any]) -> None:
        """Set the statements. Raises ApiError for a revision that is not the present one."""
        if params.get("RevisionId") not in (None, self.revision):
            raise ApiError("PreconditionFailedException", "The RevisionId is not the latest one.", 412)
        others = [each for each in self._all.statements if each["Resource"] != self.arn]
        self._all.statements = [*others, *({**each, "Resource": self.arn} for each in statements)]
        self._all.revision = str(uuid.uuid4())

    def shown(self) -> dict[str, Any]:
        """Return the policy as Lambda answers it. Raises ApiError if there is none."""
        if not self.statements:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        policy = {**self.heads.get(self.arn, _HEAD), _STATEMENT: self.statements}
        return {"Policy": json.dumps(policy), "RevisionId": self.revision}


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call of OPERATIONS. Raises ApiError."""
    params = exchange.call.params if exchange.call else {}
    return OPERATIONS[exchange.request.operation](_Held(params, exchange), params)


def _get(held: _Held, _: Mapping[str, Any]) -> ApiResponse:
    return json_answer(held.shown(), "json")


def _put(held: _Held, params: Mapping[str, Any]) -> ApiResponse:
    statements = check(params["Policy"], FUNCTION, held.arn)
    held.replace(statements, params)
    held.heads[held.arn] = {key: value for key, value in json.loads(params["Policy"]).items() if key != _STATEMENT}
    return json_answer(held.shown(), "json")


def _delete(held: _Held, params: Mapping[str, Any]) -> ApiResponse:
    held.shown()
    held.replace([], params)
    held.heads.pop(held.arn, None)
    return ApiResponse(204, (), b"")


def _add(held: _Held, params: Mapping[str, Any]) -> ApiResponse:
    sid = params["StatementId"]
    if any(each.get("Sid") == sid for each in held.statements):
        raise ApiError("ResourceConflictException", f"The statement id ({sid}) provided already exists.", 409)
    conditions: dict[str, dict[str, Any]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if name in params:
            value = params[name]
            conditions.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else value
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": _principal(params["Principal"], held.arn),
        "Action": params["Action"],
        "Resource": held.arn,
        **({"Condition": conditions} if conditions else {}),
    }
    held.replace([*held.statements, statement], params)
    body = json.dumps({"Statement": json.dumps(statement)}).encode()
    return ApiResponse(201, (("Content-Type", "application/json"),), body)


def _principal(given: str, arn: str) -> Any:
    if given == "*":
        return given
    if given.isdigit():
        return {"AWS": f"arn:{arn.split(':')[1]}:iam::{given}:root"}
    return {"AWS" if given.startswith("arn:") else "Service": given}


def _remove(held: _Held, params: Mapping[str, Any]) -> ApiResponse:
    left = [each for each in held.statements if each.get("Sid") != params["StatementId"]]
    if len(left) == len(held.statements):
        raise ApiError("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
    held.replace(left, params)
    return ApiResponse(204, (), b"")


OPERATIONS: Final[Mapping[str, Callable[[_Held, Mapping[str, Any]], ApiResponse]]] = {
    "AddPermission": _add,
    "DeleteResourcePolicy": _delete,
    "GetPolicy": _get,
    "GetResourcePolicy": _get,
    "PutResourcePolicy": _put,
    "RemovePermission": _remove,
}
