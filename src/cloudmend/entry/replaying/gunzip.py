"""Decompress gzip piece by piece. What is good comes first, and then the error that says what is not."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from isal import igzip_lib

from cloudmend.core.errors import EventError

GZIP: Final = b"\x1f\x8b"
_PIECE: Final = 1 << 18  # bytes that are decompressed at once: what a core's own cache holds
_AHEAD: Final = 2  # pieces that wait for the parser
_PATIENCE: Final = 0.05  # seconds until a thread looks whether anybody still waits for it

_LEFT_OUT: Final = "What was compressed before was read."
_EARLY: Final = f"Its gzip data end too early, so the file is cut. {_LEFT_OUT}"
_AFTER: Final = "Other bytes follow its gzip data. They were left out, and everything before them was read."


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
