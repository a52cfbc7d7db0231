"""The files of CloudTrail's records, in their order, and the calls of interest in each, part by part."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.cli.replay.decode import GZIP, ahead, as_json
from cloudmend.controls import every
from cloudmend.core.errors import EventError, InputError
from cloudmend.core.model import ApiCall, Ignored
from cloudmend.core.trail import Batch, batches
from cloudmend.core.wrappings import parse_events

STDIN: Final = "-"

# Files of CloudTrail's and of people's own; CloudWatch Logs' exports (000000.gz), and what Firehose writes.
_TAKEN: Final = re.compile(
    r".*\.(json|jsonl|ndjson|csv)(\.gz)?|\d+\.gz|.*-\d{4}(-\d\d){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.gz)?",
    re.IGNORECASE,
)
_OTHER: Final = re.compile(r"CloudTrail-(Digest|Insight)")  # what CloudTrail puts beside a trail's files
_ELSEWHERE: Final = re.compile(r"(?P<bucket>s3://\S+)|arn:|[a-z0-9+.-]+://", re.IGNORECASE)
_CHUNK: Final = 1 << 18  # bytes; what a core's own cache holds
PART: Final = 1 << 13  # records without one of interest, after which a part ends


class UnreadableFile(Struct, frozen=True, kw_only=True):
    """A file that could not be read whole, or a folder without any file; and why."""

    file: str
    error: str


class Files(Struct, frozen=True):
    """The files to read, in order; the number of other files in the folders; and folders without CloudTrail's files."""

    names: tuple[str, ...]
    ignored: int = 0
    unread: tuple[UnreadableFile, ...] = ()


def find(paths: Sequence[str]) -> Files:
    """Return those of a folder by their names, sorted, which is by time; - is standard input. Raises InputError."""
    found = [_files(path) for path in paths]
    return Files(
        tuple(name for each in found for name in each.names),
        sum(each.ignored for each in found),
        tuple(unread for each in found for unread in each.unread),
    )


def size(name: str) -> int:
    """Return the size in bytes; 0 if it is not known, as for a pipe."""
    return Path(name).stat().st_size if Path(name).is_file() else 0


def _files(path: str) -> Files:
    if path == STDIN or (Path(path).exists() and not Path(path).is_dir()):
        return Files((path,))
    if not Path(path).is_dir():
        raise InputError(_missing(path))
    names = sorted(str(file) for file in Path(path).rglob("*") if file.is_file())
    taken = tuple(name for name in names if _TAKEN.fullmatch(Path(name).name) and not _OTHER.search(name))
    ignored = len(names) - len(taken)
    return Files(taken, ignored, () if taken else (UnreadableFile(file=path, error=_empty(ignored)),))


def _missing(path: str) -> str:
    """A sentence that says what to do instead; an address of S3's is one of a bucket."""
    elsewhere = _ELSEWHERE.match(path)
    if not elsewhere:
        return f"There is no file or folder {path}. Pass a trail's files, a folder of them, or - for standard input."
    source = shlex.quote(path) if elsewhere["bucket"] else "s3://BUCKET/PREFIX"
    is_file = elsewhere["bucket"] and _TAKEN.fullmatch(path.rpartition("/")[2])
    copy = f"aws s3 cp {source} trail/" if is_file else f"aws s3 sync {source} trail"
    return (
        f"{path} is not on this machine, and replay reads nothing from AWS. Copy it first: {copy} and then run: "
        "cloudmend replay trail"
    )


def _empty(others: int) -> str:
    if not others:
        return "The folder is empty."
    return (
        f"None of the {others:,} files in the folder has a name that ends in .json, .jsonl, .ndjson or .csv, with or "
        "without .gz. Pass a file by its name to read it all the same."
    )


class Reading(Struct, kw_only=True):
    """The progress of reading files. Mutable: it grows."""

    files: int = 0
    ignored_files: int = 0  # in folders: what is no CloudTrail file by its name
    records: int = 0
    calls: int = 0  # that controls watch, or that end what they find; each once
    failed: int = 0  # calls that AWS refused
    repeated: int = 0  # delivered more than once
    not_understood: int = 0
    first_not_understood: str = ""
    until: datetime | None = None  # the latest moment that a record tells
    unread: list[UnreadableFile] = []

    @property
    def is_whole(self) -> bool:
        """True if there was something to read, and all of it was read and understood."""
        return bool(self.records) and not self.unread and not self.not_understood

    def note(self, problem: str, records: int = 1) -> None:
        """Count records that cannot be understood, the first of them because of the problem."""
        self.not_understood += records
        self.first_not_understood = self.first_not_understood or problem

    def reach(self, moment: datetime) -> None:
        self.until = max(moment, self.until or moment)


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
