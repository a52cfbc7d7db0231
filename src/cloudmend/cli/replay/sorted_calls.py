"""Read the files, and put their calls in the order of their times on disk, so that memory does not grow with them."""

from __future__ import annotations

import multiprocessing
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Final

import msgspec

from cloudmend.cli.installed import installed_controls
from cloudmend.cli.replay.calls import Files, Part, Reading, StoredCall, UnreadableFile, parts, size
from cloudmend.controls import search_with
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import ApiCall

WORTH: Final = 1 << 22  # bytes of files for which it is worth to start processes
_SMALL: Final = 1 << 23  # bytes of a file whose calls may be held in memory at once; a trail's files are smaller
_DECODER: Final = msgspec.json.Decoder(ApiCall)

Shown = Callable[[int], None]  # told how many bytes of files were read


class SortedCalls:
    """The calls, each once, even if its record was delivered twice or is in several files."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file of its own, gone when it is closed
        self._database.execute("CREATE TABLE calls (time REAL, place INTEGER, id TEXT UNIQUE, call BLOB)")
        self._database.execute("BEGIN")
        self._count = 0

    def add(self, call: StoredCall) -> bool:
        """False where it was there already. Of calls in the same second the one that came first is the earlier."""
        self._count += 1
        place = -self._count if call.newest_first else self._count
        row = (call.time.timestamp(), place, call.event_id or None, call.text)
        return self._database.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?)", row).rowcount == 1

    def __iter__(self) -> Iterator[tuple[datetime, ApiCall]]:
        """Yield each call with its time, in the order of the times."""
        for time, call in self._database.execute("SELECT time, call FROM calls ORDER BY time, place"):
            yield datetime.fromtimestamp(time, UTC), _DECODER.decode(call)

    def close(self) -> None:
        self._database.close()


def read(files: Files, calls: SortedCalls, shown: Shown) -> Reading:
    """Put the calls of interest into `calls`, and return what was read."""
    reading = Reading(files=len(files.names), ignored_files=files.ignored, unread=list(files.unread))
    for file, part in _parts(files.names, shown):
        _add(part, calls, reading)
        if part.error:
            reading.unread.append(UnreadableFile(file=file, error=part.error))
    return reading


def _parts(files: Sequence[str], shown: Shown) -> Iterator[tuple[str, Part]]:
    """Yield parts in the order of the files. If it saves time, a process for each core reads the small files."""
    sizes = [size(file) for file in files]
    small = [file for file, bytes_ in zip(files, sizes, strict=True) if 0 < bytes_ <= _SMALL]
    is_worth_it = len(small) > 1 and sum(sizes) > WORTH
    done = 0
    with _processes() if is_worth_it else nullcontext() as pool:
        answers = pool.map(_listed, small) if pool else iter(())
        for file, bytes_ in zip(files, sizes, strict=True):
            for part in next(answers) if pool and 0 < bytes_ <= _SMALL else parts(file, threads=1):
                shown(done + part.place)
                yield file, part
            done += bytes_


def _listed(file: str) -> list[Part]:
    """Return what a process of the pool does."""
    return list(parts(file, threads=0))


def _begin() -> None:
    """Begin a process of the pool, which may be a new interpreter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    search_with(installed_controls)


@contextmanager
def _processes() -> Iterator[ProcessPoolExecutor]:
    """Yield a process for each core, forked if that is safe: a new interpreter takes longer than many files."""
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(mp_context=context, initializer=_begin)
    try:
        yield pool
    except BrokenProcessPool:
        told = "A process that read files was killed, perhaps because memory ran out. Replay fewer of them at once."
        raise CloudmendError(told) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _add(part: Part, calls: SortedCalls, reading: Reading) -> None:
    reading.records += part.records
    reading.failed += part.failed
    reading.note(part.first_problem, part.not_understood)
    for call in part.calls:
        reading.reach(call.time)
        if calls.add(call):
            reading.calls += 1
        else:
            reading.repeated += 1
    if moment := _moment(part.latest):
        reading.reach(moment)


def _moment(text: str) -> datetime | None:
    """CloudTrail's eventTime: 2026-11-24T07:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
