"""What `cloudmend replay` shows people, and its exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cloudmend.entry.replaying import replay, table
from entry.replay.records import BOB, FORMS, ROBOT, ROLE, closed, opened
from entry.test_cli import CLOUDMEND, cloudmend
from support import policy


def test_the_table_says_what_it_comes_to_first_and_shows_hostile_names_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record for n in range(3) for record in (opened(n * 10, who=ROBOT), closed(n * 10 + 5, who=BOB))]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    assert replay([str(tmp_path)], policy(), as_json=False) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "6 records in 1 file, which change security groups from 2026-11-24 07:00 to 2026-11-24 07:25 UTC.\n"
    )
    assert "6 calls changed security groups or prefix lists, and opened 3 doors to the world." in shown
    assert "Half of those that somebody closed stood open for 5 minutes or less." in shown
    assert f"# tcp/22 from 0.0.0.0/0: opened 3 times\n# by {ROLE}\n[[exemption]]\n" in shown
    assert "[red]" in shown
    assert "\x1b" not in shown


def test_the_table_shows_the_doors_that_stood_open_longest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "SHOWN", 2)
    records = [opened(n, group=f"sg-{n:017x}") for n in (3, 1, 2)]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    replay([str(tmp_path)], policy(), as_json=False)
    shown = capsys.readouterr().out
    assert "The 2 that stood open longest; --json tells all 3." in shown
    assert shown.index("sg-00000000000000001") < shown.index("sg-00000000000000002")
    assert "sg-00000000000000003" not in shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3601, "1 hour"),
        (90_061, "1 day 1 hour"),
        (1_000_000, "11 days 13 hours"),
    ],
)
def test_a_duration_is_told_in_the_two_largest_units(seconds: int, said: str) -> None:
    assert table.duration(seconds) == said


def test_the_command_reads_standard_input(tmp_path: Path) -> None:
    content = FORMS["two.json.gz"]([opened(0), closed(1)])
    done = subprocess.run([CLOUDMEND, "replay", "-", "--json"], input=content, capture_output=True, check=False)
    door, summary = map(json.loads, done.stdout.splitlines())
    assert (door["seconds_open"], summary["doors"], done.returncode) == (60, 1, 0)


def test_the_command_s_exit_codes_are_as_its_help_says(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert cloudmend("replay", "events/event.json").returncode == 0
    assert cloudmend("replay", str(broken)).returncode == 1
    missing = cloudmend("replay", "no/such.json")
    assert (missing.returncode, missing.stderr) == (
        2,
        "cloudmend: There is no file or folder no/such.json. Pass a trail's files, a folder of them, or - for stdin.\n",
    )
    assert cloudmend("replay").returncode == 2
    assert cloudmend("replay", "events/event.json", "--policy", str(broken)).returncode == 2
