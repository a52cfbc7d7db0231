"""Completes what a process that died left behind: compared with what is now, told, and then ended in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.control import Control
from cloudmend.core.errors import Busy, CloudmendError, WrongState
from cloudmend.core.ledger import Entry, Found, MendEnd, Unreadable
from cloudmend.core.left_behind import completed, is_news, not_completed
from cloudmend.core.model import Record
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.engine.record import Ended, ending, recorded, sentence


class Completed(NamedTuple):
    """An intent that was left behind, what was told of it, and whether something of it is as it was before."""

    entry: Entry
    control: Control
    told: tuple[Record, ...]
    is_left: bool = False


def complete_met(case: Case, facts: Any, recent: Iterable[Entry], world: World) -> bool:
    """Completes the oldest that a mend meets at its own resource; whether there was one.

    Its resource must then be looked at again: what was seen under another's lease is out of date. What cannot be
    completed is left to the sweep, which tells of it.
    """
    for entry in recent:
        if case.is_about(entry.intent) and entry.is_left_behind(seen := case.seen or world.clock.now()):
            try:
                _complete(entry, case.control, facts, seen, world)
            except Exception:  # noqa: BLE001, S112 - the mend goes on
                continue
            return True
    return False


def open_intents(world: World) -> tuple[Found, ...]:
    """All of the ledger; where it cannot be read, that alone."""
    try:
        return world.ledger.open_intents()
    except CloudmendError as error:
        return (Unreadable("", f"Which mends did not end cannot be read. {error}"),)


def complete_all(
    entries: Iterable[Entry], controls: Sequence[Control], policy: Policy, world: World
) -> Iterator[Completed]:
    """Completes those of open entries that were left behind in the Region."""
    by_id = {control.id: control for control in controls}
    for entry in entries:
        control = by_id.get(entry.intent.control)
        if control and entry.intent.region == world.region and entry.is_left_behind(world.clock.now()):
            yield _looked_at(entry, control, policy, world)


def _looked_at(entry: Entry, control: Control, policy: Policy, world: World) -> Completed:
    try:
        resource, seen = msgspec.structs.replace(entry.intent.resource, parts=()), world.clock.now()
        return _complete(entry, control, control.observe(resource, world.reader, policy), seen, world)
    except (Busy, WrongState):  # another completes it, or has
        return Completed(entry, control, ())
    except Exception as error:  # noqa: BLE001 - it must not keep the sweep from the rest
        record = not_completed(entry, sentence(error))
        world.notifier.publish(record)
        return Completed(entry, control, (record,))


def _complete(entry: Entry, control: Control, facts: Any, seen: datetime, world: World) -> Completed:
    """Raises CloudmendError where another may be at it, or it cannot be done now."""
    mine = world.ledger.resume(entry, seen)
    try:
        traces = None if facts is None else control.trace(entry.intent, facts)
    except Exception as error:  # noqa: BLE001 - what cannot be compared now never can be: it is told, and ended
        return Completed(mine, control, (_ended(mine, not_completed(mine, sentence(error)), world),))
    record, is_left = completed(mine, traces), bool(traces and traces.untouched)
    if is_news(traces):
        return Completed(mine, control, (_ended(mine, record, world),), is_left)
    world.ledger.finish(mine, ending(record), record)
    return Completed(mine, control, (), is_left)


def _ended(entry: Entry, record: Record, world: World) -> Record:
    """The record, told and then kept."""
    return recorded(Ended(record, MendEnd(entry, ending(record), record)), world)
