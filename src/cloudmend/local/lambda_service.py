"""Lambda's part of the front: an invocation runs the function; all else about functions is moto's."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cloudmend.core.partitions import partition_of
from cloudmend.local import function_policies
from cloudmend.local.asynchronous import run_asynchronously
from cloudmend.local.functions import NOT_ASSUMED, PRINCIPAL, Functions, find_function
from cloudmend.local.iam.enforce import can_assume
from cloudmend.local.messages import ApiError, ApiResponse
from cloudmend.local.runtime.process import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.front import Exchange
    from cloudmend.local.runtime.function import Invocation
    from cloudmend.local.worker import Worker

_LOG_TAIL_BYTES = 4096
# The operations that say what a function runs on.
_DEFINING = frozenset({"CreateFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"})


class LambdaService:
    """Answers Invoke in place of moto, which would start a container."""

    def __init__(self, functions: Functions, worker: Worker) -> None:
        self._functions = functions
        self._worker = worker
        self._invocations: Mapping[str, Callable[[LambdaFunction, Any, Exchange], ApiResponse]] = {
            "RequestResponse": self._wait,
            "Event": self._queue,
            "DryRun": lambda *_: ApiResponse(204, (), b""),
        }

    def __call__(self, exchange: Exchange) -> ApiResponse:
        if exchange.request.operation == "Invoke":
            return self._invoke(exchange)
        if exchange.request.operation in function_policies.OPERATIONS:
            return function_policies.answer(exchange)
        if exchange.request.operation.startswith("Invoke"):
            raise ApiError("InvalidRequestContentException", f"{exchange.request.operation} is not available here")
        if exchange.request.operation in _DEFINING:
            _refuse_what_cannot_run(exchange)
        response = exchange.forward()
        self._functions.prune()
        return response

    def _invoke(self, exchange: Exchange) -> ApiResponse:
        function = _invoked(exchange)
        kind = exchange.request.headers.get("x-amz-invocation-type", "RequestResponse")
        return self._invocations[kind](function, _payload(exchange.request.body), exchange)

    def _wait(self, function: LambdaFunction, event: Any, exchange: Exchange) -> ApiResponse:
        if function.reserved_concurrency == 0:
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", 429)
        invocation = self._functions.invoke(function, event)
        wants_log = exchange.request.headers.get("x-amz-log-type") == "Tail"
        return _answer(invocation, wants_log=wants_log)

    def _queue(self, function: LambdaFunction, event: Any, _: Exchange) -> ApiResponse:
        self._worker.submit(lambda: run_asynchronously(self._functions, function, event))
        return ApiResponse(202, (), b"")


def _refuse_what_cannot_run(exchange: Exchange) -> None:
    """Raises ApiError for a function that would fail at every event. What an update does not name stays as it is."""
    asked = _payload(exchange.request.body)
    name = asked.get("FunctionName") or unquote(exchange.request.path).split("/")[3]
    now = find_function(name, exchange.principal.account, exchange.request.region)
    runtime = asked.get("Runtime", now.run_time if now else None)
    architectures = asked.get("Architectures", now.architectures if now else None)
    if reason := refusal(name, runtime, architectures):
        raise ApiError("InvalidParameterValueException", reason)
    if "Role" in asked and not can_assume(PRINCIPAL, asked["Role"]):
        raise ApiError("InvalidParameterValueException", NOT_ASSUMED)


def _invoked(exchange: Exchange) -> LambdaFunction:
    name = unquote(exchange.request.path).split("/")[3]
    account, region = exchange.principal.account, exchange.request.region
    function = find_function(name, account, region)
    if function is None:
        partition = partition_of(region).id
        arn = name if name.startswith("arn:") else f"arn:{partition}:lambda:{region}:{account}:function:{name}"
        raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return function


def _payload(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ApiError("InvalidRequestContentException", message) from error


def _answer(invocation: Invocation, *, wants_log: bool) -> ApiResponse:
    headers = [
        ("Content-Type", "application/json"),
        ("X-Amzn-RequestId", invocation.request_id),
        ("X-Amz-Executed-Version", "$LATEST"),
    ]
    if invocation.error is not None:
        headers.append(("X-Amz-Function-Error", "Unhandled"))
    if wants_log:
        tail = invocation.log.encode()[-_LOG_TAIL_BYTES:]
        headers.append(("X-Amz-Log-Result", base64.b64encode(tail).decode()))
    return ApiResponse(200, tuple(headers), json.dumps(invocation.payload).encode())
