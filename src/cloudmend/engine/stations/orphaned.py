"""Complete the orphaned intents: those whose process died before it could end them.

Each is compared with the present state, reported, and then ended in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from cloudmend.core.contract import Control, Parts, State, View, after
from cloudmend.core.ending import edit
from cloudmend.core.errors import Busy, CloudmendError, LedgerError, WrongState
from cloudmend.core.guidance import guided
from cloudmend.core.ledger import MendEnd
from cloudmend.core.ledger_records import LedgerRecord, StoredRecord, Unreadable
from cloudmend.core.model import Edit, Intent, Record, Resource, Step
from cloudmend.core.orphaned import Traces, completed, is_news, not_completed
from cloudmend.core.planning import calls, judge, same
from cloudmend.core.policy.model import Policy
from cloudmend.core.reversal import check_intent
from cloudmend.core.world import World
from cloudmend.engine.stations.taken import with_taken
from cloudmend.engine.stations.tell import ending, record_all
from cloudmend.engine.stations.values import Situation, sentence

_NO_STEPS: Final = (
    "An older cloudmend began it, and did not keep what it planned for each part. Look up in CloudTrail what was done."
)


class Completed(NamedTuple):
    """An orphaned intent, its reported records, and whether some part is as it was before the intent."""

    entry: LedgerRecord
    control: Control[Any]
    told: tuple[Record, ...]
    is_left: bool = False


def complete_met(situation: Situation, policy: Policy, world: World) -> bool:
    """Complete the oldest orphaned intent at the resource of a mend; return whether there was one.

    The resource must then be read again, because a state that was read during another lease is out of date. An intent
    that cannot be completed stays for the sweep, which reports it.
    """
    for entry in () if situation.target.swept else situation.known.recent().entries:
        if entry.is_orphaned(situation.seen) and not _is_followed(entry, situation, policy):
            try:
                control = situation.target.control
                _complete(entry, control, situation.state, situation.seen, policy.settings_of(control), world)
            except Exception:  # noqa: BLE001, S112 - the mend goes on
                continue
            return True
    return False


def _is_followed(entry: LedgerRecord, situation: Situation, policy: Policy) -> bool:
    """Return whether an intent is a mend that AWS accepted and may still be at: the queue looks on its behalf."""
    target, state = situation.target, situation.state
    is_young = situation.seen < entry.opened + target.control.settles_in
    if entry.id != target.accepted or state is None or not is_young:
        return False
    view = View(resource=target.resource, state=state, cause=target.cause, now=situation.seen)
    return bool(judge(target.control, view, policy.settings_of(target.control)).counted)


def open_intents(world: World) -> tuple[StoredRecord, ...]:
    """Return all open intents of the ledger. If the ledger cannot be read, return only an entry that says so."""
    try:
        return world.ledger.open_intents()
    except CloudmendError as error:
        return (Unreadable("", f"Which mends did not end cannot be read. {error}"),)


def complete_all(
    entries: Iterable[LedgerRecord], controls: Sequence[Control[Any]], policy: Policy, world: World
) -> Iterator[Completed]:
    """Complete the orphaned intents of the Region, and yield each with its records."""
    by_id = {control.id: control for control in controls}
    for entry in entries:
        control = by_id.get(entry.intent.control)
        if control and entry.intent.region == world.region and entry.is_orphaned(world.clock.now()):
            yield _looked_at(entry, control, policy, world)


def resource_of(intent: Intent) -> Resource:
    """Return the resource of an intent, whose parts need not be there any more."""
    return msgspec.structs.replace(intent.resource, parts=(), account=intent.account, region=intent.region)


def _looked_at(entry: LedgerRecord, control: Control[Any], policy: Policy, world: World) -> Completed:
    try:
        seen = world.clock.now()
        settings = policy.settings_of(control)
        state = control.read(resource_of(entry.intent), world.reader, settings)
        return _complete(entry, control, state, seen, settings, world)
    except (Busy, WrongState):  # another completes it, or has
        return Completed(entry, control, ())
    except Exception as error:  # noqa: BLE001 - it must not keep the sweep from the rest
        record = guided(not_completed(entry, sentence(error), _named(entry, control)), control)
        world.notifier.publish(record)
        return Completed(entry, control, (record,))


def _complete(
    entry: LedgerRecord, control: Control[Any], state: State | None, seen: datetime, settings: Any, world: World
) -> Completed:
    """Complete one intent. Raises CloudmendError if another process may hold it, or if that cannot be done now."""
    mine = world.ledger.resume(entry, seen)
    try:
        traces = None if state is None else _traces(control, mine.intent, state)
    except Exception as error:  # noqa: BLE001 - what cannot be compared now never can be: it is told, and ended
        told = guided(not_completed(mine, sentence(error), _named(mine, control)), control)
        return Completed(mine, control, (_ended(mine, told, world),))
    resource, cause = resource_of(mine.intent), mine.intent.cause
    view = View(resource=resource, state=state, cause=cause, now=seen) if state else None
    record = completed(mine, traces, _named(mine, control), may_settle=bool(control.settles_in))
    record = guided(record, control, view, settings)
    is_left = bool(traces and traces.untouched)
    if is_news(traces):
        record = with_taken(record, control, cause, world)
        return Completed(mine, control, (_ended(mine, record, world),), is_left)
    world.ledger.finish(mine, ending(record), record)
    return Completed(mine, control, (), is_left)


def _named(entry: LedgerRecord, control: Control[Any]) -> str:
    return control.resource.named(entry.intent.resource)


def _ended(entry: LedgerRecord, record: Record, world: World) -> Record:
    """Publish the record, keep it in the ledger, and return it."""
    (told,) = record_all([(record, MendEnd(entry, ending(record), record))], world)
    return told


def _traces(control: Control[Any], intent: Intent, state: State) -> Traces:
    """Return the traces of an intent: each of its parts, before the intent and now.

    Raises UndoRefused for an intent that contradicts itself, because a notice would offer it as a way to undo a mend.
    Raises LedgerError for an intent of an older version, which has no steps: to end it in silence would hide a mend.
    """
    check_intent(control, intent)
    if intent.requests and not intent.steps:
        raise LedgerError(_NO_STEPS)
    why = {finding.part: finding.why for finding in intent.findings}
    parts = state.parts
    done = tuple(step for each in intent.steps if (step := _done(control, each, parts)))
    left = [step for step in intent.steps if step.part not in {each.part for each in done}]
    untouched = [step for step in left if same(control, parts.get(step.part), step.before)]
    changed = [step for step in left if step not in untouched]
    back = after(parts, {step.part: step.before for step in done})
    planned = {step.part: step for step in intent.steps}
    return Traces(
        edits=tuple(_edit(control, step, planned[step.part], why.get(step.part, "")) for step in done),
        steps=done,
        undo=calls(control, intent.resource, state, back),
        untouched=tuple(f"{control.said(step.before)} ({step.part})" for step in untouched),
        changed=tuple(
            f"{step.part} was {control.said(step.before)}, is {control.said(parts.get(step.part))}" for step in changed
        ),
    )


def _done(control: Control[Any], planned: Step, parts: Parts) -> Step | None:
    """Return the step that was done; None if it was not. Where there is a second way, what is gone was mended so."""
    if same(control, parts.get(planned.part), planned.after):
        return planned
    if control.stricter and planned.part not in parts:
        return msgspec.structs.replace(planned, after=None)
    return None


def _edit(control: Control[Any], done: Step, planned: Step, why: str) -> Edit:
    told = edit(control, done, why)
    if done == planned:
        return told
    gone = f"{told.before} is gone, removed by this mend or by somebody since"
    return msgspec.structs.replace(told, did=gone)
