"""A deployed function, invoked: the way in to this package, and the execution environments that take the events.

An execution environment is a process with its Runtime API.
"""

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Any, Self, TextIO

from cloudmend.local.runtime.api import NextInvocation, Outcome, RuntimeApi
from cloudmend.local.runtime.process import FunctionConfiguration, function_process

_INIT_S = 10.0  # Lambda's limit for the init phase
_TICK_S = 0.05  # how soon an exit or a cancellation is seen


class ExecutionEnvironment:
    """A running process under the runtime client; it takes one event after the other."""

    def __init__(self, api: RuntimeApi, popen: Popen[bytes], output: TextIO) -> None:
        self._api = api
        self._popen = popen
        self._output = output

    @property
    def ended(self) -> bool:
        return self._popen.poll() is not None

    def run(self, invocation: NextInvocation, cancelled: Callable[[], bool]) -> Outcome:
        """Hand the event over and wait for its result; kill the process when `cancelled()`."""
        self._api.offer(invocation)
        offered_at = time.monotonic()
        while (outcome := self._api.serve(_TICK_S)) is None:
            if (code := self._popen.poll()) is not None:
                return _lost(invocation, "Runtime.ExitError", _exit_sentence(code))
            if time.monotonic() > self._deadline(offered_at, invocation.timeout_s):
                return _lost(invocation, "Sandbox.Timedout", _timeout_sentence(invocation.timeout_s))
            if cancelled():
                self._popen.kill()
        return outcome

    def output(self) -> list[str]:
        """The lines that the process has written to stdout and stderr since the last call."""
        return self._output.readlines()

    def _deadline(self, offered_at: float, timeout_s: float) -> float:
        # Lambda cuts an init off at its limit and runs it again on the invocation's time: here it gets
        # both in one go.
        taken_at = self._api.taken_at
        return offered_at + _INIT_S + timeout_s if taken_at is None else taken_at + timeout_s


@contextmanager
def execution_environment(function: FunctionConfiguration) -> Iterator[ExecutionEnvironment]:
    """Starts the function's process; at the end nothing is left of it: no process, port or file."""
    with (
        RuntimeApi() as api,
        function_process(function, api.address) as process,
        process.output.open(encoding="utf-8", errors="replace") as output,
    ):
        yield ExecutionEnvironment(api, process.popen, output)


def _lost(invocation: NextInvocation, error_type: str, sentence: str) -> Outcome:
    """The error document that Lambda writes where the runtime can no longer write one."""
    message = f"RequestId: {invocation.request_id} Error: {sentence}"
    return Outcome({"errorType": error_type, "errorMessage": message}, failed=True, final=True)


def _timeout_sentence(timeout_s: float) -> str:
    return f"Task timed out after {timeout_s:.2f} seconds"


def _exit_sentence(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    if code > 0:
        return f"Runtime exited with error: exit status {code}"
    return f"Runtime exited with error: signal: {(signal.strsignal(-code) or str(-code)).lower()}"


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
    """A deployed function: a process, started when first invoked, that gets one event at a time.

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
