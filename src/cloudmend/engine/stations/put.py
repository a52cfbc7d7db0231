"""Station five: the writes. A mend and an undo both go through `Writing`, without a second way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import UNSET

from cloudmend.core.contract import Control, Patch, State, after
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Step
from cloudmend.core.planning import Plan, calls, judge, same_parts, steps_between
from cloudmend.core.ports import Call
from cloudmend.core.target import Outcome
from cloudmend.core.world import OneByOne, World
from cloudmend.engine.stations.values import Planned, Written, sentence

_TRIES: Final = 3  # of a write whose guard was stale


def put(plans: Sequence[Planned], world: World) -> list[Written | Outcome]:
    """Carry out plans; those of several resources run concurrently."""
    if len(plans) == 1:
        return [_put(plans[0], world)]
    alone = msgspec.structs.replace(world, reader=OneByOne(world.reader))
    begun = [world.begin(partial(_put, each, alone)) for each in plans]
    return [written() for written in begun]


def _put(planned: Planned, world: World) -> Written | Outcome:
    """Carry out a plan. What was done until an error is proved and told like the rest."""
    if planned.busy:
        return Written(planned=planned)
    writing = Writing(planned.target.control, planned.plan, world, is_agreed=planned.agreed)
    try:
        writing.apply({step.part: step.after for step in planned.plan.steps})
    except Exception as error:  # noqa: BLE001 - it ends its own target
        return planned.ended(
            "failed", told=sentence(error), steps=tuple(writing.done), undo=writing.undo(), unsure=True
        )
    return Written(
        planned=planned,
        steps=tuple(writing.done),
        silent=tuple(writing.silent),
        notes=writing.notes,
        errors=tuple(writing.errors),
        deferred=writing.deferred,
    )


class Writing:
    """The progress of the writes of one resource: the only mutable object of the engine."""

    def __init__(self, control: Control[Any], made: Plan, world: World, *, is_agreed: bool) -> None:
        self._control, self._plan, self._world = control, made, world
        self._stricter_tried: set[str] = set()
        self._may_be_stricter = control.stricter is not None and not is_agreed
        self.state = made.view.state
        self.done: list[Step] = []
        self.silent: list[Step] = []
        self.notes: dict[str, str] = {}
        self.errors: list[str] = []
        self.deferred = False

    def undo(self) -> tuple[Call, ...]:
        """The calls that take back what was done."""
        return undo_of(self._control, self._plan, self.state, self.done)

    def apply(self, patch: Patch, tries: int = _TRIES) -> bool:
        """Put the parts whole; refused, part by part; refused again, in the stricter way. Return whether to go on.

        Of a part whose write had no answer nothing more is tried: it may have taken effect.
        """
        for call in calls(self._control, self._plan.view.resource, self.state, after(self.state.parts, patch)):
            covered = {part: patch[part] for part in call.parts or patch if part in patch}
            try:
                self._world.writer.write(call)
            except AwsError as error:
                if not self._refused(error, covered, tries):
                    return False
            else:
                self.done += self._went(covered)
        return True

    def _went(self, patch: Patch) -> tuple[Step, ...]:
        then = after(self.state.parts, patch)
        steps = steps_between(self.state.parts, then)
        self._put_parts(then)
        return steps

    def _put_parts(self, parts: Any) -> None:
        self.state = msgspec.structs.replace(self.state, parts=parts)

    def _refused(self, error: AwsError, patch: Patch, tries: int) -> bool:
        """Return whether the rest may go on."""
        meaning = self._control.errors.get(error.code)
        if meaning == "settled" and len(patch) == 1:
            self._put_parts(after(self.state.parts, patch))
            return True
        if meaning == "raced" and tries:
            return self._again(patch, tries - 1)
        if not error.code or (not error.refused and len(patch) == 1):
            self.silent += self._went(patch)
            self.errors.append(str(error))
            return True
        if meaning in ("deferred", "final"):
            self.deferred |= meaning == "deferred"
            self.errors.append(str(error))
            return meaning == "deferred"
        if len(patch) > 1:
            goes_on = [self.apply({part: value}) for part, value in patch.items()]
            return all(goes_on)
        if second := self._stricter(patch):
            return self.apply(second)
        self.errors.append(str(error))
        return True

    def _again(self, patch: Patch, tries: int) -> bool:
        """Put again with a new guard, if the parts are as they were."""
        fresh = self._control.read(self._plan.view.resource, self._world.reader, self._plan.settings)
        if fresh is None or not same_parts(self._control, _only(fresh, patch), _only(self.state, patch)):
            self.errors.append("Somebody else changed it meanwhile, so the rest was not written.")
            return False
        self.state = fresh
        return self.apply(patch, tries)

    def _stricter(self, patch: Patch) -> Patch:
        """Return another mend of what a refused patch was for, by the control's stricter settings; once for a part."""
        control, made = self._control, self._plan
        if control.stricter is None or not self._may_be_stricter or patch.keys() <= self._stricter_tried:
            return {}
        self._stricter_tried |= patch.keys()
        view = msgspec.structs.replace(made.view, state=self.state)
        found = judge(control, view, control.stricter(made.settings)).counted
        second = {each.part: each.mended for each in found if each.part in patch and each.mended is not UNSET}
        self.notes |= dict.fromkeys(second, control.second_way)
        return second


def undo_of(control: Control[Any], made: Plan, now: State, steps: Iterable[Step]) -> tuple[Call, ...]:
    """Return the calls that take steps back."""
    back = after(now.parts, {step.part: step.before for step in steps})
    return calls(control, made.view.resource, now, back)


def _only(state: State, parts: Iterable[str]) -> dict[str, Any]:
    return {part: state.parts[part] for part in parts if part in state.parts}
