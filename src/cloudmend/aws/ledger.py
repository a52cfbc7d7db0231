"""The ledger in a DynamoDB table, whose items ledger_items.py describes.

An intent, and its end, are one call each: a transaction that holds the place, the budget and the entry together.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from botocore import xform_name

from cloudmend.aws import ledger_items as items
from cloudmend.aws import standing_items
from cloudmend.aws.errors import translated
from cloudmend.core.errors import AwsError, Busy, LedgerError
from cloudmend.core.ledger import OTHER_LEDGER, History, MendEnd, Terms, budget_spent, busy, sharing_budget, unknown
from cloudmend.core.ledger_records import (
    End,
    Ending,
    Exemptions,
    LedgerRecord,
    LedgerRecords,
    State,
    StoredRecord,
    TimedExemption,
    Unreadable,
)
from cloudmend.core.model import Intent, Json, Record
from cloudmend.core.ports import Clock
from cloudmend.core.standing import StandingFound, StandingResource, Unit, UnitFound
from cloudmend.core.stored import read_exemptions
from cloudmend.core.ulid import LENGTH, span

# IAM knows no TransactWriteItems: each write in one needs the right to that write.
PERMISSIONS: Final = frozenset(
    {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
)

# Two transactions that touch one item at once: DynamoDB cancels one, and botocore does not send it again. Seconds
# before each further attempt, at most. All mends of an account count in one item, so a storm of events meets there.
_CONFLICT_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 0.8, 0.8)
# A mend asks for the last hour, and pays for one call: what version 1 stored would cost another (decision 32).
_AT_HAND: Final = timedelta(days=1)
_CONDITION: Final = "ConditionalCheckFailed"
_CONFLICT: Final = "TransactionConflict"
_NO_TABLE: Final = "ResourceNotFoundException"
_WRITTEN: Final = {"Code": "None"}  # DynamoDB's own word for a write that nothing was wrong with


class DynamoDbLedger:
    """A Ledger."""

    def __init__(self, connect: Callable[[str], Any], table: str, clock: Clock, terms: Terms) -> None:
        """`connect` gives the botocore client of a service by its name."""
        self._connect = connect
        self._table = table
        self._clock = clock
        self._terms = terms
        self._known_units: dict[str, Unit] = {}

    @property
    def name(self) -> str:
        return f"table {self._table} in {self._region}"

    def intend(self, intent: Intent) -> LedgerRecord:
        (entry,) = self.intend_all((intent,))
        return entry

    def intend_all(self, intents: Sequence[Intent]) -> tuple[LedgerRecord, ...]:
        now = self._clock.now()
        entries = tuple(LedgerRecord.of(intent, now, secrets.token_bytes(5)) for intent in intents)
        shares = list(sharing_budget(entries))
        for share in shares:  # the condition on a count holds where nothing was counted yet
            if len(share) > self._terms.budget:
                raise budget_spent(share[0], self._terms)
        locks = [items.put_lock(entry, entry.seen) for entry in entries]
        kept = [write for entry in entries for write in (items.put_entry(entry), items.put_open(entry))]
        counts = [items.count_resources(share, self._terms) for share in shares]
        reasons, counted = self._counted(locks, counts, kept)
        if any(map(items.is_no_count, counted)):
            anew = [items.count_anew if items.is_no_count(each) else items.count_resources for each in counted]
            counts = [count(share, self._terms) for count, share in zip(anew, shares, strict=True)]
            reasons, counted = self._counted(locks, counts, kept)
        for lock in filter(_refused, reasons):
            raise _busy(lock)
        for share, count in zip(shares, counted, strict=True):
            if _refused(count):
                raise budget_spent(share[0], self._terms)
        return entries

    def _counted(
        self, locks: Sequence[Json], counts: Sequence[Json], kept: Sequence[Json]
    ) -> tuple[Sequence[Json], Sequence[Json]]:
        """Write all or nothing; return the reasons for the locks and for the counts."""
        reasons = self._transact(*locks, *counts, *kept)
        return reasons[: len(locks)], reasons[len(locks) : len(locks) + len(counts)]

    def resume(self, entry: LedgerRecord, seen: datetime) -> LedgerRecord:
        now = self._clock.now()
        mine = entry.taken_over(now)
        lock, kept = self._transact(items.put_lock(mine, seen), items.keep_resumed(mine))
        if _refused(lock):
            raise _busy(lock)
        if _refused(kept):
            return self._found(kept, entry.id).taken_over(now)
        return mine

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        return self._move(entry, state, record, *items.let_in(entry, self._clock.now(), self._terms))

    def finish_all(self, ends: Sequence[MendEnd]) -> tuple[LedgerRecord, ...]:
        now = self._clock.now()
        moved = tuple(end.entry.moved(end.state, End(now, end.record)) for end in ends)
        expires = items.seconds(now, self._terms)
        writes = [
            write
            for before, after in zip((end.entry for end in ends), moved, strict=True)
            for write in (items.update_entry(before, after, expires), *items.let_in(before, now, self._terms))
        ]
        if any(map(_refused, self._transact(*writes))):
            raise LedgerError("One of several records cannot be ended as requested. None of them was ended.")
        return moved

    def undone(self, entry: LedgerRecord, record: Record) -> LedgerRecord:
        return self._move(entry, "UNDONE", record)

    def get(self, record_id: str, place: str = "") -> LedgerRecord:
        found = self._get(record_id, place or self._place_of(record_id))
        if isinstance(found, Unreadable):
            raise LedgerError(found.problem)
        if found is None:
            raise unknown(record_id, self.name)
        return found

    def _place_of(self, record_id: str) -> str:
        """Return the place of an entry by its id; empty if the index has no such id, and for an id of version 1."""
        if "/" in record_id or len(record_id) != LENGTH:
            return ""
        return next((each.place for each in self.beginning(record_id)), "")

    def _get(self, record_id: str, place: str) -> StoredRecord | None:
        """Return an entry by one read of the table itself; None if `record_id` is no id, or has no place."""
        if not (place or "/" in record_id):
            return None
        try:
            where = items.entry_key(record_id, place)
        except ValueError:
            return None
        answer = self._call("GetItem", Key=where, ConsistentRead=True)
        return items.found(answer["Item"]) if "Item" in answer else None

    def beginning(self, prefix: str) -> tuple[StoredRecord, ...]:
        try:
            first, last = map(items.sort_key, span(prefix))
        except ValueError:
            return ()
        between = self._query(
            "kind = :kind AND sk BETWEEN :first AND :last", index=items.INDEX, kind=items.KIND, first=first, last=last
        )
        return tuple(each for each in map(items.found, between) if each.id.startswith(prefix))

    def open_intents(self) -> tuple[StoredRecord, ...]:
        entries = LedgerRecords(map(self._marked, self._query("pk = :pk", pk=items.OPEN)))
        left = sorted((entry for entry in entries if entry.state == "INTENT"), key=lambda entry: entry.opened)
        return (*left, *entries.unreadable)

    def _marked(self, marker: Json) -> StoredRecord:
        """Return the entry that a marker in the partition of open entries names, or why it cannot be read."""
        record_id, place = marker["sk"]["S"], marker.get("place", {}).get("S", "")
        missing = Unreadable(record_id, f"Record {record_id} is open, and is not there.", place)
        try:
            found = self._get(record_id, place or self._place_of(record_id)) or missing
        except AwsError as error:
            found = Unreadable(record_id, str(error), place)
        if isinstance(found, LedgerRecord):
            return found
        advice = f'When it is clear what became of it, delete the item with pk "{items.OPEN}" and this id as its sk'
        return Unreadable(record_id, f"{found.problem} {advice} from {self.name}.", place)

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        own = list(self._since(items.partition_of(place), since))
        if self._clock.now() - since <= _AT_HAND:
            return tuple(own)
        old = self._since(items.old_partition_of(place), since)
        return (*(each for each in old if isinstance(each, Unreadable) or each.place == place), *own)

    def history(self, place: str, since: datetime) -> History:
        stored = list(
            self._query("pk = :pk AND sk >= :since", pk=items.partition_of(place), since=items.since_key(since))
        )
        recent = _opened(map(items.found, filter(items.is_entry, stored)), since)
        return History(tuple(recent), standing_items.standing_at(place, stored))

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        return frozenset(place for pairs in standing_items.writes(stands, gone) for place in self._kept_but(pairs))

    def _kept_but(self, pairs: Mapping[str, standing_items.Pair]) -> Iterator[str]:
        """Write pairs in one transaction. Yield the keys of those that another look replaced; the rest is written."""
        while pairs:
            reasons = self._transact(*(write for pair in pairs.values() for write in pair))
            answers = zip(pairs.items(), reasons[::2], strict=True)
            refused = {place: (own, reason.get("Item")) for (place, (own, _)), reason in answers if _refused(reason)}
            yield from (place for place, answer in refused.items() if not standing_items.is_as_wanted(*answer))
            pairs = {place: pair for place, pair in pairs.items() if place not in refused} if refused else {}

    def standing(self, unit: str) -> tuple[StandingFound, ...]:
        return tuple(map(standing_items.standing_of, self._query("pk = :pk", pk=standing_items.of_unit(unit))))

    def all_standing(self) -> Iterator[StandingFound]:
        found = self._query("kind = :kind", index=items.INDEX, kind=standing_items.KIND)
        return map(standing_items.standing_of, found)

    def unit(self, key: str) -> UnitFound | None:
        """Return a unit, or None. The ledger remembers a unit that has its mark, because no mark is ever removed."""
        if key not in self._known_units:
            answer = self._call("GetItem", Key=items.key(standing_items.UNITS, key), ConsistentRead=True)
            found = standing_items.unit_from(answer["Item"]) if "Item" in answer else None
            if not (isinstance(found, Unit) and found.baseline and not found.first_looks):
                return found
            self._known_units[key] = found
        return self._known_units[key]

    def units(self) -> tuple[UnitFound, ...]:
        return tuple(map(standing_items.unit_from, self._query("pk = :pk", pk=standing_items.UNITS)))

    def keep_unit(self, unit: Unit) -> bool:
        write = standing_items.put_unit(unit)
        (reason,) = self._transact(write)
        return not _refused(reason) or standing_items.is_as_wanted(write, reason.get("Item"))

    def _since(self, partition: str, since: datetime) -> Iterator[StoredRecord]:
        """Return the entries of a partition that were opened since then, oldest first."""
        stored = self._query("pk = :pk AND sk >= :since", pk=partition, since=items.since_key(since))
        return _opened(map(items.found, filter(items.is_entry, stored)), since)

    def entries(self, since: datetime | None = None, *, newest_first: bool = False) -> Iterator[StoredRecord]:
        """Return the entries from the index, which may lag by a moment."""
        earliest = items.since_key(since) if since else "0"  # before any time
        condition = "kind = :kind AND sk >= :since"
        found = self._query(condition, index=items.INDEX, newest_first=newest_first, kind=items.KIND, since=earliest)
        return _opened(map(items.found, found), since)

    def exempt(self, exemption: TimedExemption) -> None:
        self._call("PutItem", Item=items.exemption_item(exemption, self._terms))

    def exemptions(self, now: datetime) -> Exemptions:
        found = self._query("pk = :pk", pk=items.EXEMPTIONS)
        return read_exemptions(items.exemptions_of(found), now)

    def remove_exemption(self, exemption_id: str) -> bool:
        key = items.key(items.EXEMPTIONS, exemption_id)
        return "Attributes" in self._call("DeleteItem", Key=key, ReturnValues="ALL_OLD")

    def _move(self, entry: LedgerRecord, state: State, record: Record, *more: Json) -> LedgerRecord:
        """Store the new state together with `more`.

        If another mend holds the lock by now, the last write of `more` is left out.
        """
        now = self._clock.now()
        end = End(now, record)
        moved = entry.moved(state, end)
        writes = (items.update_entry(entry, moved, items.seconds(now, self._terms)), *more)
        told, *others = self._transact(*writes)
        if not _refused(told) and any(map(_refused, others)):  # our lease had run out, and another took the place
            told, *_ = self._transact(*writes[:-1])
        if not _refused(told):
            return moved
        return self._found(told, entry.id).moved(state, end)

    def _found(self, refused: Json, record_id: str) -> LedgerRecord:
        """Return the stored entry that made DynamoDB refuse a write. Raises LedgerError if there is none."""
        if "Item" not in refused:
            raise unknown(record_id, self.name)
        return items.unpacked(refused["Item"])

    def _transact(self, *writes: Json) -> Sequence[Json]:
        """Write all or nothing. Return a reason for each write, which says whether its condition did not hold."""
        for pause in _CONFLICT_PAUSES:
            reasons = self._attempt(writes, _CONFLICT)
            if not any(reason["Code"] == _CONFLICT for reason in reasons):
                return reasons
            self._clock.sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret
        return self._attempt(writes)

    def _attempt(self, writes: Sequence[Json], *bearable: str) -> Sequence[Json]:
        """Write once; return the reasons.

        Raises AwsError for a reason that is neither a failed condition nor one of the bearable codes.
        """
        with self._asking("TransactWriteItems"):
            try:
                self._client.transact_write_items(TransactItems=[self._in_table(write) for write in writes])
            except self._client.exceptions.TransactionCanceledException as error:
                reasons: Sequence[Json] = error.response["CancellationReasons"]
                if {reason["Code"] for reason in reasons} <= {_WRITTEN["Code"], _CONDITION, *bearable}:
                    return reasons
                raise
        return [_WRITTEN] * len(writes)

    def _in_table(self, write: Json) -> Json:
        return {kind: {"TableName": self._table, **fields} for kind, fields in write.items()}

    def _call(self, operation: str, **params: Any) -> Json:
        with self._asking(operation):
            answer: Json = getattr(self._client, xform_name(operation))(TableName=self._table, **params)
        return answer

    def _query(self, condition: str, *, index: str = "", newest_first: bool = False, **values: str) -> Iterator[Json]:
        """Yield the items of all pages, and read a page when it is needed. A read of the table itself is consistent."""
        source = {"IndexName": index} if index else {"ConsistentRead": True}
        with self._asking("Query"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues={f":{name}": items.text(value) for name, value in values.items()},
                ScanIndexForward=not newest_first,
                **source,
            )
            for page in pages:
                yield from page["Items"]

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
        """Raise AwsError in place of botocore's errors; for a missing table, the error says what to do."""
        try:
            with translated(f"dynamodb:{operation}", self._region):
                yield
        except AwsError as error:
            if error.code != _NO_TABLE:
                raise
            told = f"There is no table {self._table} in {self._region}. {OTHER_LEDGER}"
            raise AwsError(told, action=error.action, code=error.code, refused=True) from error

    @property
    def _client(self) -> Any:
        return self._connect("dynamodb")

    @property
    def _region(self) -> str:
        return str(self._client.meta.region_name)


def _opened(found: Iterable[StoredRecord], since: datetime | None) -> Iterator[StoredRecord]:
    """Return the entries that were opened since then. A sort key holds the time only to the millisecond."""
    return (each for each in found if isinstance(each, Unreadable) or since is None or each.opened >= since)


def _refused(reason: Json) -> bool:
    return bool(reason["Code"] == _CONDITION)


def _busy(lock: Json) -> Busy:
    """Return the error Busy for the item of a lock that could not be taken."""
    item = lock["Item"]
    return busy(*items.holder_of(item), item["leased_until"]["S"])
