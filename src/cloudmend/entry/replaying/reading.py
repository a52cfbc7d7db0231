"""Files of CloudTrail's records -> the calls that concern security groups. A broken file does not end it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from isal import igzip_threaded
from isal.igzip_lib import IsalError
from msgspec import Struct

from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.follow import FOLLOWED
from cloudmend.controls.security_group_ingress.targets import PREFIX_LIST_EVENTS
from cloudmend.core.errors import EventError, InputError
from cloudmend.core.model import ApiCall, Ignored
from cloudmend.core.replay import Reading, Unread
from cloudmend.core.trail import batches
from cloudmend.core.wrappings import parse_events
from cloudmend.entry.replaying.sorting import SortedCalls

_NAMES: Final = FOLLOWED | PREFIX_LIST_EVENTS
STDIN: Final = "-"
_CHUNK: Final = 1 << 20  # bytes
_GZIP: Final = b"\x1f\x8b"

_TAKEN: Final = re.compile(r".*\.(json|jsonl|ndjson)(\.gz)?", re.IGNORECASE)
_OTHER: Final = re.compile(r"CloudTrail-(Digest|Insight)")  # what CloudTrail puts beside a trail's files

Watched = Callable[[BinaryIO], BinaryIO]  # a file -> the same, whose reading is shown


class Input(Struct, frozen=True):
    """The files to read, in order, and how many in the folders are none of CloudTrail's."""

    files: tuple[str, ...]
    ignored: int


def find(paths: Sequence[str]) -> Input:
    """Those of a folder by their names, sorted, which is by time; - is standard input. Raises InputError."""
    found = [_files(path) for path in paths]
    return Input(tuple(file for each in found for file in each.files), sum(each.ignored for each in found))


def read(files: Input, calls: SortedCalls, watched: Watched) -> Reading:
    """Puts the calls of interest into `calls`, and tells what was read."""
    reading = Reading(files=len(files.files), ignored_files=files.ignored)
    for file in files.files:
        try:
            _read_file(file, calls, reading, watched)
        except (OSError, EOFError, EventError, IsalError) as error:  # type: ignore[misc]  # isal's stub has an instance
            reading.unread.append(Unread(file=file, error=str(error)))
    return reading


def _files(path: str) -> Input:
    if path == STDIN or Path(path).is_file():
        return Input((path,), 0)
    if not Path(path).is_dir():
        raise InputError(f"There is no file or folder {path}. Pass a trail's files, a folder of them, or - for stdin.")
    files = sorted(str(file) for file in Path(path).rglob("*") if file.is_file())
    taken = tuple(file for file in files if _TAKEN.fullmatch(Path(file).name) and not _OTHER.search(file))
    return Input(taken, len(files) - len(taken))


def _read_file(file: str, calls: SortedCalls, reading: Reading, watched: Watched) -> None:
    latest = ""
    try:
        for batch in batches(_chunks(file, watched), _NAMES):
            reading.records += batch.count
            latest = max(latest, batch.latest)
            for text in batch.found:
                _take(text, calls, reading, newest_first=batch.newest_first)
    finally:
        if moment := _moment(latest):
            reading.reach(moment)


def _chunks(file: str, watched: Watched) -> Iterator[bytes]:
    with _opened(file) as raw:
        is_gzip = raw.peek(len(_GZIP)).startswith(_GZIP)
        stream = watched(raw)
        with _decompressed(stream) if is_gzip else stream as content:
            while chunk := content.read(_CHUNK):
                yield chunk


def _decompressed(stream: BinaryIO) -> BinaryIO:
    """In a thread of its own, beside the parser."""
    return igzip_threaded.open(stream, "rb", block_size=_CHUNK)  # type: ignore[no-any-return,no-untyped-call]


def _opened(file: str) -> BufferedReader:
    return open(sys.stdin.fileno(), "rb", closefd=False) if file == STDIN else Path(file).open("rb")


def _take(text: str, calls: SortedCalls, reading: Reading, *, newest_first: bool) -> None:
    """A record, or what wraps one."""
    for answer in parse_events(text):
        if isinstance(answer, EventError):
            reading.note(str(answer))
        elif isinstance(answer, Ignored):
            reading.failed += 1
        elif answer.source == CONTROL.event_source and answer.name in _NAMES:
            _take_call(answer, calls, reading, newest_first=newest_first)


def _take_call(call: ApiCall, calls: SortedCalls, reading: Reading, *, newest_first: bool) -> None:
    if call.time is None:
        reading.note(f"Event {call.event_id or '(no id)'} ({call.name}) does not tell its time.")
    elif calls.add(call, call.time, newest_first=newest_first):
        reading.calls += 1
        reading.reach(call.time)
    else:
        reading.repeated += 1


def _moment(text: str) -> datetime | None:
    """CloudTrail's eventTime: 2026-11-24T07:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
