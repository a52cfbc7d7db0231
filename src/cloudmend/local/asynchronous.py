"""Lambda's asynchronous invocation, the first try, two more, then the failure destination; and the threads of all jobs.

Lambda waits a minute before the second try and two before the third; here a minute lasts MINUTE_S. The role's right to
send to the destination is not looked at. A worker takes one job after the other.
"""

from __future__ import annotations

import heapq
import time
import uuid
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from cloudmend.local import queues

if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], object]
    from collections.abc import Mapping

    from moto.awslambda.models import LambdaFunction

    from cloudmend.local.functions import Functions
    from cloudmend.local.runtime.function import Invocation


MINUTE_S = 0.05


class Worker:
    """Starts jobs in order, as many at once as there are threads.

    A job may submit further ones: it counts as pending until they are queued. One that is to start later is pending
    from then on.
    """

    def __init__(self, threads: int = 1) -> None:
        self._jobs: deque[Job | None] = deque()
        self._later: list[tuple[float, int, Job]] = []  # a heap, by time
        self._numbers = count()
        self._pending = 0
        self._errors: list[Exception] = []
        self._changed = Condition()
        self._threads = [Thread(target=self._run, name="cloudmend-worker", daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queues a job and returns at once."""
        with self._changed:
            self._pending += 1
            self._jobs.append(job)
            self._changed.notify_all()

    def submit_later(self, job: Job, delay_s: float) -> None:
        """Queues a job when so much time has passed."""
        with self._changed:
            heapq.heappush(self._later, (time.monotonic() + delay_s, next(self._numbers), job))
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> None:
        """Return when nothing is pending. Raises TimeoutError, or the error of a job that failed since."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._pending, timeout_s):
                raise TimeoutError(f"{self._pending} deliveries still pending after {timeout_s:g} s")
            errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Drops what is queued, waits for the jobs at work, ends the threads."""
        with self._changed:
            self._jobs.clear()
            self._later.clear()
            self._jobs.extend([None] * len(self._threads))
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception as error:  # noqa: BLE001 the boundary of the thread: `settle` raises it
                self._errors.append(error)
            self._done()

    def _next(self) -> Job | None:
        with self._changed:
            while not self._jobs:
                self._changed.wait(self._queue_what_is_due())
            return self._jobs.popleft()

    def _queue_what_is_due(self) -> float | None:
        """In how many seconds the next is due; None where there is none."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._pending += 1
            self._jobs.append(heapq.heappop(self._later)[-1])
        if self._jobs:
            return 0
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else None

    def _done(self) -> None:
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()


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
    if destination is not None:
        queues.send(destination, _failure_record(function, request_id, event, invocations))
        functions.acted(function, "sqs", "SendMessage")
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
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
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
