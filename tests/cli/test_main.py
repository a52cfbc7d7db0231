"""The command line: what a user may type wrong gets one sentence on stderr and a non-zero exit."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

CLOUDMEND = str(Path(sys.executable).parent / "cloudmend")
ROOT = Path(__file__).parents[2]
EVENT = "events/event.json"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
NOWHERE = {**CREDENTIALS, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


def cloudmend(*words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    isolated = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "HOME": "/nonexistent"}
    with TemporaryDirectory() as state:
        isolated["XDG_STATE_HOME"] = state
        return subprocess.run(
            [CLOUDMEND, *words],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", **isolated, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )


def test_it_says_its_version_and_lists_its_commands() -> None:
    assert cloudmend("version").stdout == "cloudmend 0.1.0\n"
    listed = cloudmend("--help").stdout
    assert all(command in listed for command in ("invoke", "undo", "exempt", "records", "local", "demo"))


def test_python_runs_it_where_its_script_is_not_on_the_path() -> None:
    done = subprocess.run([sys.executable, "-m", "cloudmend", "version"], capture_output=True, text=True, check=True)
    assert done.stdout == "cloudmend 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (
            ["-e", "no/such.json"],
            "",
            f"There is no event no/such.json in {ROOT}. The example is {ROOT}/events/event",
        ),
        (["-e", "events"], "", "The event cannot be read ([Errno 21] Is a directory: 'events')."),
        (
            ["-e", "-"],
            "{'single': 1}",
            "The event - is not JSON (Expecting property name enclosed in double",
        ),
        (["-e", "-"], "", "The event - is not JSON"),
        (["-e", "-"], "[]", "The event is a list, not an object."),
        (["-e", "-"], "{}", 'The event has no "detail". Send an EventBridge event'),
        (["-e", "-"], '{"detail": {"eventID": "e-1"}}', 'Event e-1 has no "detail.eventName".'),
        (["-e", EVENT, "--group", "my-group"], "", "names the security group 'my-group', which is not a group id."),
        (["-e", EVENT, "--guarded-ports", "70000"], "", "CLOUDMEND_GUARDED_PORTS (template parameter GuardedPorts)"),
        (["-e", EVENT, "--replacement-ipv4", "10.0.0.0/33"], "", "'10.0.0.0/33' is not a CIDR range"),
        (["-e", EVENT, "--replacement-ipv4", "0.0.0.0/0"], "", "holds 3,702,258,688 public addresses"),
        (["-e", EVENT, "--mode", "repair"], "", "'repair' is not a mode. Write fix"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(words: list[str], stdin: str, said: str) -> None:
    done = cloudmend("invoke", *words, stdin=stdin, **NOWHERE)
    assert done.returncode == 2
    assert done.stderr.startswith("cloudmend: ")
    assert said in done.stderr
    told, *rest = done.stderr.splitlines()
    assert rest == (["cloudmend: The policy was refused; nothing uses it."] if "CLOUDMEND_" in told else [])
    assert not done.stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (CREDENTIALS, "No AWS Region is set. Pass --region, or set AWS_REGION"),
        ({"AWS_REGION": "eu-west-1"}, "There are no AWS credentials. Run `aws configure`"),
        (NOWHERE, "no answer (Could not connect to the endpoint URL"),
    ],
)
def test_an_aws_that_cannot_be_used_is_one_sentence_and_exit_1(environment: dict[str, str], said: str) -> None:
    done = cloudmend("invoke", "-e", EVENT, AWS_MAX_ATTEMPTS="1", **environment)
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_what_nobody_answers_is_told_once_with_how_to_start_the_embedded_aws() -> None:
    told = cloudmend("invoke", "-e", EVENT, AWS_MAX_ATTEMPTS="1", **NOWHERE).stdout
    assert told.count("Could not connect to the endpoint URL") == 1
    assert "Start `cloudmend local --port 9`, or, to use your own AWS account, open a terminal without the" in told


def test_settings_come_from_the_environment_too() -> None:
    done = cloudmend("invoke", "-e", EVENT, CLOUDMEND_MODE="repair", **NOWHERE)
    assert (done.returncode, "'repair' is not a mode" in done.stderr) == (2, True)


def test_an_event_of_a_failed_call_is_ignored_with_the_reason_and_exit_0() -> None:
    event = '{"detail": {"eventName": "AuthorizeSecurityGroupIngress", "errorCode": "Client.UnauthorizedOperation"}}'
    done = cloudmend("invoke", "-e", "-", stdin=event, **NOWHERE)
    assert done.returncode == 0
    assert "ignored, AuthorizeSecurityGroupIngress failed with Client.UnauthorizedOperation" in done.stderr


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cloudmend("local", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"cloudmend: Port {port} cannot be used (Address already in use). "
        "Pass another with --port; --port 0 takes a free one.\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("replay - <&-", 1, "cloudmend: standard input: It is empty."),
        ("invoke -e - <&-", 2, "cloudmend: The event - is not JSON"),
        ("fix --region eu-west-1 <&-", 2, "cloudmend: There is no terminal to ask on."),
        ("version >&-", 0, ""),
        ("policy check nowhere 2>&-", 2, ""),
    ],
)
def test_a_standard_stream_that_is_closed_is_an_empty_one(words: str, code: int, said: str) -> None:
    line = ["/bin/sh", "-c", f"exec {shlex.quote(CLOUDMEND)} {words}"]
    done = subprocess.run(line, cwd=ROOT, env={**NOWHERE}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[: len(said)], "Traceback" in done.stderr) == (code, said, False)
