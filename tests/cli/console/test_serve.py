"""`cloudmend console` as a command: what it prints, whom it lets in, when it opens a browser, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from cli.test_main import CLOUDMEND, NOWHERE, ROOT, cloudmend
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import unheard
from terminal import terminal
from walkthrough.blocks import lines

COMMAND = [CLOUDMEND, "console"]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture
def environment(tmp_path: Path, aws: EmbeddedAws) -> dict[str, str]:
    """A user with a browser that only says where it was sent."""
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "opened $1."\n')
    browser.chmod(0o755)
    return {"PATH": os.environ["PATH"], **aws.environment, "XDG_STATE_HOME": str(tmp_path), "BROWSER": str(browser)}


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Without a terminal."""
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environment, text=True, stdout=pipe, stderr=pipe) as process:
        yield process
        process.kill()  # does nothing where it ended by itself


def address(said: str) -> str:
    (found,) = re.findall(r"^The console is at (\S+)$", said, re.MULTILINE)
    return str(found)


def welcome(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(3))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_ends_cleanly(running: subprocess.Popen[str], ending: int) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}/", address(welcome(running)))
    running.send_signal(ending)
    said, complained = running.communicate(timeout=30)
    assert (said.strip(), complained, running.returncode) == ("Stopping ...", "", 0)


def test_only_this_machine_gets_an_answer_and_the_token_is_not_logged(running: subprocess.Popen[str]) -> None:
    url = address(welcome(running))
    port = int(url.split(":")[2].split("/")[0])
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", port))  # this machine too, so whoever listens everywhere would answer
    with urlopen(url) as page:  # noqa: S310 - our own address
        assert "Nothing but settings is at fault" in page.read().decode()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"http://127.0.0.1:{port}/")
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=30)[1] == ""


def test_an_aws_that_cannot_be_asked_is_told_on_the_page(environment: dict[str, str]) -> None:
    unreachable = {**environment, **NOWHERE, "AWS_MAX_ATTEMPTS": "1"}
    with subprocess.Popen(COMMAND, cwd=ROOT, env=unreachable, text=True, stdout=subprocess.PIPE) as process:
        try:
            with pytest.raises(HTTPError) as refused:
                urlopen(address(welcome(process)))  # noqa: S310 - our own address
            with refused.value as page:
                assert "sts:GetCallerIdentity in eu-west-1: no answer" in page.read().decode()
        finally:
            process.kill()


def test_without_a_terminal_no_browser_is_opened(running: subprocess.Popen[str]) -> None:
    with urlopen(address(welcome(running))):  # noqa: S310 - our own address
        pass
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=30)[0].strip() == "Stopping ..."


def test_before_a_terminal_the_browser_is_sent_there(environment: dict[str, str]) -> None:
    with terminal(COMMAND, ROOT, environment) as screen:
        screen.until("Press Ctrl-C to stop it.")
        screen.until(f"opened {address(screen.said)}.")
        screen.interrupt(signal.SIGINT)
        assert screen.end() == 0


@pytest.mark.parametrize(("words", "settings"), [(["--no-open"], {}), ([], {"BROWSER": "no-such-browser"})])
def test_a_browser_is_never_required(environment: dict[str, str], words: list[str], settings: dict[str, str]) -> None:
    with terminal([*COMMAND, *words], ROOT, {**environment, **settings}) as screen:
        screen.until("Press Ctrl-C to stop it.")
        with urlopen(address(screen.said)):  # noqa: S310 - our own address
            pass
        screen.interrupt(signal.SIGINT)
        assert screen.end() == 0
        assert screen.said.strip().endswith("Stopping ...")
        assert "opened" not in screen.said


def test_the_documented_command_is_the_one_that_starts_it(environment: dict[str, str]) -> None:
    (line,) = lines("docs/console.md", "started, and its address opened")
    command, *words = line.split()
    assert command == "cloudmend"
    with terminal([CLOUDMEND, *words], ROOT, environment) as screen:
        screen.until("Press Ctrl-C to stop it.")
        with urlopen(address(screen.said)) as page:  # noqa: S310 - our own address
            assert "Nothing but settings is at fault" in page.read().decode()


def test_every_option_is_documented() -> None:
    options = set(re.findall(r"--[a-z-]+", cloudmend("console", "--help").stdout)) - {"--help", "--open"}
    rows = re.findall(r"^\| `(--[a-z-]+)`", (ROOT / "docs/console.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert options == set(rows)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = cloudmend("console", "--port", str(taken.getsockname()[1]), **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"cloudmend: Port \d+ cannot be used \(Address already in use\). Pass another", done.stderr)


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--region", "mars/x"], NOWHERE, "'mars/x' is not the name of a Region"),
        (["--policy", "no/such.toml"], NOWHERE, "The policy file no/such.toml cannot be read"),
        ([], {}, "No AWS Region is set."),
    ],
)
def test_what_was_typed_wrong_is_told_before_anything_is_served(
    words: list[str], environment: dict[str, str], said: str
) -> None:
    done = cloudmend("console", *words, **environment)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert done.stdout == ""
