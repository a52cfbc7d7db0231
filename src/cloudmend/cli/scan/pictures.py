"""Pictures of the findings in a ledger: the periods in which they were open, and the positions of numbers and times.

A position is across in percent of a picture's width, and down in pixels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from cloudmend.cli.scan.report import Report, Row, resources_of
from cloudmend.core.attribution import attribute
from cloudmend.core.escaping import cut, plural
from cloudmend.core.ledger_records import LedgerRecord

Kind = Literal["mended", "open", "undone"]

_PROVED: Final = ("mended", "clean", "gone")
_ACTIONS: Final = ("fix", "observe", "exempt")
_MOST_BARS: Final = 10
_MOST_LANES: Final = 20
_LABEL: Final = 32  # characters: a value may be long, and a phone narrow
_TICKS: Final = 4  # steps of the axis of time
_LEAST: Final = 0.6  # percent: a finding that was open for seconds is still seen


class OpenPeriod(Struct, frozen=True, kw_only=True):
    """A part of a resource that was open: mended, not mended at first, or opened again by an undo.

    `opened` is when the API call was made; if `is_exact` is false, it is when the part was found. `closed` is absent
    while no later mend is known; somebody may have closed it by hand.
    """

    control: str
    region: str
    resource: str
    record_id: str
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


def open_periods(entries: Iterable[LedgerRecord]) -> tuple[OpenPeriod, ...]:
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


def _periods(entry: LedgerRecord, next_mend: datetime | None) -> Iterator[OpenPeriod]:
    opened, is_exact = _opened(entry)
    record = entry.ended.record if entry.ended else None
    closed = _closed(entry)
    mended = OpenPeriod(
        control=entry.intent.control,
        region=entry.intent.region,
        resource=entry.intent.resource.id,
        record_id=entry.id,
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


def _opened(entry: LedgerRecord) -> tuple[datetime, bool]:
    """Return when it was opened, and whether CloudTrail gave the time."""
    if entry.ended is None or entry.ended.record.seconds_since_call is None:
        return entry.opened, False
    return entry.ended.at - timedelta(seconds=entry.ended.record.seconds_since_call), True


def _closed(entry: LedgerRecord) -> datetime | None:
    """Return when it was proved closed, if it was."""
    return entry.ended.at if entry.ended and entry.ended.record.status in _PROVED else None


class Part(Struct, frozen=True):
    """A piece of a bar; `kind` is its class."""

    kind: str
    x: float
    width: float
    told: str = ""


class Bar(Struct, frozen=True):
    """A line of a picture."""

    label: str
    told: str
    parts: tuple[Part, ...]
    where: str = ""  # what a narrow window leaves out


class Tick(Struct, frozen=True):
    x: float
    label: str


class Timeline(Struct, frozen=True, kw_only=True):
    """A lane for each resource; `left_out` resources have none."""

    lanes: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    left_out: int


def bars(report: Report, key: Callable[[Row], str]) -> tuple[Bar, ...]:
    """Return the numbers of findings by `key`, the largest first. The last bar counts all others.

    What is found of settings alone comes after what is found of resources.
    """
    counts = Counter(map(key, report.rows))
    of_resources = {key(row) for row in report.rows if not row.is_setting}
    named = sorted(counts, key=lambda label: (label not in of_resources, -counts[label]))[:_MOST_BARS]
    rows = {label: [row for row in report.rows if key(row) == label] for label in named}
    if others := [row for row in report.rows if key(row) not in rows]:
        rows[f"{len(counts) - len(named)} others"] = others
    longest = max(map(len, rows.values()), default=1)
    return tuple(_bar(label, of_label, longest) for label, of_label in rows.items())


def _bar(label: str, rows: Sequence[Row], longest: int) -> Bar:
    counts = Counter(row.action for row in rows)
    widths = [100 * counts[action] / longest for action in _ACTIONS]
    starts = accumulate(widths, initial=0.0)
    return Bar(
        label=cut(label, _LABEL),
        told=plural(len(rows), "finding"),
        where=f"in {resources_of(rows)}",
        parts=tuple(
            Part(action, x, width) for action, x, width in zip(_ACTIONS, starts, widths, strict=False) if width
        ),
    )


def timeline(periods: Sequence[OpenPeriod], now: datetime) -> Timeline:
    """Return the times in which findings were open, for the resources that were opened last."""
    latest = list(dict.fromkeys(map(_place, reversed(periods))))
    places = latest[:_MOST_LANES]
    shown = [period for period in periods if _place(period) in places]
    start = min((period.opened for period in shown), default=now)
    scale = _Scale(start, max(now - start, timedelta(minutes=1)))
    return Timeline(
        lanes=tuple(_lane([period for period in shown if _place(period) == place], scale) for place in places),
        ticks=tuple(scale.tick(step) for step in range(_TICKS + 1)),
        left_out=len(latest) - len(places),
    )


def _place(period: OpenPeriod) -> tuple[str, ...]:
    return period.control, period.region, period.resource


class _Scale(Struct, frozen=True):
    """A scale from the left edge to the right edge."""

    start: datetime
    length: timedelta

    def x(self, time: datetime) -> float:
        return min(100.0, max(0.0, 100 * ((time - self.start) / self.length)))

    def tick(self, step: int) -> Tick:
        time = (self.start + self.length * step / _TICKS).astimezone(UTC)
        return Tick(100 * step / _TICKS, f"{time:{self._form()}}")

    def _form(self) -> str:
        """So fine that no two marks say the same."""
        if self.length < timedelta(minutes=_TICKS):
            return "%d %b %H:%M:%S"
        return "%d %b %H:%M" if self.length < timedelta(days=_TICKS) else "%d %b %Y"


def _lane(periods: Sequence[OpenPeriod], scale: _Scale) -> Bar:
    return Bar(periods[0].resource, periods[0].region, tuple(_opening(period, scale) for period in periods))


def _opening(period: OpenPeriod, scale: _Scale) -> Part:
    """Return the bar of an opening. It reaches the right edge if no end of the opening is known."""
    x = scale.x(period.opened)
    width = max((scale.x(period.closed) if period.closed else 100.0) - x, _LEAST)
    return Part(period.kind, min(x, 100.0 - _LEAST), width, period.told)
