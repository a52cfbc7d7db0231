"""Judge for every control how far a mend is undone, from the steps that its record stores."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, Difference, Parts, State, UndoStatus, View, after
from cloudmend.core.errors import UndoRefused
from cloudmend.core.model import Edit, Intent, Record, Step
from cloudmend.core.planning import calls, check_rights, judge, same
from cloudmend.core.ports import Reader

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_SHORT: Final = 60  # characters of a value that a sentence repeats


def revert(
    control: Control[Any], settings: Any, intent: Intent, record: Record, reader: Reader, now: datetime
) -> UndoStatus:
    """Compare what a mend did with what AWS answers now, and return what is still to be sent to undo it.

    A part that is neither as it was nor as the mend left it is a difference. Raises AwsError, UndoRefused for a record
    that contradicts itself, and UnsafePlan for a call that no right of the control's undo covers.
    """
    check_believed(control, intent, record)
    state = control.read(intent.resource, reader, settings)
    if state is None:
        return UndoStatus(is_gone=True)
    patch, restored, differences = _compared(control, record.steps, state.parts)
    sent = calls(control, intent.resource, state, after(state.parts, patch))
    check_rights(sent, control.undoes)
    view = View(resource=intent.resource, state=state, cause=intent.cause, now=now)
    marks = _marks(control, settings, view, record.steps)
    return UndoStatus(marks=marks, differences=tuple(differences), requests=sent, restored=tuple(restored))


def check_intent(control: Control[Any], intent: Intent) -> None:
    """Raise UndoRefused for an intent whose steps contradict its before-image, or would widen what was there."""
    before = control.parts_in(intent.before)
    fits = all(same(control, before.get(step.part), step.before) for step in intent.steps)
    then = after(before, {step.part: step.after for step in intent.steps})
    view = View(resource=intent.resource, state=State(before), cause=intent.cause, now=intent.seen or _NEVER)
    if not (_is_own(control, intent) and fits and (control.narrows is None or control.narrows(view, then))):
        raise _refused(control, intent)


def check_believed(control: Control[Any], intent: Intent, record: Record) -> None:
    """Raise UndoRefused for a record whose parts contradict each other: others may write to a ledger, too."""
    planned = {step.part: step for step in intent.steps}
    before = intent.before.get("parts")
    agrees = all(
        step.part in planned
        and same(control, planned[step.part].before, step.before)
        and (before is None or same(control, before.get(step.part), step.before))
        for step in record.steps
    )
    if not (_is_own(control, intent) and agrees):
        raise _refused(control, intent)


def _is_own(control: Control[Any], intent: Intent) -> bool:
    kind, resource = control.resource, intent.resource
    return resource.type == kind.type and bool(re.fullmatch(kind.id_pattern, resource.id))


def _refused(control: Control[Any], intent: Intent) -> UndoRefused:
    return UndoRefused(
        f"The record of this mend cannot be trusted: what it did and what was there before do not fit each other. "
        f"It may have been changed in the ledger. Nothing was changed. Look up in CloudTrail what was done to "
        f"{control.resource.noun} {intent.resource.label}, and restore it by hand."
    )


def _marks(control: Control[Any], settings: Any, view: View, steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the marks of the faults that are there before a mend, and not after it: an undo brings them back."""
    steps = tuple(steps)
    before = _found(control, settings, view, {step.part: step.before for step in steps})
    left = _found(control, settings, view, {step.part: step.after for step in steps})
    return tuple(mark for mark in before if mark not in left)


def _found(control: Control[Any], settings: Any, view: View, patch: Mapping[str, Any]) -> tuple[str, ...]:
    state: State = msgspec.structs.replace(view.state, parts=after(view.parts, patch))
    judged = judge(control, msgspec.structs.replace(view, state=state), settings).counted
    return tuple(dict.fromkeys(finding.mark for finding in judged))


def _compared(
    control: Control[Any], steps: Iterable[Step], live: Parts
) -> tuple[Mapping[str, Any], list[Edit], list[Difference]]:
    patch: dict[str, Any] = {}
    restored: list[Edit] = []
    differences: list[Difference] = []
    for step in reversed(tuple(steps)):
        found = _restored_as(control, step, live)
        if found is not None:
            restored.append(_edit(control, step, found))
        elif same(control, live.get(step.part), step.after):
            patch[step.part] = step.before
        else:
            expected, told = control.said(step.after), control.said(live.get(step.part))
            differences.append(Difference(part=step.part, expected=expected, found=told))
    return patch, restored, differences


def _restored_as(control: Control[Any], step: Step, live: Parts) -> str | None:
    """Return the id of the part that is as it was before the mend: its own, or that of a new one with its value."""
    if same(control, live.get(step.part), step.before):
        return step.part
    if control.new_ids and step.before is not None:
        return next((part for part, value in live.items() if same(control, value, step.before)), None)
    return None


def _edit(control: Control[Any], step: Step, part: str) -> Edit:
    was = "" if part == step.part else f", in place of {step.part}"
    left = "" if step.after is None else control.say(step.after)
    told = control.said(step.before)
    again = f"{part} is {told} again" if len(told) <= _SHORT else f"{part} is again what it was"
    return Edit(part=part, before=left, after=told, did=f"{again}{was}", why="undone")
