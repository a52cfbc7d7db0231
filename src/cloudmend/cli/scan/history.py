"""The findings in a ledger: when each was opened, and when it was closed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from cloudmend.core.attribution import attribute
from cloudmend.core.ledger import Entry

Kind = Literal["mended", "open", "undone"]

_PROVED: Final = ("mended", "clean", "gone")


class OpenPeriod(Struct, frozen=True, kw_only=True):
    """A part of a resource that was open: mended, not mended at first, or opened again by an undo.

    `opened` is when the API call was made; if `is_exact` is false, it is when the part was found. `closed` is absent
    while no later mend is known; somebody may have closed it by hand.
    """

    control: str
    region: str
    resource: str
    entry_id: str
    kind: Kind
    opened: datetime
    closed: datetime | None
    is_exact: bool = True
    who: str  # opened it; whatever the caller called themselves
    told: str

    @property
    def lasted(self) -> timedelta | None:
        """The time that it stood open; None if either end is not known."""
        return self.closed - self.opened if self.closed and self.is_exact else None


def open_periods(entries: Iterable[Entry]) -> tuple[OpenPeriod, ...]:
    """Return what was open, by entries that are oldest first.

    If a mend left something open, the resource's next mend closed it.
    """
    periods: list[OpenPeriod] = []
    next_mend: dict[tuple[str, ...], datetime] = {}
    for entry in reversed(list(entries)):
        place = entry.intent.control, entry.intent.region, entry.intent.resource.id
        periods += _periods(entry, next_mend.get(place))
        if closed := _closed(entry):
            next_mend[place] = closed
    return tuple(sorted(periods, key=lambda period: period.opened))


def _periods(entry: Entry, next_mend: datetime | None) -> Iterator[OpenPeriod]:
    opened, is_exact = _opened(entry)
    record = entry.ended.record if entry.ended else None
    closed = _closed(entry)
    mended = OpenPeriod(
        control=entry.intent.control,
        region=entry.intent.region,
        resource=entry.intent.resource.id,
        entry_id=entry.id,
        kind="mended" if closed else "open",
        opened=opened,
        closed=closed or next_mend,
        is_exact=is_exact,
        who=attribute(entry.intent.actor).who,
        told=record.summary if record else "In progress, or cut off by a crash: the next try or sweep completes it.",
    )
    yield mended
    if undone := entry.undone:
        who, told = undone.record.attribution.who, undone.record.summary
        yield replace(mended, kind="undone", opened=undone.at, closed=next_mend, is_exact=True, who=who, told=told)


def _opened(entry: Entry) -> tuple[datetime, bool]:
    """Return when it was opened, and whether CloudTrail gave the time."""
    if entry.ended is None or entry.ended.record.seconds_since_call is None:
        return entry.opened, False
    return entry.ended.at - timedelta(seconds=entry.ended.record.seconds_since_call), True


def _closed(entry: Entry) -> datetime | None:
    """Return when it was proved closed, if it was."""
    return entry.ended.at if entry.ended and entry.ended.record.status in _PROVED else None
