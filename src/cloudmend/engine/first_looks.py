"""The first looks at resources, which find the baseline: what an interrupted or a second one of them must not keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

import msgspec
from msgspec import Struct

from cloudmend.core.ledger_records import LedgerRecords, StoredRecord
from cloudmend.core.model import Record
from cloudmend.core.standing import (
    StandingFinding,
    StandingFound,
    StandingResource,
    Unit,
    UnitState,
    by_id,
    needs_first_look,
    next_revision,
)
from cloudmend.core.target import FLAP_WINDOW
from cloudmend.core.world import World
from cloudmend.engine.run_ledger import RunLedger


class Looked(Struct, frozen=True, kw_only=True):
    """The resources that a sweep looked at in a unit.

    `is_whole`: it was to look everywhere, and not only at what an earlier one left. `unlisted` says why not all that is
    there is known; `left` are the ids of resources that it did not reach in time.
    """

    began: datetime
    is_whole: bool
    targets: frozenset[str]  # ids of resources
    left: frozenset[str]
    unlisted: tuple[str, ...]
    records: Sequence[Record]

    @property
    def unread(self) -> dict[str, str]:
        """The reasons why resources could not be read, by their ids."""
        return {
            each.resource.id: each.summary
            for each in self.records
            if each.status == "failed" and not each.findings and each.resource.id in self.targets
        }

    def is_over(self, resource_id: str) -> bool:
        """Return whether a resource that could not be read before was read, or is not listed any more."""
        if resource_id in self.targets:
            return resource_id not in self.left
        return self.is_whole and not self.unlisted

    @property
    def clean(self) -> frozenset[str]:
        """The ids of resources at which nothing was found at fault."""
        return frozenset(each.resource.id for each in self.records if each.status == "clean")

    @property
    def not_judged(self) -> frozenset[str]:
        """The ids of resources that have a finding which cannot be judged yet."""
        return frozenset(each.resource.id for each in self.records if any(finding.wait for finding in each.findings))


def _seen(looked: Looked, ledger: RunLedger, stands: StandingResource) -> frozenset[str] | None:
    """Return the marks and parts that a sweep saw at fault at a resource.

    None if it did not look there, or could not judge all. A mark alone may tell less if a list cannot be read.
    """
    own = stands.resource.id
    if own in looked.not_judged:
        return None
    if stands.id in ledger.seen:
        return ledger.seen[stands.id]
    is_clean = own in looked.clean and stands.id not in by_id(ledger.standing_now)
    is_listed = not looked.is_whole or looked.unlisted or own in looked.targets
    return frozenset() if is_clean or not is_listed else None


def take_back(state: UnitState, current: Unit, looked: Looked, ledger: RunLedger, world: World) -> None:
    """Take out of the baseline what is known by now to be newer than the first look of its resource.

    A finding is newer if it was mended since, also if a look saw it a moment before, or if one of two first looks at
    the resource did not see it: this one, or one that another sweep ended before this one saw the finding. What the
    other saw, it has kept, and then the ledger did not take it from this sweep.
    """
    if not state.keeps_baseline or (state.unit.baseline and not state.unit.first_looks):
        return
    mended = mended_parts(world.ledger.entries(looked.began - FLAP_WINDOW))

    def is_new(each: StandingResource, finding: StandingFinding) -> bool:
        own, there = each.resource.id, _seen(looked, ledger, each)
        is_first = needs_first_look(state.unit, own)
        is_unseen = is_first and there is not None and there.isdisjoint((finding.mark, finding.part))
        is_late = is_first and not needs_first_look(current, own) and finding.since > _first_looked(current)
        return is_unseen or is_late or (each.id, finding.part) in mended

    latest = (each for each in world.ledger.standing(state.unit.id) if isinstance(each, StandingResource))
    others = ((each, [one for one in each.baseline if is_new(each, one)]) for each in latest)
    if later := [_replaced(each, new) for each, new in others if new]:
        ledger.keep_standing(later, [])


def _first_looked(unit: Unit) -> datetime:
    """Return when a sweep last ended first looks in a unit that has its mark."""
    return max(each for each in (unit.baseline, unit.first_looked) if each)


def mended_parts(found: Iterable[StoredRecord]) -> frozenset[tuple[str, str]]:
    """Return the parts that mends of a ledger were about: the key of the resource, and the id of the part."""
    return frozenset((entry.place, step.part) for entry in LedgerRecords(found) for step in entry.intent.steps)


def before_mends(found: StandingResource, mends: Callable[[datetime], frozenset[tuple[str, str]]]) -> StandingResource:
    """Return what stands, without a baseline that was mended since it was first seen.

    A first sweep that died may have kept what an event mended at that time. `mends` gives what was mended since a time.
    """
    if not found.baseline:
        return found
    mended = mends(min(each.since for each in found.baseline) - FLAP_WINDOW)
    return outside_baseline(found, [each for each in found.baseline if (found.id, each.part) in mended])


def outside_baseline(found: StandingResource, new: Sequence[StandingFinding]) -> StandingResource:
    """Return what stands, with the new findings outside the baseline."""
    findings = tuple(
        msgspec.structs.replace(each, status="observed") if each in new else each for each in found.findings
    )
    return msgspec.structs.replace(found, findings=findings)


def _replaced(found: StandingResource, new: Sequence[StandingFinding]) -> StandingResource:
    return msgspec.structs.replace(outside_baseline(found, new), revision=next_revision(found))


def without_mended(state: UnitState, world: World) -> Mapping[str, StandingFound]:
    """Return what stands in a unit, without a baseline that was mended before its first look was through."""
    mends = cache(lambda since: mended_parts(world.ledger.entries(since)))
    return {
        key: before_mends(each, mends)
        if isinstance(each, StandingResource) and needs_first_look(state.unit, each.resource.id)
        else each
        for key, each in state.standing.items()
    }
