"""The calls of interest in a file of CloudTrail's records, part by part."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.cli.replay.decode import GZIP, ahead, as_json
from cloudmend.cli.replay.files import STDIN
from cloudmend.controls import every
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored
from cloudmend.core.trail import Batch, batches
from cloudmend.core.wrappings import parse_events

_CHUNK: Final = 1 << 18  # bytes; what a core's own cache holds
PART: Final = 1 << 13  # records without one of interest, after which a part ends


class StoredCall(Struct, frozen=True):
    """An API call, ready to be sorted: `text` is its JSON."""

    time: datetime
    event_id: str
    text: bytes
    newest_first: bool  # as its file lists calls


class Part(Struct, kw_only=True):
    """A part of a file. Mutable: it grows until it is handed over."""

    place: int = 0  # how far the file was read, in bytes; 0 where it has no places
    records: int = 0
    calls: list[StoredCall] = []
    failed: int = 0
    not_understood: int = 0  # records
    first_problem: str = ""  # why the first of them was not
    latest: str = ""  # eventTime
    error: str = ""  # why not all of the file could be read

    def note(self, problem: str) -> None:
        """Note a record that cannot be understood."""
        self.not_understood += 1
        self.first_problem = self.first_problem or problem


class _Content:
    """A file's content as JSON. Its end is the end of what can be read, and `problem` says why that is not all."""

    def __init__(self, stream: BufferedReader, *, threads: int) -> None:
        self._stream = stream
        self._threads = threads
        self.problem = ""

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces()
        except (OSError, EventError) as error:
            self.problem = str(error)

    def _pieces(self) -> Iterable[bytes]:
        is_packed = self._stream.peek(len(GZIP)).startswith(GZIP)
        pieces = as_json(iter(lambda: self._stream.read(_CHUNK), b""))
        return ahead(pieces) if is_packed and self._threads else pieces


def parts(file: str, *, threads: int) -> Generator[Part]:
    """Return all parts of a file; it is decompressed in as many threads of their own, beside the parser: 0 or 1."""
    part = Part()
    try:
        with _opened(file) as stream:
            content = _Content(stream, threads=threads)
            try:
                for batch in batches(content, _names()):
                    _add(batch, part)
                    if part.calls or part.records > PART:
                        part.place = _place(stream)
                        yield part
                        part = Part()
            except EventError as error:
                part.error = str(error)
            part.error = content.problem or part.error
    except OSError as error:
        part.error = str(error)
    yield part


def encoded(call: ApiCall) -> bytes:
    """Return a call as JSON. Half a surrogate pair, which a hostile record can hold, becomes a question mark."""
    try:
        return msgspec.json.encode(call)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(call), ensure_ascii=False).encode(errors="replace")


def _opened(file: str) -> BufferedReader:
    return open(sys.stdin.fileno(), "rb", closefd=False) if file == STDIN else Path(file).open("rb")


def _place(stream: BufferedReader) -> int:
    return stream.tell() if stream.seekable() else 0


def _add(batch: Batch, part: Part) -> None:
    part.records += batch.count
    part.latest = max(part.latest, batch.latest)
    for text in batch.found:
        for answer in parse_events(text):
            _add_answer(answer, part, newest_first=batch.newest_first)


def _add_answer(answer: ApiCall | Ignored | EventError, part: Part, *, newest_first: bool) -> None:
    if isinstance(answer, EventError):
        part.note(str(answer))
    elif isinstance(answer, Ignored):
        part.failed += answer.refused
    elif (answer.source, answer.name) in watched_calls():
        if answer.time:
            part.calls.append(StoredCall(answer.time, answer.event_id, encoded(answer), newest_first))
        else:
            part.note(f"Event {answer.event_id or '(no id)'} ({answer.name}) has no time.")


@cache
def watched_calls() -> frozenset[tuple[str, str]]:
    """Return the sources and names of the calls that controls watch or follow."""
    return frozenset((each.source, each.name) for control in every() for each in control.calls)


@cache
def _names() -> frozenset[str]:
    return frozenset(name for _, name in watched_calls())
