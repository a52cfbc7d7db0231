"""A ledger in memory, for the tests of what stands on it; tests/ledgers/ holds it to what the real ones do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock

import msgspec

from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.ledger import History, MendEnd, Terms, budget_spent, busy, hour, keeps_out, sharing_budget, unknown
from cloudmend.core.ledger_records import (
    End,
    Ending,
    Exemptions,
    LedgerRecord,
    State,
    StoredRecord,
    TimedExemption,
    Unreadable,
    iso_time,
    resource_of,
    unit_of,
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


class MemoryStore:
    """The store that several ledgers share, as several processes share a table."""

    def __init__(self) -> None:
        self.entries: dict[str, LedgerRecord] = {}
        self.spoiled: dict[str, bytes] = {}  # what is stored of an entry in place of it
        self.exemptions: dict[str, bytes] = {}
        self.standing: dict[str, bytes] = {}
        self.units: dict[str, bytes] = {}
        self.lock = RLock()  # held from a check to the write that depends on it


class MemoryLedger:
    """A Ledger."""

    def __init__(self, clock: Clock, terms: Terms | None = None, store: MemoryStore | None = None) -> None:
        self._clock = clock
        self._terms = terms or Terms()
        self._store = store or MemoryStore()

    @property
    def name(self) -> str:
        return "the ledger of this test"

    def intend(self, intent: Intent) -> LedgerRecord:
        with self._store.lock:
            return self._intended(intent)

    def _intended(self, intent: Intent) -> LedgerRecord:
        entry = LedgerRecord.of(intent, self._clock.now(), secrets.token_bytes(5))
        self._check_place(entry, entry.seen)
        same_hour = [each for each in list(self._store.entries.values()) if hour(each.opened) == hour(entry.opened)]
        counted = {each.place for share in sharing_budget([*same_hour, entry]) if entry in share for each in share}
        is_new = all(each.place != entry.place for each in same_hour)
        if is_new and len(counted) > self._terms.budget:
            raise budget_spent(entry, self._terms)
        self._store.entries[entry.id] = entry
        return entry

    def intend_all(self, intents: Sequence[Intent]) -> tuple[LedgerRecord, ...]:
        with self._whole():
            return tuple(map(self.intend, intents))

    def resume(self, entry: LedgerRecord, seen: datetime) -> LedgerRecord:
        with self._store.lock:
            before = self.get(entry.id)
            mine = before.taken_over(self._clock.now())
            self._check_place(before, seen)
            self._store.entries[mine.id] = mine
            return mine

    def _check_place(self, entry: LedgerRecord, seen: datetime) -> None:
        for other in list(self._store.entries.values()):
            if other.place == entry.place and keeps_out(other.leased_until, seen):
                raise busy(other.place, other.id, iso_time(other.leased_until))

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        return self._move(entry.id, state, record)

    def finish_all(self, ends: Sequence[MendEnd]) -> tuple[LedgerRecord, ...]:
        with self._whole():
            return tuple(self.finish(*end) for end in ends)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Keep everything that is done within, or nothing if an error leaves it."""
        with self._store.lock:
            before = dict(self._store.entries)
            try:
                yield
            except CloudmendError:
                self._store.entries = before
                raise

    def undone(self, entry: LedgerRecord, record: Record) -> LedgerRecord:
        return self._move(entry.id, "UNDONE", record)

    def _move(self, record_id: str, state: State, record: Record) -> LedgerRecord:
        moved = self.get(record_id).moved(state, End(self._clock.now(), record))
        self._store.entries[record_id] = moved
        return moved

    def get(self, record_id: str, place: str = "") -> LedgerRecord:  # noqa: ARG002 - the id is enough here
        if record_id not in self._store.entries:
            raise unknown(record_id, self.name)
        found = self._read(self._store.entries[record_id])
        if isinstance(found, Unreadable):
            raise LedgerError(found.problem)
        return found

    def open_intents(self) -> tuple[StoredRecord, ...]:
        return tuple(self._read(entry) for entry in self._sorted() if entry.state == "INTENT")

    def beginning(self, prefix: str) -> tuple[StoredRecord, ...]:
        return tuple(self._read(entry) for entry in self._sorted() if entry.id.startswith(prefix))

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        found = (entry for entry in self._sorted() if entry.place == place)
        return tuple(self._read(entry) for entry in found if entry.opened >= since)

    def entries(self, since: datetime | None = None, *, newest_first: bool = False) -> Iterator[StoredRecord]:
        found = self._sorted()[::-1] if newest_first else self._sorted()
        return (self._read(entry) for entry in found if since is None or entry.opened >= since)

    def _sorted(self) -> list[LedgerRecord]:
        return sorted(self._store.entries.values(), key=lambda entry: (entry.opened, entry.id))

    def _read(self, entry: LedgerRecord) -> StoredRecord:
        spoiled = self._store.spoiled.get(entry.id)
        return entry if spoiled is None else read_entry(entry.id, lambda: decode_entry(spoiled), entry.place)

    def exempt(self, exemption: TimedExemption) -> None:
        self._store.exemptions[exemption.id] = encode(exemption)

    def exemptions(self, now: datetime) -> Exemptions:
        return read_exemptions(sorted(self._store.exemptions.items()), now)

    def remove_exemption(self, exemption_id: str) -> bool:
        return self._store.exemptions.pop(exemption_id, None) is not None

    def history(self, place: str, since: datetime) -> History:
        stored = self._store.standing.get(place)
        return History(self.recent(place, since), decode_standing(place, stored) if stored is not None else None)

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        stored = {each.id: each for each in self.all_standing()}
        kept = [each for each in stands if replaces(each, stored.get(each.id))]
        left = [each.id for each in gone if is_same(each, stored.get(each.id))]
        self._store.standing.update({each.id: msgspec.json.encode(each) for each in kept})
        for place in left:
            self._store.standing.pop(place, None)
        return frozenset(each.id for each in (*stands, *gone)) - {each.id for each in kept} - set(left)

    def standing(self, unit: str) -> tuple[StandingFound, ...]:
        return tuple(each for each in self.all_standing() if unit_of(each.id) == unit)

    def all_standing(self) -> Iterator[StandingFound]:
        by_resource = sorted(self._store.standing.items(), key=lambda item: (resource_of(item[0]), item[0]))
        return (decode_standing(place, data) for place, data in by_resource)

    def unit(self, key: str) -> UnitFound | None:
        return next((each for each in self.units() if each.id == key), None)

    def units(self) -> tuple[UnitFound, ...]:
        return tuple(decode_unit(key, data) for key, data in sorted(self._store.units.items()))

    def keep_unit(self, unit: Unit) -> bool:
        is_kept = replaces(unit, self.unit(unit.id))
        if is_kept:
            self._store.units[unit.id] = msgspec.json.encode(unit)
        return is_kept
