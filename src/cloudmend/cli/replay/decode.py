"""Return a file's content as JSON documents, whatever form it has: gzip, lines with time stamps, CSV, or JSON.

Gzip is decompressed piece by piece. What is good comes first, and then the error that says what is not.
"""

from __future__ import annotations

import codecs
import csv
import json
import queue
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from isal import igzip_lib

from cloudmend.core.errors import EventError
from cloudmend.core.trail import LONGEST

GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 1 << 18  # bytes that are decompressed at once: what a core's own cache holds
_AHEAD: Final = 2  # pieces that wait for the parser
_PATIENCE: Final = 0.05  # seconds until a thread looks whether anybody still waits for it

_LEFT_OUT: Final = "What was compressed before was read."
_EARLY: Final = f"Its gzip data end too early, so the file is cut. {_LEFT_OUT}"
_AFTER: Final = "Other bytes follow its gzip data. They were left out, and everything before them was read."

_START: Final = 1 << 12  # bytes by which a form is known
_COMPRESSED: Final = 2  # times that a file may be, one in the other: Firehose compresses what CloudWatch Logs did
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
# What stands before each record in CloudWatch Logs' exports to S3, and, with the stream's name, in aws logs tail.
_STAMP: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?[ \t]+(?:[^\s{]+[ \t]+)?(?=\{)"
_STAMPED: Final = re.compile(_STAMP)
_STAMPS: Final = re.compile(rb"^" + _STAMP, re.MULTILINE)
_COLUMNS: Final = re.compile(
    rb'(?:^|,)"?(eventname|eventjson|event name|@message|cloudtrailevent)"?(?:,|$)', re.IGNORECASE
)

_UNPACK: Final = "Decompress it, and replay what comes out."
_OUTPUT: Final = "Run the same command with --output json."
_RECORDS: Final = "Replay the trail's own files, or query for eventJson."
_REFUSED: Final = (
    (b"PK\x03\x04", "a ZIP archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", _UNPACK),
    (b"BZh", "compressed by bzip2", _UNPACK),
    (b"\xfd7zXZ", "compressed by xz", _UNPACK),
    (b"PAR1", "Parquet, as Security Lake and data lakes store it", _RECORDS),
    (b"ORC", "ORC, as data lakes store it", _RECORDS),
    (b"Events:", "YAML", _OUTPUT),
    (b"events:", "YAML", _OUTPUT),
    (b"EVENTS\t", "the AWS CLI's text, which leaves out where a column begins", _OUTPUT),
    (b"----", "the AWS CLI's table", _OUTPUT),
    (b"<", "XML or HTML, such as an answer that refuses a download", "Download the file again."),
)


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what all members hold, one after the other; zeros after a member are padding.

    Raises EventError, after what could be decompressed, for damage and for bytes after a member that are none.
    """
    member, rest = None, b""
    for chunk in chunks:
        rest += chunk
        while rest:
            if member is None:
                rest = rest.lstrip(b"\0")
                if len(rest) < len(GZIP):
                    break
                member = _member(rest)
            yield from _pieces(member, rest)
            member, rest = (None, member.unused_data) if member.eof else (member, b"")
    if member or rest.strip(b"\0"):
        raise EventError(_EARLY if member else _AFTER)


def ahead(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same, decompressed by a thread of its own while the last ones are parsed."""
    waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
    is_over = threading.Event()
    worker = threading.Thread(target=_work, args=(pieces, waiting, is_over))
    worker.start()
    try:
        while piece := waiting.get():
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        is_over.set()
        worker.join()


def _work(
    pieces: Iterable[bytes], waiting: queue.Queue[bytes | BaseException | None], is_over: threading.Event
) -> None:
    """Put all pieces, and then None or the error that ended them."""
    end: BaseException | None = None
    try:
        for piece in pieces:
            _put(piece, waiting, is_over)
            if is_over.is_set():
                return
    except Exception as error:  # noqa: BLE001 - whatever it is, the thread that parses raises it
        end = error
    _put(end, waiting, is_over)


def _put(
    piece: bytes | BaseException | None, waiting: queue.Queue[bytes | BaseException | None], is_over: threading.Event
) -> None:
    while not is_over.is_set():
        with suppress(queue.Full):
            waiting.put(piece, timeout=_PATIENCE)
            return


def _member(start: bytes) -> igzip_lib.IgzipDecompressor:
    if not start.startswith(GZIP):
        raise EventError(_AFTER)
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _pieces(member: igzip_lib.IgzipDecompressor, content: bytes) -> Iterator[bytes]:
    try:
        while piece := member.decompress(content, _PIECE):
            yield piece
            if member.eof or member.needs_input:
                return
            content = b""
    except igzip_lib.IsalError as error:  # type: ignore[misc]  # isal's stub has an instance
        raise EventError(f"Its gzip data are damaged ({error}). {_LEFT_OUT}") from None


def as_json(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the same content as JSON documents.

    Raises EventError, which names the form, if it holds no records that can be read.
    """
    start, content = _begun(chunks)
    for _ in range(_COMPRESSED):
        if start.startswith(GZIP):
            start, content = _begun(inflated(content))
    if not start:
        yield from content  # which may say why
        raise EventError("It is empty.")
    yield from _plain(start, content)


def _begun(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes after blanks, which show the form, and all content. An error comes in its place."""
    source, start, problem = iter(chunks), b"", None
    try:
        while len(start) < _START and (chunk := next(source, b"")):
            start = (start + chunk).lstrip(_BLANK)
    except EventError as error:
        problem = error
    return start, _resumed(start, problem, source)


def _resumed(start: bytes, problem: EventError | None, source: Iterator[bytes]) -> Iterator[bytes]:
    if start:
        yield start
    if problem:
        raise problem
    yield from source


def _plain(start: bytes, content: Iterator[bytes]) -> Iterator[bytes]:
    """Return uncompressed content as JSON documents. Raises EventError."""
    if _STAMPED.match(start):
        return _without_stamps(content)
    if _COLUMNS.search(start.partition(b"\n")[0].rstrip()):
        return _rows(content)
    for mark, name, advice in _REFUSED:
        if start.startswith(mark):
            raise EventError(f"It is {name}. {advice}")
    return content


def _without_stamps(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines without their time stamps. No line begins inside a record: JSON's texts hold no line ends."""
    rest = b""
    for chunk in content:
        lines, end, rest = (rest + chunk).rpartition(b"\n")
        yield _STAMPS.sub(b"", lines + end)
    yield _STAMPS.sub(b"", rest)


def _rows(content: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each row of CSV, as queries and the console write it, as an answer to a query."""
    csv.field_size_limit(LONGEST)
    try:
        for row in csv.DictReader(_lines(content)):
            yield json.dumps({"results": [row]}).encode() + b"\n"
    except csv.Error as error:
        raise EventError(f"Its CSV cannot be read on ({error}). What came before was read.") from None


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for chunk in content:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (f"{line}\n" for line in lines)
    yield rest
