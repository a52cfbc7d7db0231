"""What `cloudmend replay` shows people, and its exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli.replay.records import BOB, FORMS, GROUP, ROBOT, ROLE, closed, noise, opened
from cli.test_main import CLOUDMEND, ROOT, cloudmend
from cloudmend.cli.messages import duration
from cloudmend.cli.replay import table
from cloudmend.cli.replay.run import replay
from support import policy


def test_the_table_says_what_it_comes_to_first_and_shows_hostile_names_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record for n in range(3) for record in (opened(n * 10, who=ROBOT), closed(n * 10 + 5, who=BOB))]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    assert replay([str(tmp_path)], policy(), as_json=False) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("3 findings; 0 are still open when the records end.\n")
    assert "6 records in 1 file, which tell of changes from 2026-11-24 07:00 to 2026-11-24 07:25 UTC." in shown
    assert f"Whom to talk to first:\n  {ROLE}: 3 findings; through the AWS CLI, by its user agent\n" in shown
    assert shown.index("Whom to talk to first") < shown.index(GROUP)
    assert "Half of those that somebody closed stood open for 5 minutes or less." in shown
    assert f"# tcp/22 from 0.0.0.0/0: opened 3 times\n# by {ROLE}\n[[exemption]]\n" in shown
    assert "[red]" in shown
    assert "\x1b" not in shown


def test_a_group_of_no_known_account_or_region_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    replay([str(ROOT / "events/event.json")], policy(), as_json=False)
    assert "sg-05fe30eb67c909f27 (account and Region not named): tcp/3389 from 0.0.0.0/0" in capsys.readouterr().out


def test_the_table_shows_the_doors_that_stood_open_longest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "SHOWN", 2)
    records = [opened(n, group=f"sg-{n:017x}") for n in (3, 1, 2)]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    replay([str(tmp_path)], policy(), as_json=False)
    shown = capsys.readouterr().out
    assert "The 2 that stood open longest; --json lists all 3:" in shown
    assert shown.index("sg-00000000000000001") < shown.index("sg-00000000000000002")
    assert "sg-00000000000000003" not in shown


def test_many_records_give_few_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = [
        record
        for n in range(2000)
        for group in [f"sg-{n % 500:017x}"]
        for record in (opened(n, group=group, who={**ROBOT, "arn": f"{ROLE}/{n}"}), closed(n + 0.5, group=group))
    ]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    for number in range(2, 40):
        (tmp_path / f"{number}.json").write_text("# Notes")
    replay([str(tmp_path)], policy(), as_json=False)
    shown = capsys.readouterr()
    assert shown.out.count("[[exemption]]") == 10
    assert "490 resources more may be open on purpose; --json lists all." in shown.out
    assert len(shown.out.splitlines()) < 200
    assert len(shown.err.splitlines()) == 11
    assert shown.err.endswith("cloudmend: The same holds for 28 more files; --json lists all.\n")


def test_the_first_line_is_no_all_clear_where_something_was_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"]([noise(0)]))
    (tmp_path / "2.json").write_text('{"hello": 1}')
    (tmp_path / "3.json").write_text("")
    assert replay([str(tmp_path)], policy(), as_json=False) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith('1 record could not be understood. The first: The event has no "detail".')
    unread = shown.index("1 file could not be read, or not to the end: see below.")
    assert any(line.startswith("As far as the records show, no guarded port (tcp/22, ") for line in shown[unread:])


def test_our_own_hints_are_told_as_they_are_and_what_others_typed_is_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = {"detail-type": "see https://example.com/\x1b[31m", "source": "x", "detail": {}}
    for number, content in enumerate(({"hello": 1}, strange)):
        (tmp_path / "1.json").write_text(json.dumps(content))
        replay([str(tmp_path)], policy(), as_json=False)
        shown = capsys.readouterr().out.replace("\n", " ")
        assert ("events/event.json", "https://example.com/")[number] in shown
        assert "\x1b" not in shown


def test_an_exemption_that_is_suggested_is_told_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = {**BOB, "arn": "arn:aws:iam::111122223333:user/bob.example.com"}
    records = [record for n in range(3) for record in (opened(n * 10, who=who), closed(n * 10 + 5))]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    replay([str(tmp_path)], policy(), as_json=False)
    assert "# by arn:aws:iam::111122223333:user/bob.example.com\n" in capsys.readouterr().out


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
    assert duration(seconds) == said


def test_the_command_reads_standard_input(tmp_path: Path) -> None:
    content = FORMS["two.json.gz"]([opened(0), closed(1)])
    done = subprocess.run([CLOUDMEND, "replay", "-", "--json"], input=content, capture_output=True, check=False)
    door, summary = map(json.loads, done.stdout.splitlines())
    assert (door["seconds_open"], summary["findings"], done.returncode) == (60, 1, 0)


def test_an_empty_standard_input_says_so(tmp_path: Path) -> None:
    done = subprocess.run([CLOUDMEND, "replay", "-"], input=b"", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"cloudmend: standard input: It is empty.\n")
    assert done.stdout.startswith(b"No record of CloudTrail's was found in 1 file.\n")


def test_the_command_s_exit_codes_are_as_its_help_says(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert cloudmend("replay", "events/event.json").returncode == 0
    assert cloudmend("replay", str(broken)).returncode == 1
    missing = cloudmend("replay", "no/such.json")
    assert (missing.returncode, missing.stderr) == (
        2,
        (
            "cloudmend: There is no file or folder no/such.json. Pass a trail's files, a folder of them, or - for "
            "standard input.\n"
        ),
    )
    assert cloudmend("replay").returncode == 2
    assert cloudmend("replay", "events/event.json", "--policy", str(broken)).returncode == 2
