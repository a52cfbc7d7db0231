"""The process behind a function: when it starts, and that nothing of it is left at the end."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloudmend.local.runtime.function import FunctionRuntime
from cloudmend.local.runtime.process import FunctionConfiguration

Deploy = Callable[..., FunctionRuntime]

DEADLINE_S = 30

# Says where it lives. `child` starts a process that holds a pipe open; `stay`, after a sign of life, waits
# for a signal that does not come.
RESIDENT = """
import os, pathlib, signal, subprocess

def handler(event, context):
    if "child" in event:
        with open(event["child"], "w") as pipe:
            return subprocess.Popen(["sleep", "1000"], stdout=pipe).pid
    if "stay" in event:
        pathlib.Path(event["stay"]).touch()
        signal.pause()
    return [os.getpid(), os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ["HOME"]]
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(process: int) -> bool:
    """Whether the process is there; one of ours that nobody has waited for counts too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def interruptible() -> Iterator[int]:
    """The main thread, where SIGUSR1 now does what Ctrl-C does."""
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    yield threading.main_thread().ident or 0
    signal.signal(signal.SIGUSR1, before)


def test_nothing_starts_before_the_first_event(deploy: Deploy, archive: Path) -> None:
    function = deploy("import pathlib\npathlib.Path('started').touch()\ndef handler(event, context): return 1")
    assert not (archive / "started").exists()

    function.invoke({})

    assert (archive / "started").exists()


def test_nothing_is_left_after_close(deploy: Deploy) -> None:
    threads = threading.active_count()
    function = deploy(RESIDENT)
    process, address, home = function.invoke({}).payload

    function.close()

    assert not runs(process)
    assert not Path(home).parent.exists()
    assert threading.active_count() == threads
    host, port = address.split(":")
    with socket.socket() as client:
        assert client.connect_ex((host, int(port))) != 0


def test_what_the_function_started_ends_with_it(deploy: Deploy, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with os.fdopen(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        function = deploy(RESIDENT)
        function.invoke({"child": str(tmp_path / "pipe")})
        assert pipe.read(1) is None  # somebody could still write

        function.close()

        wait_until(lambda: pipe.read(1) == b"")


def test_close_ends_an_invocation_that_is_under_way(deploy: Deploy, tmp_path: Path) -> None:
    function = deploy(RESIDENT, timeout_s=600)
    with ThreadPoolExecutor() as pool:
        invocation = pool.submit(function.invoke, {"stay": str(tmp_path / "alive")})
        wait_until((tmp_path / "alive").exists)

        function.close()

        error = invocation.result(DEADLINE_S).error
    assert error is not None
    assert (error.type, error.message[-14:]) == ("Runtime.ExitError", "signal: killed")


def test_a_closed_function_takes_no_more_events(deploy: Deploy) -> None:
    function = deploy(RESIDENT)
    function.close()
    function.close()

    with pytest.raises(RuntimeError, match="function mend is closed"):
        function.invoke({})


def test_ctrl_c_in_the_terminal_does_not_reach_the_function(deploy: Deploy) -> None:
    process = deploy(RESIDENT).invoke({}).payload[0]

    assert os.getsid(process) == process != os.getsid(0)


def test_a_process_that_died_between_events_is_replaced(deploy: Deploy) -> None:
    function = deploy(RESIDENT)
    process = function.invoke({}).payload[0]
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)

    assert function.invoke({}).payload[0] != process


def test_an_event_from_another_thread_waits_its_turn(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return event['n']")

    with ThreadPoolExecutor(8) as pool:
        invocations = list(pool.map(lambda n: function.invoke({"n": n}), range(40)))

    assert [invocation.payload for invocation in invocations] == list(range(40))


def test_an_invocation_that_is_interrupted_leaves_no_half_used_process(
    deploy: Deploy, tmp_path: Path, interruptible: int
) -> None:
    function = deploy(RESIDENT, timeout_s=600)
    process = function.invoke({}).payload[0]
    alive = tmp_path / "alive"

    def interrupt_when_alive() -> None:
        wait_until(alive.exists)
        signal.pthread_kill(interruptible, signal.SIGUSR1)

    with ThreadPoolExecutor() as pool:
        pool.submit(interrupt_when_alive)
        with pytest.raises(KeyboardInterrupt):
            function.invoke({"stay": str(alive)})

    assert not runs(process)
    assert function.invoke({}).payload[0] != process


def test_an_archive_that_is_not_there_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    function = FunctionConfiguration("mend", "arn", tmp_path / "none", "app.handler", {}, 3, 128, "eu-west-1")

    with FunctionRuntime(function, print) as runtime, pytest.raises(FileNotFoundError):
        runtime.invoke({})
