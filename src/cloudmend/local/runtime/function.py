"""A deployed function, invoked: the way in to this package."""

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from cloudmend.local.runtime.api import NextInvocation, Outcome
from cloudmend.local.runtime.environment import ExecutionEnvironment, execution_environment
from cloudmend.local.runtime.process import FunctionConfiguration


@dataclass(frozen=True)
class FunctionError:
    """Lambda's error document: an exception of the function, or what became of its runtime.

    `type` is the exception's class name, or one of Lambda's: Runtime.ImportModuleError, Runtime.ExitError,
    Runtime.MarshalError, Sandbox.Timedout and others.
    """

    type: str
    message: str
    stack_trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invocation:
    """The result of one event.

    `payload` is as Lambda's Invoke answers it: what the handler returned, or the error document that
    `error` is read from. `log` is all that the process wrote since the invocation before.
    """

    request_id: str
    payload: Any
    error: FunctionError | None
    log: str


class FunctionRuntime:
    """One deployed function: one process, started when first invoked, one event at a time.

    After a time-out, an exit or a failed init the next invocation starts a new process. `log` gets every
    line that the function writes, when its invocation ends.
    """

    def __init__(self, function: FunctionConfiguration, log: Callable[[str], None]) -> None:
        self._function = function
        self._log = log
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._environment: ExecutionEnvironment | None = None
        self._stop = ExitStack()

    def invoke(self, event: Mapping[str, Any], *, request_id: str | None = None) -> Invocation:
        """Run the handler on `event`, which must be JSON; what the function does wrong is in the result.

        Raises RuntimeError after `close`, OSError when no process can be started.
        """
        invocation = NextInvocation(
            request_id=request_id or str(uuid.uuid4()),
            function_arn=self._function.arn,
            timeout_s=self._function.timeout_s,
            event=json.dumps(event).encode(),
        )
        with self._lock:
            outcome, lines = self._run(invocation)
        for line in lines:
            self._log(line.removesuffix("\n"))
        return Invocation(invocation.request_id, outcome.payload, _error(outcome), "".join(lines))

    def close(self) -> None:
        """End the process, in the middle of an invocation too; nothing of it is left."""
        self._closed.set()
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _run(self, invocation: NextInvocation) -> tuple[Outcome, list[str]]:
        environment = self._started()
        reusable = False
        try:
            outcome = environment.run(invocation, self._closed.is_set)
            reusable = not outcome.final
            return outcome, environment.output()
        finally:
            if not reusable:
                self._end()

    def _started(self) -> ExecutionEnvironment:
        if self._closed.is_set():
            raise RuntimeError(f"function {self._function.name} is closed: it takes no more events")
        if self._environment is not None and self._environment.ended:
            self._end()
        if self._environment is None:
            self._environment = self._stop.enter_context(execution_environment(self._function))
        return self._environment

    def _end(self) -> None:
        self._environment = None
        self._stop.close()


def _error(outcome: Outcome) -> FunctionError | None:
    if not outcome.failed:
        return None
    document = outcome.payload
    return FunctionError(
        type=document["errorType"],
        message=document["errorMessage"],
        stack_trace=tuple(document.get("stackTrace", ())),
    )
