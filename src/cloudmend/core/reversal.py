"""How far a mend is taken back, derived for every control from the steps that its record keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cloudmend.core.contract import Control, Parts, after
from cloudmend.core.model import Edit, Intent, Record, Step
from cloudmend.core.planning import calls, check_rights, form
from cloudmend.core.ports import Reader
from cloudmend.core.undo import Difference, Reversal


def revert(control: Control[Any], settings: Any, intent: Intent, record: Record, reader: Reader) -> Reversal:
    """Compare what a mend did with what AWS answers now, and say what is still to be sent to take it back.

    A part that is neither as it was nor as the mend left it is a difference. Raises AwsError, and UnsafePlan for a
    call that no right of the control's undo covers.
    """
    state = control.read(intent.resource, reader, settings)
    if state is None:
        return Reversal(is_gone=True)
    patch, restored, differences = _compared(control, record.steps, state.parts)
    sent = calls(control, intent.resource, state, after(state.parts, patch))
    check_rights(sent, control.undoes)
    return Reversal(differences=tuple(differences), requests=sent, restored=tuple(restored))


def _compared(
    control: Control[Any], steps: Iterable[Step], live: Parts
) -> tuple[Mapping[str, Any], list[Edit], list[Difference]]:
    patch: dict[str, Any] = {}
    restored: list[Edit] = []
    differences: list[Difference] = []
    for step in reversed(tuple(steps)):
        now = form(control, live.get(step.part))
        found = _restored_as(control, step, live)
        if found is not None:
            restored.append(_edit(control, step, found))
        elif now == form(control, step.after):
            patch[step.part] = step.before
        else:
            expected, told = _say(control, step.after), _say(control, live.get(step.part))
            differences.append(Difference(part=step.part, expected=expected, found=told))
    return patch, restored, differences


def _restored_as(control: Control[Any], step: Step, live: Parts) -> str | None:
    """Return the id of the part that is as it was before the mend: its own, or that of a new one with its value."""
    before = form(control, step.before)
    if form(control, live.get(step.part)) == before:
        return step.part
    if control.new_ids and step.before is not None:
        return next((part for part, value in live.items() if form(control, value) == before), None)
    return None


def _edit(control: Control[Any], step: Step, part: str) -> Edit:
    was = "" if part == step.part else f", in place of {step.part}"
    told = _say(control, step.before)
    return Edit(part=part, before="", after=told, did=f"{part} is {told} again{was}", why="undone")


def _say(control: Control[Any], value: Any) -> str:
    return "not there" if value is None else control.say(value)
