"""The ledger in a SQLite file: for use from a laptop without a stack."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import History, MendEnd, Terms, budget_spent, busy, hour, keeps_out, unknown
from cloudmend.core.ledger_records import (
    LEASE,
    End,
    Ending,
    Exemptions,
    LedgerRecord,
    State,
    StoredRecord,
    TimedExemption,
    Unreadable,
    control_of,
    iso_time,
)
from cloudmend.core.model import Intent, Record
from cloudmend.core.ports import Clock
from cloudmend.core.standing import (
    StandingFound,
    StandingResource,
    Unit,
    UnitFound,
    decode_standing,
    decode_unit,
    is_same,
    replaces,
)
from cloudmend.core.stored import decode_entry, encode, read_entry, read_exemptions
from cloudmend.core.ulid import span
from cloudmend.disk.database import Database


class SqliteLedger:
    """A Ledger. Each call is one transaction."""

    def __init__(self, folder: Path, clock: Clock, terms: Terms) -> None:
        """Make `folder` if it is not there. Raises LedgerError."""
        self._database = Database(folder)
        self._clock = clock
        self._terms = terms

    @property
    def name(self) -> str:
        return f"the file {self._database.path}"

    def intend(self, intent: Intent) -> LedgerRecord:
        (entry,) = self.intend_all((intent,))
        return entry

    def intend_all(self, intents: Sequence[Intent]) -> tuple[LedgerRecord, ...]:
        entries = tuple(LedgerRecord.of(intent, self._clock.now(), secrets.token_bytes(5)) for intent in intents)
        with self._database.writing() as connection:
            for entry in entries:
                _purge(connection, entry.opened)
                self._check_place(connection, entry, entry.seen)
                self._check_budget(connection, entry)
                connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", _row(entry))
        return entries

    def resume(self, entry: LedgerRecord, seen: datetime) -> LedgerRecord:
        with self._database.writing() as connection:
            mine = self._entry(connection, entry.id).taken_over(self._clock.now())
            self._check_place(connection, mine, seen)
            connection.execute("UPDATE entries SET entry = ? WHERE id = ?", (encode(mine).decode(), mine.id))
        return mine

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        (moved,) = self.finish_all((MendEnd(entry, state, record),))
        return moved

    def finish_all(self, ends: Sequence[MendEnd]) -> tuple[LedgerRecord, ...]:
        with self._database.writing() as connection:
            return tuple(self._move(connection, end.entry.id, end.state, end.record) for end in ends)

    def undone(self, entry: LedgerRecord, record: Record) -> LedgerRecord:
        with self._database.writing() as connection:
            return self._move(connection, entry.id, "UNDONE", record)

    def get(self, record_id: str, place: str = "") -> LedgerRecord:  # noqa: ARG002 - the id is enough here
        with self._database.reading() as connection:
            return self._entry(connection, record_id)

    def beginning(self, prefix: str) -> tuple[StoredRecord, ...]:
        return tuple(self._found("id BETWEEN ? AND ?", *span(prefix)))

    def open_intents(self) -> tuple[StoredRecord, ...]:
        return tuple(self._found("state = 'INTENT'"))

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        return tuple(self._found("place = ? AND opened >= ?", place, iso_time(since)))

    def entries(self, since: datetime | None = None, *, newest_first: bool = False) -> Iterator[StoredRecord]:
        earliest = iso_time(since) if since else ""  # before any time
        return self._found("opened >= ?", earliest, newest_first=newest_first)

    def exempt(self, exemption: TimedExemption) -> None:
        expires = iso_time(exemption.expires + self._terms.retention)
        row = (exemption.id, expires, encode(exemption).decode())
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO exemptions VALUES (?, ?, ?)", row)

    def exemptions(self, now: datetime) -> Exemptions:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT id, exemption FROM exemptions ORDER BY id").fetchall()
        return read_exemptions(((exemption_id, _bytes(text)) for exemption_id, text in rows), now)

    def remove_exemption(self, exemption_id: str) -> bool:
        with self._database.writing() as connection:
            return connection.execute("DELETE FROM exemptions WHERE id = ?", (exemption_id,)).rowcount > 0

    def history(self, place: str, since: datetime) -> History:
        recent = self.recent(place, since)
        return History(recent, next(self._standing("place = ?", place), None))

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        with self._database.writing() as connection:
            stored = {each.id: _stored_at(connection, each.id) for each in (*stands, *gone)}
            kept = [each for each in stands if replaces(each, stored[each.id])]
            rows = [(each.id, each.unit, each.resource.id, msgspec.json.encode(each).decode()) for each in kept]
            connection.executemany("INSERT OR REPLACE INTO standing VALUES (?, ?, ?, ?)", rows)
            left = [each.id for each in gone if is_same(each, stored[each.id])]
            connection.executemany("DELETE FROM standing WHERE place = ?", [(place,) for place in left])
        return frozenset(stored) - {each.id for each in kept} - set(left)

    def standing(self, unit: str) -> tuple[StandingFound, ...]:
        return tuple(self._standing("unit = ?", unit))

    def all_standing(self) -> Iterator[StandingFound]:
        return self._standing("unit >= ?", "")

    def _standing(self, condition: str, value: str) -> Iterator[StandingFound]:
        query = f"SELECT place, standing FROM standing WHERE {condition} ORDER BY resource, place"  # noqa: S608 - our own words
        with self._database.reading() as connection:
            for place, text in connection.execute(query, (value,)):
                yield decode_standing(place, _bytes(text))

    def unit(self, key: str) -> UnitFound | None:
        return next((each for each in self.units() if each.id == key), None)

    def units(self) -> tuple[UnitFound, ...]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT id, unit FROM units ORDER BY id").fetchall()
        return tuple(decode_unit(key, _bytes(text)) for key, text in rows)

    def keep_unit(self, unit: Unit) -> bool:
        row = (unit.id, msgspec.json.encode(unit).decode())
        with self._database.writing() as connection:
            found = connection.execute("SELECT unit FROM units WHERE id = ?", (unit.id,)).fetchone()
            is_kept = replaces(unit, decode_unit(unit.id, _bytes(*found)) if found else None)
            if is_kept:
                connection.execute("INSERT OR REPLACE INTO units VALUES (?, ?)", row)
        return is_kept

    def _move(self, connection: sqlite3.Connection, record_id: str, state: State, record: Record) -> LedgerRecord:
        now = self._clock.now()
        moved = self._entry(connection, record_id).moved(state, End(now, record))
        row = (moved.state, iso_time(now + self._terms.retention), encode(moved).decode(), record_id)
        connection.execute("UPDATE entries SET state = ?, expires = ?, entry = ? WHERE id = ?", row)
        return moved

    def _entry(self, connection: sqlite3.Connection, record_id: str) -> LedgerRecord:
        row = connection.execute("SELECT entry, place FROM entries WHERE id = ?", (record_id,)).fetchone()
        if row is None:
            raise unknown(record_id, self.name)
        found = _read(record_id, *row)
        if isinstance(found, Unreadable):
            raise LedgerError(found.problem)
        return found

    def _check_place(self, connection: sqlite3.Connection, entry: LedgerRecord, seen: datetime) -> None:
        """Raise Busy if a lease of its place still ran then: of an open entry, or of one that has ended since."""
        rows = connection.execute(
            "SELECT id, opened, entry FROM entries WHERE place = ? AND (expires IS NULL OR expires > ?)",
            (entry.place, iso_time(seen + self._terms.retention)),
        )
        for record_id, opened, text in rows:
            leased_until = _leased_until(_read(record_id, text, entry.place), opened)
            if keeps_out(leased_until, seen):
                raise busy(entry.place, record_id, iso_time(leased_until))

    def _check_budget(self, connection: sqlite3.Connection, entry: LedgerRecord) -> None:
        """Raise BudgetSpent if the budget is spent. A resource that was mended in this hour counts once."""
        of_account = connection.execute(
            "SELECT DISTINCT place FROM entries WHERE account = ? AND opened >= ?",
            (entry.intent.account, hour(entry.opened)),
        )
        counted = {place for (place,) in of_account if control_of(place) == entry.intent.control}
        if entry.intent.budgeted and entry.place not in counted and len(counted) >= self._terms.budget:
            raise budget_spent(entry, self._terms)

    def _found(self, condition: str, *values: Any, newest_first: bool = False) -> Iterator[StoredRecord]:
        order = "opened DESC, id DESC" if newest_first else "opened, id"
        query = f"SELECT id, entry, place FROM entries WHERE {condition} ORDER BY {order}"  # noqa: S608 - our own words
        with self._database.reading() as connection:
            for record_id, text, place in connection.execute(query, values):
                yield _read(record_id, text, place)


def _stored_at(connection: sqlite3.Connection, place: str) -> StandingFound | None:
    row = connection.execute("SELECT standing FROM standing WHERE place = ?", (place,)).fetchone()
    return decode_standing(place, _bytes(*row)) if row else None


def _row(entry: LedgerRecord) -> tuple[str, ...]:
    """Return all columns of a new entry but `expires`."""
    intent = entry.intent
    searched = (entry.place, intent.account, intent.resource.id, iso_time(entry.opened), entry.state)
    return (entry.id, *searched, encode(entry).decode())


def _read(record_id: str, stored: Any, place: str) -> StoredRecord:
    return read_entry(record_id, lambda: decode_entry(_bytes(stored)), place)


def _bytes(stored: Any) -> bytes:
    """Return the bytes of a column, in which SQLite accepts a value of any type."""
    return stored if isinstance(stored, bytes) else str(stored).encode()


def _leased_until(found: StoredRecord, opened: str) -> datetime:
    """Return the end of an entry's lease. An entry that cannot be read counts as an intent that has not ended."""
    return found.leased_until if isinstance(found, LedgerRecord) else datetime.fromisoformat(opened) + LEASE


def _purge(connection: sqlite3.Connection, now: datetime) -> None:
    """Delete the entries and exemptions whose retention has ended."""
    for table in ("entries", "exemptions"):
        connection.execute(f"DELETE FROM {table} WHERE expires <= ?", (iso_time(now),))  # noqa: S608 - our own words
