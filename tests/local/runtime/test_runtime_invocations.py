"""What an invocation answers, for all the ways in which a function can end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudmend.local.runtime.function import FunctionError, FunctionRuntime

Deploy = Callable[..., FunctionRuntime]

# Returns the process it runs in; does what the event says on the way.
OBEDIENT = """
import os, signal, sys

def handler(event, context):
    match event.get("do"):
        case "exit": sys.exit(3)
        case "vanish": os._exit(0)
        case "die": os.kill(os.getpid(), signal.SIGKILL)
        case "hang": signal.pause()
        case "recurse": return handler(event, context)
    return os.getpid()
"""


def test_the_handler_gets_the_event_and_its_answer_comes_back(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return {'seen': event}")
    event = {"groupId": "sg-0123456789abcdef0", "süß": [1, None, 2.5]}

    invocation = function.invoke(event)

    assert (invocation.payload, invocation.error) == ({"seen": event}, None)


def test_the_context_says_what_lambda_would_say(deploy: Deploy) -> None:
    function = deploy(
        "def handler(event, context): return [context.aws_request_id, context.function_name,\n"
        "    context.invoked_function_arn, context.memory_limit_in_mb, context.log_group_name,\n"
        "    0 < context.get_remaining_time_in_millis() <= 30_000]"
    )

    invocation = function.invoke({}, request_id="11111111-2222-3333-4444-555555555555")

    arn = "arn:aws:lambda:eu-west-1:111122223333:function:mend"
    assert invocation.request_id == "11111111-2222-3333-4444-555555555555"
    assert invocation.payload == [invocation.request_id, "mend", arn, "256", "/aws/lambda/mend", True]


def test_every_invocation_gets_an_id_of_its_own(deploy: Deploy) -> None:
    function = deploy("def handler(event, context): return context.aws_request_id")

    first, second = function.invoke({}), function.invoke({})

    assert (first.payload, second.payload) == (first.request_id, second.request_id)
    assert first.request_id != second.request_id


def test_a_warm_function_keeps_its_process(deploy: Deploy) -> None:
    function = deploy(OBEDIENT)

    assert function.invoke({}).payload == function.invoke({}).payload


def test_an_exception_is_reported_with_its_stack_and_the_process_lives_on(deploy: Deploy) -> None:
    function = deploy(
        "import os\ndef handler(event, context):\n"
        "    if event: raise LookupError('no such group')\n    return os.getpid()"
    )
    process = function.invoke({}).payload

    failed = function.invoke({"fail": True})

    assert failed.error is not None
    assert (failed.error.type, failed.error.message) == ("LookupError", "no such group")
    assert "in handler" in failed.error.stack_trace[0]
    assert failed.payload["requestId"] == failed.request_id
    assert function.invoke({}).payload == process


def test_a_stack_of_a_thousand_frames_is_reported(deploy: Deploy) -> None:
    error = deploy(OBEDIENT).invoke({"do": "recurse"}).error

    assert error is not None
    assert error.type == "RecursionError"


def test_an_answer_that_json_cannot_say_is_a_marshal_error(deploy: Deploy) -> None:
    error = deploy("def handler(event, context): return {1, 2}").invoke({}).error

    assert error is not None
    assert error.type == "Runtime.MarshalError"
    assert "set is not JSON serializable" in error.message


def test_bytes_come_back_as_they_are(deploy: Deploy) -> None:
    assert deploy("def handler(event, context): return b'\\x89PNG'").invoke({}).payload == b"\x89PNG"


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("import nowhere", "Runtime.ImportModuleError"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("other = 1", "Runtime.HandlerNotFound"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_an_init_that_fails_is_the_answer_to_the_event(deploy: Deploy, source: str, error_type: str) -> None:
    error = deploy(source).invoke({}).error

    assert error is not None
    assert error.type == error_type


def test_after_a_failed_init_the_next_event_starts_anew(deploy: Deploy, archive: Path) -> None:
    function = deploy("import nowhere\ndef handler(event, context): return 'back'")
    assert function.invoke({}).error is not None

    (archive / "nowhere.py").touch()

    assert function.invoke({}).payload == "back"


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        ("exit", "Runtime exited with error: exit status 3"),
        ("vanish", "Runtime exited without providing a reason"),
        ("die", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_in_the_middle_is_an_exit_error(deploy: Deploy, deed: str, sentence: str) -> None:
    function = deploy(OBEDIENT)
    process = function.invoke({}).payload

    ended = function.invoke({"do": deed})

    message = f"RequestId: {ended.request_id} Error: {sentence}"
    assert ended.payload == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert ended.error == FunctionError("Runtime.ExitError", message)
    assert function.invoke({}).payload != process


def test_an_exit_during_init_is_an_exit_error(deploy: Deploy) -> None:
    error = deploy("raise SystemExit(7)").invoke({}).error

    assert error is not None
    assert (error.type, error.message[-13:]) == ("Runtime.ExitError", "exit status 7")


def test_a_function_that_overruns_its_time_is_ended(deploy: Deploy) -> None:
    function = deploy(OBEDIENT, timeout_s=1)
    process = function.invoke({}).payload

    overrun = function.invoke({"do": "hang"})

    message = f"RequestId: {overrun.request_id} Error: Task timed out after 1.00 seconds"
    assert overrun.payload == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert function.invoke({}).payload != process


def test_what_the_function_writes_is_logged_line_by_line(deploy: Deploy, lines: list[str]) -> None:
    function = deploy(
        "import sys\nprint('init')\ndef handler(event, context):\n"
        "    print('mended, süß\\u2028so'); print('warned', file=sys.stderr); print('no end', end='')"
    )

    first, second = function.invoke({}), function.invoke({})

    assert first.log == "init\nmended, süß\u2028so\nwarned\nno end"
    assert second.log == "mended, süß\u2028so\nwarned\nno end"
    assert lines == (first.log + "\n" + second.log).split("\n")


@pytest.mark.parametrize("deed", ["exit", "hang"])
def test_the_last_words_of_a_process_are_logged(deploy: Deploy, lines: list[str], deed: str) -> None:
    function = deploy(OBEDIENT.replace("match", "print('last words')\n    match"), timeout_s=1)

    assert "last words\n" in function.invoke({"do": deed}).log
    assert "last words" in lines


def test_an_error_is_logged_over_several_lines(deploy: Deploy, lines: list[str]) -> None:
    deploy("def handler(event, context): raise LookupError('no such group')").invoke({})

    assert lines[:2] == ["[ERROR] LookupError: no such group", "Traceback (most recent call last):"]
