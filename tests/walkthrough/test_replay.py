"""docs/replay.md: its commands run, and its numbers are those of the code."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from cli.replay.records import FORMS, GROUP, closed, noise, opened
from cli.test_main import CLOUDMEND
from cloudmend.cli.replay import table
from cloudmend.cli.replay.summary import LEFT_OPEN, REOPENED
from cloudmend.disk.policy_file import PACKAGED
from walkthrough.blocks import ROOT, lines

PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_tell_of_a_door(tmp_path: Path) -> None:
    (tmp_path / "trail").mkdir()
    (tmp_path / "trail" / "1.json.gz").write_bytes(FORMS["trail.json.gz"]([noise(0), opened(1), closed(3)]))
    shutil.copy(PACKAGED, tmp_path)
    shown, as_json = (
        subprocess.run([CLOUDMEND, *line.split()[1:]], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for line in lines("docs/replay.md", "run each line")
    )
    assert GROUP in shown
    assert "stood open for 2 minutes, closed by" in shown
    door, summary = map(json.loads, as_json.splitlines())
    assert (door["kind"], door["seconds_open"], summary["kind"], summary["findings"]) == ("finding", 120, "summary", 1)


def test_what_it_says_of_suggestions_is_what_the_code_does() -> None:
    assert (3, timedelta(days=7)) == (REOPENED, LEFT_OPEN)
    assert "opened three times or more, or was left open for seven days or longer" in " ".join(PAGE.split())


def test_what_it_says_of_how_much_is_shown_is_what_the_code_does() -> None:
    assert (table.ASKED, table.SHOWN) == (5, 10)
    assert "the five who have most findings that are still open" in " ".join(PAGE.split())
    assert "the ten that stood open longest" in PAGE
    assert "exemptions to think about, ten at most" in PAGE
