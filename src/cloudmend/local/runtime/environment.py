"""One execution environment: a process and its Runtime API, and what becomes of an event there."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import TextIO

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
