"""The ledger's port: it stores each mend, for completion after a crash and for undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from cloudmend.core.errors import BudgetSpent, Busy, LedgerError
from cloudmend.core.escaping import plural
from cloudmend.core.ledger_records import (
    NO_LEASE,
    Ending,
    Exemptions,
    LedgerRecord,
    StoredRecord,
    TimedExemption,
    resource_of,
)
from cloudmend.core.model import Intent, Record
from cloudmend.core.standing import StandingFound, StandingResource, Unit, UnitFound

# The advice for an item that is not in the ledger that was searched.
OTHER_LEDGER: Final = (
    "A stack keeps its records in a table: pass its name as --ledger (the stack's output LedgerTableName) and its "
    "Region as --region. Without --ledger, a file of your own is searched. cloudmend records lists what a ledger holds."
)


class MendEnd(NamedTuple):
    """The arguments of `finish`."""

    entry: LedgerRecord
    state: Ending
    record: Record


class History(Struct, frozen=True):
    """The ledger's knowledge of a resource under a control: recent mends, oldest first, and its findings."""

    recent: tuple[StoredRecord, ...] = ()
    standing: StandingFound | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """The terms of a ledger: its budget and its retention.

    `budget`: how many resources of an account each control may mend in a clock hour, however often each; at least 1.
    `retention`: how long an item is kept after its end.
    """

    budget: int = 100
    retention: timedelta = timedelta(days=400)


class Ledger(Protocol):
    """A durable store of each mend: the plan before the first write, and the end.

    Every method raises LedgerError, and AwsError if the ledger is in AWS. In a list, an item that cannot be read hides
    no other: it is Unreadable, or a sentence among the exemptions.
    """

    @property
    def name(self) -> str:
        """The name of the ledger in a sentence: the table or the file, and its place."""

    def intend(self, intent: Intent) -> LedgerRecord:
        """Store a new entry in state INTENT, and count its resource in the hour's budget: both, or none.

        The budget is that of the account and the control. An intent that is not `budgeted` counts in none.

        Raises Busy if another's lease of the same place still ran when the resource was seen: the finding may be closed
        by now. An intent that outlived its lease stays as it is, to be completed. Raises BudgetSpent, and TooLarge.
        """

    def intend_all(self, intents: Sequence[Intent]) -> tuple[LedgerRecord, ...]:
        """Store up to 33 intents of one control, or 32 of two: all, or none. Raises as `intend` does.

        If some of them are counted in the budget already, BudgetSpent can be raised for all together though for none
        alone.
        """

    def resume(self, entry: LedgerRecord, seen: datetime) -> LedgerRecord:
        """Take over an intent whose process died: its lease begins again, and nobody else completes it.

        Raises Busy if a lease of its place still ran when the resource was seen, and WrongState if it has ended.
        """

    def finish(self, entry: LedgerRecord, state: Ending, record: Record) -> LedgerRecord:
        """Move INTENT -> DONE | FAILED, and let others in. A repeat is accepted. Raises WrongState."""

    def finish_all(self, ends: Sequence[MendEnd]) -> tuple[LedgerRecord, ...]:
        """Finish up to 33 mends: all, or none. Raises LedgerError if `finish` would for any."""

    def undone(self, entry: LedgerRecord, record: Record) -> LedgerRecord:
        """Move DONE | FAILED -> UNDONE. A repeat is accepted. Raises WrongState."""

    def get(self, record_id: str, place: str = "") -> LedgerRecord:
        """Return the entry of a whole id. Raise LedgerError if there is none.

        A table is read once if the `place` is known. Otherwise an index, which may lag by a moment, gives the place
        first.
        """

    def beginning(self, prefix: str) -> tuple[StoredRecord, ...]:
        """Return the entries whose id, a ULID, has this prefix, oldest first.

        They come from an index that may lag by a moment.
        """

    def open_intents(self) -> tuple[StoredRecord, ...]:
        """Return the entries in state INTENT, oldest first: under way, or abandoned by a crash."""

    def recent(self, place: str, since: datetime) -> tuple[StoredRecord, ...]:
        """Return the entries of a place that were opened since then, oldest first.

        Entries that version 1 stored in a table are among them if `since` is more than a day ago (decision 32).
        """

    def entries(self, since: datetime | None = None, *, newest_first: bool = False) -> Iterator[StoredRecord]:
        """Yield all entries, or those opened since then, oldest or newest first, read lazily."""

    def exempt(self, exemption: TimedExemption) -> None: ...

    def exemptions(self, now: datetime) -> Exemptions: ...

    def remove_exemption(self, exemption_id: str) -> bool:
        """Remove an exemption, and return whether there was one."""

    def history(self, place: str, since: datetime) -> History:
        """Return what `recent` does and the findings that stand at the resource, with one call."""

    def keep_standing(self, stands: Sequence[StandingResource], gone: Sequence[StandingFound]) -> frozenset[str]:
        """Store the findings that stand at resources, and forget those that are `gone`.

        Return the keys at which another look kept something meanwhile, by its revision: nothing is changed there.
        """

    def standing(self, unit: str) -> tuple[StandingFound, ...]:
        """Return the findings that stand in a unit, ACCOUNT/REGION/CONTROL, by resource id. It does not lag."""

    def all_standing(self) -> Iterator[StandingFound]:
        """Yield the findings that stand anywhere, by resource id. They may lag by a moment."""

    def unit(self, key: str) -> UnitFound | None:
        """Return when a unit was last read; None if it never was. A unit with its mark may be out of date."""

    def units(self) -> tuple[UnitFound, ...]:
        """Return all units."""

    def keep_unit(self, unit: Unit) -> bool:
        """Store a unit; return False and store nothing if another sweep did so meanwhile, by the revision."""


def hour(time: datetime) -> str:
    """Return the clock hour that a budget is for: 2026-11-24T07."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H}"


def next_hour(time: datetime) -> datetime:
    """Return the time when the next budget begins."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def keeps_out(leased_until: datetime, seen: datetime) -> bool:
    """Return whether a lease still ran at the time of a look."""
    return seen < leased_until <= seen + NO_LEASE


def busy(place: str, record_id: str, leased_until: str) -> Busy:
    """Return the error for a process that looked while that entry was open."""
    return Busy(
        f"Another mend of {resource_of(place)} was in progress when it was read (record {record_id}). If it is "
        f"still open, try again from {leased_until}."
    )


def budget_spent(entry: LedgerRecord, terms: Terms) -> BudgetSpent:
    """Return the error for an entry that found no room in the budget."""
    resources = plural(terms.budget, "resource")
    intent = entry.intent
    return BudgetSpent(
        f"Account {intent.account} has used its budget of {resources} under {intent.control} for the hour "
        f"{hour(entry.opened)}:00Z."
    )


def sharing_budget(entries: Iterable[LedgerRecord]) -> Iterator[Sequence[LedgerRecord]]:
    """Yield groups of entries that share a budget, of entries of one hour.

    An entry that counts in no budget is in no group.
    """
    shares: dict[tuple[str, str], list[LedgerRecord]] = {}
    for entry in entries:
        if entry.intent.budgeted:
            shares.setdefault((entry.intent.account, entry.intent.control), []).append(entry)
    return iter(shares.values())


def unknown(record_id: str, ledger: str) -> LedgerError:
    """Return the error for an id that the ledger of this name does not have."""
    return LedgerError(f"There is no record {record_id} in {ledger}. {OTHER_LEDGER}")
