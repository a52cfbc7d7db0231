"""API calls put into the order of their times on disk, so that memory does not grow with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from cloudmend.core.model import ApiCall
from cloudmend.entry.replaying.parts import StoredCall

_DECODER: Final = msgspec.json.Decoder(ApiCall)


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
