"""The findings that stand because nobody has mended them, and when each unit was last read.

A unit is a control in one account and Region. Its mark says that its first sweep is through: what that found is the
baseline (decision 34).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from cloudmend.core.errors import LedgerError
from cloudmend.core.model import ApiCall, Resource

# The version of the stored shapes below; docs/reference/records.md.
STANDING_VERSION: Final = 1

# The time from one notice of what stands to the next.
TOLD_AGAIN: Final = timedelta(days=7)
# The bytes of ids that have room beside a mark: DynamoDB takes 400 KB in one item. A unit with more ids is marked by a
# later sweep.
MOST_FIRST_LOOKS: Final = 300_000
# The same for the resources that cannot be read: one more than that is reported by each sweep.
MOST_UNREADABLE: Final = 50_000
_BESIDE_ID: Final = 80  # bytes of an UnreadResource beside its id
# A unit that cannot be read whole for so long gets its mark nevertheless: otherwise its sweeps would never mend
# anything.
PATIENCE: Final = timedelta(days=1)

Stand = Literal["observed", "open", "failed", "pending", "deferred", "exempt", "baseline"]
Instant = Annotated[datetime, Meta(tz=True)]


class StandingFinding(Struct, frozen=True, kw_only=True):
    """A part at fault, what became of it, and when it was first seen so. `mark` names the fault by its value."""

    part: str
    why: str
    mark: str
    status: Stand
    since: Instant


class StandingResource(Struct, frozen=True, kw_only=True):
    """The findings that stand at a resource.

    `told` is when people were last notified of it, and `held` how many events notified nobody since. `seen` is when it
    was last looked at and anything about it changed: its unit says when it was last read. `old` are the marks of all
    parts that are older than cloudmend, at fault or not, if the control judges by age.
    """

    version: int = STANDING_VERSION
    account: str
    region: str
    control: str
    resource: Resource
    findings: tuple[StandingFinding, ...]
    seen: Instant
    told: Instant | None = None
    held: int = 0
    old: tuple[str, ...] = ()
    revision: int = 0  # see `next_revision`

    @property
    def id(self) -> str:
        """The key of the resource under its control: ACCOUNT/REGION/CONTROL/RESOURCE."""
        return f"{self.unit}/{self.resource.id}"

    @property
    def unit(self) -> str:
        """The key of its unit: ACCOUNT/REGION/CONTROL."""
        return unit_key(self.account, self.region, self.control)

    @property
    def since(self) -> datetime:
        """The time when the oldest of its findings was first seen."""
        return min(finding.since for finding in self.findings)

    @property
    def baseline(self) -> tuple[StandingFinding, ...]:
        """The findings that were there before cloudmend."""
        return tuple(finding for finding in self.findings if finding.status == "baseline")

    def says_the_same(self, other: StandingResource | None) -> bool:
        """Return whether the other differs in nothing but the time of the look."""
        return other is not None and msgspec.structs.replace(other, seen=self.seen, revision=self.revision) == self


class UnreadResource(Struct, frozen=True):
    """A resource that sweeps cannot read, when people were last notified of it, and how many looks notified nobody."""

    id: str
    told: Instant
    held: int = 0


class Unit(Struct, frozen=True, kw_only=True):
    """A control in an account and Region, and the results of its sweeps.

    `read` is when the unit was last read whole. `unread` is what could not be read the last time, in words, and
    `unreadable` are the resources among it, as many as have room. `baseline` is its mark: the time since when the
    faults from before cloudmend are known. `first_looks` are the ids of the resources whose faults from before are not
    known yet: what their first look finds is baseline, too.
    """

    version: int = STANDING_VERSION
    account: str
    region: str
    control: str
    tried: Instant  # when its first sweep began
    read: Instant | None = None
    unread: tuple[str, ...] = ()
    unreadable: tuple[UnreadResource, ...] = ()
    baseline: Instant | None = None
    first_looks: tuple[str, ...] = ()
    first_looked: Instant | None = None  # when a sweep last took resources out of `first_looks`
    told: Instant | None = None  # when people last got a digest
    held: int = 0  # sweeps that told nobody since then, though something stands
    unlisted: Instant | None = None  # when people were last notified that it cannot be listed, if that is still so
    revision: int = 0

    @property
    def id(self) -> str:
        return unit_key(self.account, self.region, self.control)

    def is_known_unread(self, resource_id: str) -> bool:
        """Return whether people know that a resource cannot be read."""
        return any(each.id == resource_id for each in self.unreadable)

    def is_known_unlisted(self, now: datetime) -> bool:
        """Return whether people know that it cannot be listed, and were notified less than a week ago."""
        return self.unlisted is not None and now - self.unlisted < TOLD_AGAIN


def unreadable_after(
    known: Sequence[UnreadResource], unread: Collection[str], is_over: Callable[[str], bool], now: datetime
) -> tuple[UnreadResource, ...]:
    """Return the resources that cannot be read after a sweep, as many as have room beside a mark.

    `unread` are those that this sweep could not read: it has reported the new ones. `is_over` says whether another one,
    by its id, was read or is gone.
    """
    still = [
        msgspec.structs.replace(each, held=each.held + 1) if each.id in unread else each
        for each in known
        if each.id in unread or not is_over(each.id)
    ]
    new = sorted({*unread} - {each.id for each in known})
    room = MOST_UNREADABLE - len(msgspec.json.encode(still))
    return (*still, *(UnreadResource(each, now) for each in with_room(new, room, _BESIDE_ID)))


def with_room(ids: Iterable[str], room: int, beside: int = 1) -> Iterator[str]:
    """Yield the first of these ids, as many as fit in so many bytes with what stands beside each."""
    for each in ids:
        room -= len(msgspec.json.encode(each)) + beside
        if room < 0:
            return
        yield each


class UnreadableStanding(Struct, frozen=True):
    """A stored resource or unit that cannot be read: its key, and why."""

    id: str
    problem: str
    revision: int = 0


StandingFound = StandingResource | UnreadableStanding
UnitFound = Unit | UnreadableStanding
_Found = StandingResource | Unit | UnreadableStanding | None


def next_revision(found: _Found) -> int:
    """Return the revision of what replaces a stored item: a ledger stores it only if nobody replaced that meanwhile.

    The first has 1. An item that cannot be read has none: its successor has 0, and is stored whatever is there.
    """
    if isinstance(found, UnreadableStanding):
        return 0
    return found.revision + 1 if found else 1


def replaces(new: StandingResource | Unit, stored: _Found) -> bool:
    """Return whether an item may be stored in place of another, or is stored already: an answer may be lost."""
    return not new.revision or new.revision == (next_revision(stored) or new.revision) or new == stored


def is_same(known: StandingFound, stored: StandingFound | None) -> bool:
    """Return whether nobody replaced what was known to be stored, so that it may be forgotten."""
    return not known.revision or stored is None or known.revision == stored.revision


_Stored = TypeVar("_Stored", StandingResource, Unit)


class Before(Struct, frozen=True, kw_only=True):
    """The facts about a resource that were known before a look at it.

    `is_first`: the faults from before cloudmend are not known yet, so this look finds the baseline. Without a stack no
    baseline is kept, so no look is the first. `is_sure`: the ledger did answer. If it did not, findings that are left
    for now are not stored as the baseline.
    """

    standing: StandingResource | None = None
    is_first: bool = False
    keeps_baseline: bool = False
    is_sure: bool = True

    @property
    def baseline(self) -> tuple[StandingFinding, ...]:
        """The findings that count as there before cloudmend; none if no baseline is kept."""
        return self.standing.baseline if self.standing and self.keeps_baseline else ()


class UnitState(Struct, frozen=True, kw_only=True):
    """The facts that a sweep knows of its unit when it begins: its mark, and all that stands, by key."""

    unit: Unit
    standing: Mapping[str, StandingFound] = {}
    keeps_baseline: bool = False

    def before(self, key: str) -> Before:
        """Return the known facts about the resource of a key; if they cannot be read, the next look is a first."""
        found = self.standing.get(key)
        resource_id = key.removeprefix(f"{self.unit.id}/")
        is_first = needs_first_look(self.unit, resource_id) or isinstance(found, UnreadableStanding)
        return Before(
            standing=found if isinstance(found, StandingResource) else None,
            is_first=self.keeps_baseline and is_first,
            keeps_baseline=self.keeps_baseline,
        )


def needs_first_look(unit: UnitFound | None, resource_id: str) -> bool:
    """Return whether the faults of a resource from before cloudmend are not known."""
    return not isinstance(unit, Unit) or unit.baseline is None or resource_id in unit.first_looks


def unit_key(account: str, region: str, control: str) -> str:
    """Return the key of a unit."""
    return f"{account}/{region}/{control}"


class Fault(NamedTuple):
    """A part that is at fault now, with its mark and what becomes of it."""

    part: str
    why: str
    mark: str
    status: Stand


def merged(before: StandingResource | None, found: Iterable[Fault], now: datetime) -> tuple[StandingFinding, ...]:
    """Return the findings that stand now, each once by its mark. A known one keeps the time it was first seen."""
    since = {finding.mark: finding.since for finding in before.findings} if before else {}
    by_mark = {
        fault.mark: StandingFinding(
            part=fault.part, why=fault.why, mark=fault.mark, status=fault.status, since=since.get(fault.mark, now)
        )
        for fault in found
    }
    return tuple(by_mark.values())


def is_news(before: StandingResource | None, found: Sequence[StandingFinding | Fault], now: datetime) -> bool:
    """Return whether people do not know of a finding that stands, or were last notified a week ago."""
    if before is None or before.told is None or now - before.told >= TOLD_AGAIN:
        return True
    known = {finding.mark for finding in before.findings}
    return not {finding.mark for finding in found} <= known


def precedes(finding: StandingFinding, call: ApiCall, named: Sequence[str]) -> bool:
    """Return whether a finding of the baseline was there before a call, so that the call did not open it.

    The call opened the parts that the event names. If it names none, only a finding that was seen before the call is
    older. CloudTrail gives whole seconds, so a finding that was first seen in the second of the call may be its doing.
    """
    if named:
        return finding.part not in named
    return call.time is None or finding.since < call.time


def decode_standing(key: str, data: bytes) -> StandingFound:
    """Return the stored findings of a resource, or why they cannot be read."""
    try:
        found = _decoded(data, StandingResource)
        if found.id == key and found.findings:
            return found
        problem = f"it says that it is about {found.id}" if found.findings else "it holds no finding"
    except (msgspec.MsgspecError, LedgerError) as error:
        problem = str(error)
    return UnreadableStanding(key, f"What stands at {key} cannot be read: {problem}. Was it edited by hand?")


def decode_unit(key: str, data: bytes) -> UnitFound:
    """Return the stored unit, or why it cannot be read."""
    try:
        found = _decoded(data, Unit)
        if found.id == key:
            return found
        problem = f"it says that it is about {found.id}"
    except (msgspec.MsgspecError, LedgerError) as error:
        problem = str(error)
    return UnreadableStanding(key, f"When {key} was last read cannot be read: {problem}. Was it edited by hand?")


class _Header(Struct):
    """The field that every version has."""

    version: int


def _decoded(data: bytes, kind: type[_Stored]) -> _Stored:
    version = msgspec.json.decode(data, type=_Header).version
    if version > STANDING_VERSION:
        raise LedgerError(f"it was stored in version {version}; this cloudmend reads up to {STANDING_VERSION}")
    return msgspec.json.decode(data, type=kind)


def by_id(found: Iterable[StandingFound]) -> Mapping[str, StandingFound]:
    """Return the findings that stand, by the key of their resource."""
    return {each.id: each for each in found}
