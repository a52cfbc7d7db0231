"""One file of CloudTrail's records -> the calls of interest in it, part by part."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from isal import igzip_threaded
from isal.igzip_lib import IsalError
from msgspec import Struct

from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.controls.security_group_ingress.follow import FOLLOWED
from cloudmend.controls.security_group_ingress.targets import PREFIX_LIST_EVENTS
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored
from cloudmend.core.trail import Batch, batches
from cloudmend.core.wrappings import parse_events
from cloudmend.entry.replaying.files import STDIN

_NAMES: Final = FOLLOWED | PREFIX_LIST_EVENTS
_CHUNK: Final = 1 << 18  # bytes; what a core's own cache holds
PART: Final = 1 << 13  # records without one of interest, after which a part ends
_GZIP: Final = b"\x1f\x8b"


class StoredCall(Struct, frozen=True):
    """An API call, ready to be sorted: `text` is its JSON."""

    time: datetime
    event_id: str
    text: bytes
    newest_first: bool  # as its file lists calls


class Part(Struct, kw_only=True):
    """Some of a file. Grows until it is handed over; not frozen."""

    place: int = 0  # how far the file was read, in bytes; 0 where it has no places
    records: int = 0
    calls: list[StoredCall] = []
    failed: int = 0
    problems: list[str] = []  # of records that cannot be understood
    latest: str = ""  # eventTime
    error: str = ""  # why the file ends here


def parts(file: str, *, threads: int) -> Iterator[Part]:
    """All parts of a file; it is decompressed in as many threads of their own, beside the parser: 0 or 1."""
    part = Part()
    try:
        with _opened(file) as stream:
            for batch in batches(_chunks(stream, threads), _NAMES):
                _add(batch, part)
                if part.calls or part.records > PART:
                    part.place = _place(stream)
                    yield part
                    part = Part()
    except (OSError, EOFError, EventError, IsalError) as error:  # type: ignore[misc]  # isal's stub has an instance
        part.error = str(error)
    yield part


def encoded(call: ApiCall) -> bytes:
    """As JSON; half a surrogate pair, which a hostile record may hold, becomes a question mark."""
    try:
        return msgspec.json.encode(call)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(call), ensure_ascii=False).encode(errors="replace")


def _opened(file: str) -> BufferedReader:
    return open(sys.stdin.fileno(), "rb", closefd=False) if file == STDIN else Path(file).open("rb")


def _place(stream: BufferedReader) -> int:
    return stream.tell() if stream.seekable() else 0


def _chunks(stream: BufferedReader, threads: int) -> Iterator[bytes]:
    if not stream.peek(len(_GZIP)).startswith(_GZIP):
        yield from iter(lambda: stream.read(_CHUNK), b"")
        return
    content: BinaryIO
    with igzip_threaded.open(stream, "rb", threads=threads, block_size=_CHUNK) as content:  # type: ignore[no-untyped-call]
        yield from iter(lambda: content.read(_CHUNK), b"")


def _add(batch: Batch, part: Part) -> None:
    part.records += batch.count
    part.latest = max(part.latest, batch.latest)
    for text in batch.found:
        for answer in parse_events(text):
            _add_answer(answer, part, newest_first=batch.newest_first)


def _add_answer(answer: ApiCall | Ignored | EventError, part: Part, *, newest_first: bool) -> None:
    if isinstance(answer, EventError):
        part.problems.append(str(answer))
    elif isinstance(answer, Ignored):
        part.failed += 1
    elif answer.source == CONTROL.event_source and answer.name in _NAMES:
        if answer.time:
            part.calls.append(StoredCall(answer.time, answer.event_id, encoded(answer), newest_first))
        else:
            part.problems.append(f"Event {answer.event_id or '(no id)'} ({answer.name}) does not tell its time.")
