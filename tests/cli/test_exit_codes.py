"""One table of exit codes for all commands, and one sentence for what a person's own settings get wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cloudmend.cli import main as cli
from cloudmend.cli.help import BAD_INPUT, MEANINGS
from cloudmend.cli.main import app
from cloudmend.cli.scan.report import Report, UnreadableUnit
from cloudmend.core.errors import InputError
from docs_blocks.commands import each_command

GROUP = "sg-05fe30eb67c909f27"
# Each needs AWS for its first answer.
COMMANDS = (
    ["scan"],
    ["scan", "--region", "us-east-1"],
    ["explain", GROUP],
    ["fix", "--yes"],
    ["records", "--ledger", "TABLE"],
    ["exempt", "list", "--ledger", "TABLE"],
    ["exempt", "add", "--group", GROUP, "--for", "2h", "--reason", "a test"],
    ["undo", "01M865NCC0BPFHRBKTPD08TVGN", "--for", "2h", "--reason", "a test"],
    ["invoke", "-e", "events/event.json", "--stack-name", "cloudmend"],
    ["console", "--no-open"],
)


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "CLOUDMEND_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[object, str]:
    """The exit code of a whole run, and the last line that a person sees."""
    monkeypatch.setattr(sys, "argv", ["cloudmend", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    shown = capsys.readouterr()
    return stop.value.code, (shown.err or shown.out).strip().splitlines()[-1]


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_PROFILE", "no-such-profile", "no-such-profile"),
        ("AWS_ENDPOINT_URL", "no-address", "no-address"),
        ("AWS_REGION", "no region", "'no region' is not the name of a Region"),
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    name: str,
    value: str,
    told: str,
) -> None:
    if name != "AWS_REGION":
        monkeypatch.setenv("AWS_REGION", "us-east-1")
    elif "--region" in words:
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv(name, value)
    if name == "AWS_PROFILE":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    code, line = ended(monkeypatch, capsys, words)
    assert code == BAD_INPUT
    assert line.startswith("cloudmend: ")
    assert told in line


@pytest.mark.usefixtures("nothing_set")
def test_no_credentials_are_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    code, line = ended(monkeypatch, capsys, ["explain", GROUP])
    assert (code, "There are no AWS credentials" in line) == (1, True)


@pytest.mark.parametrize("text", ["", "None", "{", "[1, 2"])
def test_what_is_no_event_on_stdin_is_one_sentence(text: str) -> None:
    answer = CliRunner().invoke(app, ["invoke", "-e", "-"], input=text)
    assert isinstance(answer.exception, Exception)
    assert "JSON" in str(answer.exception)


def test_every_command_has_h_for_its_help() -> None:
    for context in each_command():
        words = [*context.command_path.split()[1:], "-h"]
        assert CliRunner().invoke(app, words).exit_code == 0


def test_the_version_is_an_option_too() -> None:
    as_option, as_command = CliRunner().invoke(app, ["--version"]), CliRunner().invoke(app, ["version"])
    assert (as_option.exit_code, as_option.output) == (0, as_command.output)


def test_no_command_has_a_table_of_its_own() -> None:
    assert [context.command_path for context in each_command() if "Exit codes:" in str(context.command.help)] == []
    assert sorted(MEANINGS) == [0, 1, 2, 3, 4]


def test_what_a_person_types_is_called_by_words_and_not_by_types() -> None:
    for context in each_command():
        help_text = CliRunner().invoke(app, [*context.command_path.split()[1:], "-h"], terminal_width=120).output
        typed = re.findall(r"^  (?:-\w, )?--?[\w-]+ (<[^>]+>)|^  \w+ (<[^>]+>)|\{([a-z_]+)\}", help_text, re.MULTILINE)
        assert [name for names in typed for name in names if name and "|" not in name] == [], context.command_path


def test_the_first_line_of_a_scan_is_no_all_clear_if_something_was_not_read() -> None:
    unread = UnreadableUnit(region="eu-west-3", control="sqs_policy_public", error="denied")
    report = Report(
        controls=("a", "sqs_policy_public"),
        regions=("eu-west-3",),
        looks=2,
        rows=(),
        clear={"a": "no port is open"},
        unread=(unread,),
    )
    assert report.summary.startswith("1 of 2 looks, each at one control in one Region, could not be finished.")
    assert "nothing is known" in msgspec.structs.replace(report, clear={}).summary


def test_a_process_that_fails_says_one_line_and_no_traceback(tmp_path: Path) -> None:
    """What only a process shows: the entry point itself, as it is installed."""
    command = Path(sys.executable).with_name("cloudmend")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_PROFILE": "no-such-profile"}
    run = subprocess.run([command, "scan"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (BAD_INPUT, "", 1)


def test_settings_raise_an_error_of_what_was_typed() -> None:
    from cloudmend.aws.errors import readable_settings

    with pytest.raises(InputError, match="AWS_PROFILE"), readable_settings():
        raise ValueError("Invalid endpoint: no-address")


@pytest.mark.parametrize("words", [["records", "--resource", "sg typo"], ["exempt", "add", "--resource", "a;b"]])
def test_what_is_no_id_of_a_resource_is_said_to_be_none(words: list[str]) -> None:
    more = ["--for", "2h", "--reason", "a test"] if words[0] == "exempt" else []
    answer = CliRunner().invoke(app, [*words, *more])
    told = answer.output + str(answer.exception)
    assert answer.exit_code != 0
    assert f"{words[-1]!r} is no id or ARN of what a control watches" in told
