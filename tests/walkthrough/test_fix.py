"""docs/fix.md against the embedded AWS: its commands run, at a terminal too, and what they print takes it back.

What the page and the README show of a run is what is printed.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from walkthrough.blocks import blocks, lines
from walkthrough.conftest import REGION, ROOT, run

PAGE = (ROOT / "docs" / "fix.md").read_text(encoding="utf-8")
ASKING, SILENT = lines("docs/fix.md", "run each line")
WORLD = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def environment(aws_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A user with a home folder of their own, and so a ledger."""
    return {**aws_environment, "HOME": str(tmp_path)}


@pytest.fixture
def open_group(ec2: Any, group_id: str) -> str:
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[WORLD])
    return group_id


def sources(ec2: Any, group_id: str) -> list[str]:
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return [each["CidrIp"] for permission in group["IpPermissions"] for each in permission["IpRanges"]]


def at_a_terminal(line: str, environment: dict[str, str], typed: str) -> tuple[int, str]:
    """The exit code, and what the terminal showed."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (40, 120))
    with subprocess.Popen(line.split(), cwd=ROOT, env=environment, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        os.write(ours, typed.encode())
        shown = b""
        with suppress(OSError):  # Linux's way to say that the other end was closed
            while part := os.read(ours, 1 << 16):
                shown += part
        os.close(ours)
    return process.returncode, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())


def test_who_goes_away_instead_of_answering_is_told_so_on_a_line_of_its_own(
    ec2: Any, open_group: str, environment: dict[str, str]
) -> None:
    status, shown = at_a_terminal(ASKING.replace("GROUP_ID", open_group), environment, "\x04")
    assert (status, sources(ec2, open_group)) == (3, ["0.0.0.0/0"])
    assert shown.splitlines()[-1] == "Nothing was changed."


def test_at_a_terminal_it_asks_and_the_command_that_it_prints_takes_it_back(
    ec2: Any, open_group: str, environment: dict[str, str]
) -> None:
    line = ASKING.replace("GROUP_ID", open_group)
    status, shown = at_a_terminal(line, environment, "n\n")
    assert (status, sources(ec2, open_group)) == (3, ["0.0.0.0/0"])
    assert "Make 1 change to 1 security group? [y/N]:" in shown
    assert not Path(environment["HOME"], ".local").exists()
    status, shown = at_a_terminal(line, environment, "y\n")
    assert (status, sources(ec2, open_group)) == (0, ["10.0.0.0/8"])
    (undo,) = re.findall(r"^  (cloudmend undo (?:[^\n]*\\\n)*[^\n]*)$", shown.replace("\r", ""), re.MULTILINE)
    run(["bash", "-c", undo], environment)
    assert sources(ec2, open_group) == ["0.0.0.0/0"]
    done = run(line.split(), environment, status=2)
    assert "There is no terminal to ask on." in done.stderr


@pytest.mark.parametrize(
    ("page", "mark"), [("README.md", "answered with y"), ("docs/fix.md", "run each line")], ids=["readme", "fix"]
)
def test_what_a_page_shows_of_a_run_is_printed(
    open_group: str, environment: dict[str, str], page: str, mark: str
) -> None:
    (block,) = blocks(page, mark)
    line = block.commands.splitlines()[0].replace("GROUP_ID", open_group)
    printed = comparable(at_a_terminal(line, environment, "y\n")[1])
    shown = [comparable(each).removesuffix(" y") for each in block.shown.splitlines() if each]
    assert len(shown) >= 8
    assert not [each for each in shown if each not in printed]


def comparable(text: str) -> str:
    """The text without what each run chooses: ids, and the name of the group."""
    text = re.sub(r"\((?:testing|web-prod)\)", "(NAME)", text)
    return re.sub(r"\b(sg|sgr|vpc)-[0-9a-f]{17}\b|\b[0-9A-Z]{26}\b", r"\1-ID", text)


def test_without_a_question_a_program_reads_what_was_done(
    ec2: Any, open_group: str, environment: dict[str, str]
) -> None:
    told = silently(environment)
    assert open_group in [record["resource"]["id"] for record in told["records"]]
    assert sources(ec2, open_group) == ["10.0.0.0/8"]
    assert silently(environment)["plan"] == []


def silently(environment: dict[str, str]) -> Any:
    """What the page's command prints: 1 where others left something open in this account that is only reported."""
    done = subprocess.run(SILENT.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert done.returncode == bool(told["left"] or told["unread"]), done.stdout + done.stderr
    return told


def test_what_the_policy_only_reports_is_1(open_group: str, environment: dict[str, str], tmp_path: Path) -> None:
    observing = tmp_path / "policy.toml"
    observing.write_text("mode.default = 'observe'\n")
    words = ["cloudmend", "fix", "--region", REGION, "--resource", open_group, "--policy", str(observing), "--yes"]
    assert "is only reported (mode.default is observe)" in run(words, environment, status=1).stdout


def test_the_exit_codes_of_the_page_are_those_that_are_tested() -> None:
    assert re.findall(r"^\| `(\d)` \|", PAGE, re.MULTILINE) == ["0", "1", "2", "3"]
