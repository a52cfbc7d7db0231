"""docs/tutorial.md: its commands run, in its order, on the embedded AWS; and what it shows is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from walkthrough.blocks import blocks
from walkthrough.deployed import Deployed, an_account
from walkthrough.shell import Shell
from walkthrough.walkthrough import MENDED, comparable

PAGE = "docs/tutorial.md"


def test_the_part_on_your_machine(aws_environment: dict[str, str], tmp_path: Path) -> None:
    shell = Shell({**aws_environment, "HOME": str(tmp_path)}, tmp_path)
    _, looked, mended, again, _, taken_back, closed = [shell.type(block) for block in blocks(PAGE, "tutorial")]
    assert " web " in looked
    assert mended.startswith("mended ")
    assert again.startswith("clean ")
    assert "Nothing was changed.\nundone " in taken_back
    assert "\nexempt " in taken_back
    assert "\nmended " in closed


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Deployed]:
    with an_account(tmp_path) as account:
        yield account


def test_the_part_in_your_account(account: Deployed, tmp_path: Path) -> None:
    shell = Shell(account.environment, tmp_path, {"BUCKET": "cloudmend-packages", "REGION": "us-east-1"})
    scan, check, deploy, doctor, opened, log, fix, sweep, look = blocks(PAGE, "tutorial, account")
    assert "no guarded port (tcp/22, tcp/3389, udp/3389) is open to more than" in shell.type(scan)
    shell.type(check)
    shell.type(deploy)
    assert "broken" not in shell.type(doctor)
    shell.type(opened)
    account.settle()
    assert "would have narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8" in shell.type(log)
    table = account.resource("LedgerTable")
    shell.type(fix)
    assert account.resource("LedgerTable") == table
    assert account.parameters()["NoticeEmail"] == "you@example.com"  # not given again, and kept
    shell.type(sweep)
    account.settle()
    described = json.JSONDecoder().raw_decode(shell.type(look))[0]
    assert comparable(json.dumps(described)) == {**MENDED, "GroupName": "cloudmend-trial", "Description": "trial"}
