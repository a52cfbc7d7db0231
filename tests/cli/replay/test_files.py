"""Files in every form, folders, broken files and several processes."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cli.replay.records import BOB, FORMS, GROUP, call, closed, lines, noise, opened
from cli.replay.told import Told
from cli.test_main import cloudmend
from cloudmend.cli.replay import calls, sorted_calls
from cloudmend.cli.replay.episodes import Episodes
from cloudmend.cli.replay.run import replay
from cloudmend.core.errors import CloudmendError, InputError
from support import policy

TIMED = (
    "trail.json",
    "trail.json.gz",
    "two.json.gz",
    "lines.jsonl",
    "lines.ndjson.gz",
    "000000.gz",
    "tail.json",
    "texts.json",
)
STORY = [opened(0), closed(0, who=BOB), opened(1), noise(2)]  # the first two within one second


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_file_tells_the_same(told: Callable[..., Told], tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(FORMS[name](STORY))
    found = told(path=file)
    assert (found.code, [door["resource"] for door in found.doors]) == (0, [GROUP, GROUP])
    # What wraps a record does not tell its time, so the records end with the last call of interest.
    assert found["seconds_open"] == [0, 60 if name in TIMED else 0]


def test_a_folder_is_read_with_all_below_it_but_what_is_none_of_cloudtrail_s(
    told: Callable[..., Told], tmp_path: Path
) -> None:
    for name, records in (
        ("b/2.json.gz", [closed(1)]),
        ("a/1.json", [opened(0)]),
        ("a/CloudTrail-Digest/3.json.gz", []),
    ):
        file = tmp_path / "logs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FORMS["trail.json"](records))
    (tmp_path / "logs" / "README.md").write_text("Notes")
    found = told(path=tmp_path / "logs")
    assert found["seconds_open"] == [60]
    assert (found.summary["read"]["files"], found.summary["read"]["ignored_files"]) == (2, 2)


def test_a_broken_file_is_told_by_its_name_and_the_others_are_read(told: Callable[..., Told], tmp_path: Path) -> None:
    whole = FORMS["trail.json.gz"]([opened(0)])
    (tmp_path / "1.json.gz").write_bytes(whole[:-9])
    (tmp_path / "2.json").write_text("# Notes")
    (tmp_path / "3.json.gz").write_bytes(whole[:20] + b"\xff" * 20 + whole[40:])
    (tmp_path / "4.json.gz").write_bytes(FORMS["trail.json.gz"]([opened(0)]))
    found = told(path=tmp_path)
    assert (found.code, len(found.doors)) == (1, 1)
    assert [Path(unread["file"]).name for unread in found.summary["read"]["unread"]] == [
        "1.json.gz",
        "2.json",
        "3.json.gz",
    ]
    assert f"cloudmend: {tmp_path}/1.json.gz: Its gzip data end too early, so the file is cut." in found.err


WHOLE = FORMS["trail.json.gz"]([opened(0), closed(1)])
OTHER = FORMS["trail.json.gz"]([opened(2)])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (b"prose", "Other bytes follow its gzip data."),
        (b"\x1f", "Other bytes follow its gzip data."),
        (b"\0" * 512 + b"x", "Other bytes follow its gzip data."),
        (OTHER[:12], "Its gzip data end too early"),
        (OTHER[:-9], "Its gzip data end too early"),
        (OTHER[:12] + b"\xff" * 30, "Its gzip data are damaged"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 18])
def test_bytes_after_a_good_member_of_gzip_cost_only_themselves(
    told: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bytes, said: str, size: int
) -> None:
    monkeypatch.setattr(calls, "_CHUNK", size)
    (tmp_path / "1.json.gz").write_bytes(WHOLE + more)
    found = told(path=tmp_path)
    assert (found.code, found["seconds_open"][0], found.summary["read"]["calls"] >= 2) == (1, 60, True)
    assert said in found.summary["read"]["unread"][0]["error"]


def test_zeros_after_a_member_are_padding_and_nothing_is_missing(told: Callable[..., Told], tmp_path: Path) -> None:
    (tmp_path / "1.json.gz").write_bytes(WHOLE + b"\0" * 512 + OTHER + b"\0" * 100)
    found = told(path=tmp_path)
    assert (found.code, len(found.doors)) == (0, 2)


def test_a_file_whose_reading_is_given_up_leaves_no_thread_behind(tmp_path: Path) -> None:
    file = tmp_path / "1.json.gz"
    file.write_bytes(gzip.compress(b"".join(FORMS["lines.jsonl"]([noise(n)]) for n in range(3000)), 1))
    before = threading.active_count()
    with closing(calls.parts(str(file), threads=1)) as reader:
        next(reader)
    assert threading.active_count() == before


def test_a_list_of_no_records_is_nothing_to_replay(told: Callable[..., Told]) -> None:
    assert told().code == 1


def test_a_folder_without_a_file_of_cloudtrail_s_says_so(told: Callable[..., Told], tmp_path: Path) -> None:
    found = told(path=tmp_path)
    assert (found.code, found.err) == (1, f"cloudmend: {tmp_path}: The folder is empty.\n")
    (tmp_path / "notes.txt").write_text("Notes")
    found = told(path=tmp_path)
    assert (found.code, found.summary["read"]["ignored_files"]) == (1, 1)
    assert "None of the 1 files in the folder has a name that ends in .json" in found.err


@pytest.mark.parametrize(
    ("path", "copy"),
    [
        ("s3://trail/AWSLogs/111122223333/CloudTrail", "aws s3 sync s3://trail/AWSLogs/111122223333/CloudTrail trail"),
        ("s3://trail/AWSLogs/1.json.gz", "aws s3 cp s3://trail/AWSLogs/1.json.gz trail/"),
        ("s3://trail/a b; reboot", "aws s3 sync 's3://trail/a b; reboot' trail"),
        ("https://trail.s3.amazonaws.com/1.json.gz", "aws s3 sync s3://BUCKET/PREFIX trail"),
        ("arn:aws:s3:::trail", "aws s3 sync s3://BUCKET/PREFIX trail"),
    ],
)
def test_a_path_that_is_not_on_this_machine_says_how_to_copy_it(path: str, copy: str) -> None:
    with pytest.raises(InputError) as refused:
        replay([path], policy(), as_json=True)
    assert f"{path} is not on this machine" in str(refused.value)
    assert f"{copy} and then run: cloudmend replay trail" in str(refused.value)


def test_files_are_read_by_several_processes_as_by_one(
    told: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast = [call("GetObject", 0, {"key": os.urandom(1000).hex()}) for _ in range(800)]
    for number in range(6):
        rule = f"sgr-{number:017x}"
        records = [opened(number, rule=rule), *ballast, closed(number + 0.5, rule=rule)]
        (tmp_path / f"{number}.json.gz").write_bytes(FORMS["trail.json.gz"](records))
    (tmp_path / "9.json.gz").write_bytes(b"\x1f\x8b nothing")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) > sorted_calls.WORTH
    done = cloudmend("replay", "--json", str(tmp_path))
    monkeypatch.setattr(sorted_calls, "WORTH", 1 << 60)
    alone, together = told(path=tmp_path), Told(done.returncode, done.stdout, done.stderr)
    assert (together.doors, together.summary, together.code) == (alone.doors, alone.summary, 1)
    assert len(alone.doors) == 6


def killed(_: str) -> list[calls.Part]:
    """In place of reading a file."""
    os._exit(1)


def test_a_process_that_is_killed_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("1.json", "2.json"):
        (tmp_path / name).write_bytes(FORMS["trail.json"](STORY))
    monkeypatch.setattr(sorted_calls, "WORTH", 1)
    monkeypatch.setattr(sorted_calls, "_listed", killed)
    with pytest.raises(CloudmendError, match="was killed, perhaps because memory ran out"):
        replay([str(tmp_path)], policy(), as_json=True)


def test_memory_is_kept_for_what_is_open_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept: list[int] = []
    take = Episodes.take

    def watched(self: Any, *args: Any) -> Iterator[Any]:
        yield from take(self, *args)
        kept.append(len(self._known))

    monkeypatch.setattr(Episodes, "take", watched)
    records = [
        record
        for n in range(200)
        for group in [f"sg-{n:017x}"]
        for record in (opened(n, group=group), closed(n, group=group))
    ]
    (tmp_path / "1.json").write_bytes(FORMS["trail.json"](records))
    replay([str(tmp_path)], policy(), as_json=True)
    assert (len(kept), max(kept)) == (400, 1)


def test_a_part_is_handed_over_before_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PART", 100)
    file = tmp_path / "1.jsonl"
    file.write_bytes(lines([noise(n) for n in range(2000)]))
    sizes = [part.records for part in calls.parts(str(file), threads=0)]
    assert sum(sizes) == 2000
    assert max(sizes) < 2000
