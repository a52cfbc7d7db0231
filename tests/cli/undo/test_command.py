"""undo, exempt and records on the command line, where they cannot do what was typed: a sentence, and nothing done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.test_main import NOWHERE, cloudmend

ENTRY = "01M865NCC0BPFHRBKTPD08TVGN"
UNDO = ["undo", ENTRY, "--reason", "No VPN yet", "--for"]
ADD = ["exempt", "add", "--group", "sg-05fe30eb67c909f27", "--reason", "No VPN yet", "--for"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*UNDO, "soon"], "'soon' is not a duration. Write minutes, hours or days, such as 30m, 2h or 3d."),
        ([*ADD, "2w"], "'2w' is not a duration."),
        (["records", "--since", "-1h"], "'-1h' is not a duration."),
        (["records", "--export", "no/such/folder"], "The records cannot be written to no/such/folder ([Errno 2]"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(words: list[str], said: str) -> None:
    done = cloudmend(*words, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"cloudmend: {said}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*UNDO, "2h"], "sts:GetCallerIdentity in eu-west-1: no answer"),
        ([*ADD, "2h"], "sts:GetCallerIdentity in eu-west-1: no answer"),
        (["exempt", "list", "--ledger", "cloudmend-ledger"], "dynamodb:Query in eu-west-1: no answer"),
        (["records", "--ledger", "cloudmend-ledger"], "dynamodb:Query in eu-west-1: no answer"),
        (["exempt", "remove", "exempt-1a2b3c4d"], "There is no exemption exempt-1a2b3c4d in /"),
    ],
)
def test_what_cannot_be_reached_or_found_is_one_sentence_and_exit_1(words: list[str], said: str) -> None:
    done = cloudmend(*words, AWS_MAX_ATTEMPTS="1", **NOWHERE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"cloudmend: {said}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["records"], ["records", "--json"], ["records", "--since", "9999d"], ["exempt", "list"]]
)
def test_where_no_ledger_is_a_look_needs_neither_region_nor_credentials_and_says_where_it_looked(
    words: list[str], tmp_path: Path
) -> None:
    done = cloudmend(*words, XDG_STATE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert f" in {tmp_path}/cloudmend, which holds no ledger yet. A stack has a table of its own: pass" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_ledgers_are_in_the_home_folder_where_no_absolute_state_folder_is_named(tmp_path: Path) -> None:
    done = cloudmend("records", HOME=str(tmp_path), XDG_STATE_HOME="relative")
    assert f"{tmp_path}/.local/state/cloudmend, " in done.stderr


def test_a_state_folder_that_cannot_be_used_is_one_sentence_and_exit_1() -> None:
    done = cloudmend("records", XDG_STATE_HOME=os.devnull)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cloudmend: The ledgers in {os.devnull}/cloudmend cannot be read: [Errno 20]")
