"""Looks everywhere, whatever events did or did not say: the net below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.engine.mend import mend, resources_of

# An intent that is older was left behind by a crash: no invocation lives that long.
_LEFT_BEHIND: Final = timedelta(minutes=2)


class Sweep(Struct, frozen=True):
    """What a sweep did, and the resources that it did not reach in time."""

    records: tuple[Record, ...]
    left: tuple[Resource, ...] = ()


def sweep(
    *,
    controls: Sequence[Control],
    policy: Policy,
    world: World,
    until: datetime | None = None,
    only: Sequence[Resource] | None = None,
) -> Sweep:
    """Completes what a crash left behind, then closes what is open in the whole Region.

    It starts no mend after `until`. `only` goes on with what an earlier sweep left, and looks nowhere else.
    """
    run = one_run(world)
    records: list[Record] = [] if only else list(_complete_left_behind(controls, policy, run))
    left: list[Resource] = []
    for control in controls:
        found = only or resources_of(_everywhere(run), control, _cause(run), policy=policy, world=run)
        if isinstance(found, Record):
            records.append(found)
            continue
        for resource in found:
            if until and run.clock.now() >= until:
                left.append(resource)
            else:
                records.append(mend(resource, control, _cause(run), policy=policy, world=run, swept=True))
    return Sweep(tuple(records), tuple(left))


def _everywhere(world: World) -> Resource:
    return Resource(type="AWS::Region", id=world.region)


def _cause(world: World) -> ApiCall:
    return ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account="", region=world.region)


def _complete_left_behind(controls: Sequence[Control], policy: Policy, world: World) -> Iterator[Record]:
    """Mends again what an intent was for; whether it was done or not, the group is closed after it."""
    by_id = {control.id: control for control in controls}
    for entry in world.ledger.open_intents():
        control = by_id.get(entry.intent.control)
        is_here = entry.intent.region == world.region
        if control and is_here and entry.opened < world.clock.now() - _LEFT_BEHIND:
            record = mend(entry.intent.resource, control, _cause(world), policy=policy, world=world)
            yield record
            _close(entry, record, world)


def _close(entry: Entry, record: Record, world: World) -> None:
    """The old entry tells how it ended; its undo is its intent's."""
    told = msgspec.structs.replace(
        record, entry_id=entry.id, summary=f"A crash left it behind. Afterwards: {record.summary}"
    )
    world.ledger.finish(entry, "DONE" if record.status in ("clean", "mended") else "FAILED", told)
