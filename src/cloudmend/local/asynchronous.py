"""Lambda's asynchronous invocation: the first try, two more, then the failure destination.

Lambda waits a minute before the second try and two before the third; here a minute lasts MINUTE_S. It sends to the
destination with the function's role: the record of a failure is lost if the role may not send there.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudmend.local import queues
from cloudmend.local.clock import CLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.functions import Functions
    from cloudmend.local.runtime.function import Invocation

MINUTE_S = 0.05


@dataclass(frozen=True, slots=True)
class AsynchronousRun:
    """The tries of one event. `destination` is the ARN where Lambda's record of the failure went, if it failed."""

    invocations: tuple[Invocation, ...]
    succeeded: bool
    destination: str | None = None


def run_asynchronously(functions: Functions, function: LambdaFunction, event: Any) -> AsynchronousRun:
    """Invoke until it succeeds or the tries are used up; block for the delays."""
    settings = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    request_id = str(uuid.uuid4())
    tries = 0 if function.reserved_concurrency == 0 else 1 + int(settings.get("MaximumRetryAttempts", 2))
    invocations: list[Invocation] = []
    for attempt in range(tries):
        time.sleep(attempt * MINUTE_S)
        invocations.append(functions.invoke(function, event, request_id))
        if invocations[-1].error is None:
            return AsynchronousRun(tuple(invocations), succeeded=True)
    destination = _destination(settings)
    if destination is not None and not functions.acts(function, "sqs", "SendMessage", queues.named(destination)):
        destination = None
    if destination is not None:
        queues.send(destination, _failure_record(function, request_id, event, invocations))
    return AsynchronousRun(tuple(invocations), succeeded=False, destination=destination)


def _destination(settings: Mapping[str, Any]) -> str | None:
    """The failure destination if it is a queue that exists; there is no other kind here."""
    destination: str = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    return None if queues.find_queue(destination) is None else destination


def _failure_record(
    function: LambdaFunction,
    request_id: str,
    event: Any,
    invocations: list[Invocation],
) -> Mapping[str, Any]:
    """The record as Lambda writes it: docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": CLOCK.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted" if invocations else "ZeroReservedConcurrency",
            "approximateInvokeCount": len(invocations),
        },
        "requestPayload": event,
    }
    return {**record, **(_response(invocations[-1]) if invocations else {})}


def _response(invocation: Invocation) -> Mapping[str, Any]:
    context = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    return {"responseContext": context, "responsePayload": invocation.payload}
