"""The end of a first sweep beside other looks: what is known by then to be newer than the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from cloudmend.core.ending import FLAP_WINDOW
from cloudmend.core.ledger import Entries
from cloudmend.core.standing import StandingFinding, StandingResource, Unit, UnitState, next_revision
from cloudmend.core.world import World
from cloudmend.engine.run_ledger import RunLedger


def take_back(state: UnitState, current: Unit, began: datetime, ledger: RunLedger, world: World) -> None:
    """Take out of the baseline what a first look saw and what is known by now to be newer.

    That is what was mended since, also if the look saw it a moment before, and what was first seen when another sweep
    had given the unit its mark already.
    """
    if not state.keeps_baseline or (state.unit.baseline and not state.unit.first_looks):
        return
    recent = Entries(world.ledger.entries(began - FLAP_WINDOW))
    mended = {(entry.place, step.part) for entry in recent for step in entry.intent.steps}
    mark = current.baseline if not state.unit.baseline else None

    def is_new(each: StandingResource, finding: StandingFinding) -> bool:
        is_late = mark is not None and finding.since > mark and each.resource.id not in current.first_looks
        return finding.status == "baseline" and (is_late or (each.id, finding.part) in mended)

    others = (_without(each, [one for one in each.findings if is_new(each, one)]) for each in ledger.standing_now)
    if stands := [each for each in others if each]:
        ledger.keep_standing(stands, [])


def _without(found: StandingResource, new: Sequence[StandingFinding]) -> StandingResource | None:
    """Return what stands, with the new findings outside the baseline; None if there are none."""
    findings = tuple(
        msgspec.structs.replace(each, status="observed") if each in new else each for each in found.findings
    )
    return msgspec.structs.replace(found, findings=findings, revision=next_revision(found)) if new else None
