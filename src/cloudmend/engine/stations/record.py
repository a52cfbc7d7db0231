"""Station seven: tell, then finish. A crash between the two tells twice, and never nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.ending import Ended, Target, record_of
from cloudmend.core.ledger import Ending, Entries, Entry
from cloudmend.core.model import ApiCall, Intent, Record, Status
from cloudmend.core.planning import form
from cloudmend.core.ports import CollectiveNotifier
from cloudmend.core.world import World
from cloudmend.engine.stations.judge import Planned, cause_of, leased
from cloudmend.engine.stations.read import Situation


def record(ended: Sequence[Ended], world: World) -> list[Record]:
    """Tell every end, then let the ledger know how each mend ended. What AWS has accepted only stays open there."""
    told = [(each, record_of(each, world.clock.now())) for each in ended]
    _publish([record for each, record in told if not each.given_up], world)
    return [_finished(each, record, world) for each, record in told]


def _publish(records: Sequence[Record], world: World) -> None:
    if records and isinstance(world.notifier, CollectiveNotifier):
        world.notifier.publish_all(records)
    else:
        for each in records:
            world.notifier.publish(each)


def _finished(ended: Ended, record: Record, world: World) -> Record:
    if ended.entry is None or ended.status == "pending":
        return record
    state: Ending = "DONE" if ended.status in ("mended", "clean") else "FAILED"
    try:
        world.ledger.finish(ended.entry, state, record)
    except Exception as error:  # noqa: BLE001 - what was done was told already
        problem = f"The ledger was not told how it ended ({error}). The next sweep completes it."
        return msgspec.structs.replace(record, errors=(*record.errors, problem))
    return record


def unfinished(controls: Sequence[Control[Any]], world: World) -> list[Target]:
    """Return a target for each mend that nobody ended, with its own cause: what a sweep completes first."""
    by_id = {control.id: control for control in controls}
    return [
        Target(control=by_id[intent.control], resource=intent.resource, cause=cause_of(_call_in(intent), intent))
        for entry in Entries(world.ledger.open_intents())
        if (intent := entry.intent).control in by_id
        and intent.region == world.region
        and not leased(entry, world.clock.now())
    ]


def _call_in(intent: Intent) -> ApiCall:
    return ApiCall(event_id="", source="", name="", time=None, account=intent.account, region=intent.region)


def left_behind(situation: Situation, ended: Ended | Planned, world: World) -> Iterator[Ended]:
    """Yield the ends of older mends of the resource that nobody ended: a crash, or a change that was not true yet.

    What they did is what the state shows as they planned it. Each is told with its own cause.
    """
    nothing_found = situation.target.swept and _ended_as(ended, "clean", "gone")  # then a sweep asks no ledger
    if nothing_found or _ended_as(ended, "failed", "pending"):
        return
    for entry in situation.known.recent():
        if entry.state == "INTENT" and not leased(entry, world.clock.now()):
            yield _completed(situation, entry)


def _ended_as(item: Ended | Planned, *statuses: Status) -> bool:
    return isinstance(item, Ended) and item.status in statuses


def _completed(situation: Situation, entry: Entry) -> Ended:
    target, intent = situation.target, entry.intent
    parts = situation.state.parts if situation.state else {}
    control = target.control
    steps = tuple(step for step in intent.steps if form(control, parts.get(step.part)) == form(control, step.after))
    return Ended(
        target=msgspec.structs.replace(target, cause=cause_of(target.cause, intent), swept=False),
        status="mended" if steps else "failed",
        why="A crash cut this mend off before it was told",
        steps=steps,
        undo=intent.undo,
        entry=entry,
        given_up=not steps,
    )
