"""Station five: the writes. A mend and an undo both go through `Writing`, without a second way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from cloudmend.core.call import Call
from cloudmend.core.contract import Control, Patch, State, after
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import Step
from cloudmend.core.planning import Plan, calls, judge, same_parts, steps_between
from cloudmend.core.world import World
from cloudmend.engine.stations.judge import Planned

_TRIES: Final = 3  # of a write whose guard was stale


class Written(Struct, frozen=True, kw_only=True):
    """What came of a plan's writes. `steps` were done, or may have been; `deferred`: the state refused some of them."""

    planned: Planned
    steps: tuple[Step, ...]
    undo: tuple[Call, ...]
    errors: tuple[str, ...] = ()
    deferred: bool = False


def put(planned: Planned, world: World) -> Written:
    """Carry out a plan. What was done until an error is proved and told like the rest."""
    writing = Writing(planned.target.control, planned.plan, world)
    if planned.busy:
        return Written(planned=planned, steps=(), undo=(), errors=(planned.busy,))
    try:
        writing.apply({step.part: step.after for step in planned.plan.steps})
    except Exception as error:  # noqa: BLE001 - it ends its own target
        writing.errors.append(str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {error!r}")
    return Written(
        planned=planned,
        steps=tuple(writing.done),
        undo=writing.undo,
        errors=tuple(writing.errors),
        deferred=writing.deferred,
    )


class Writing:
    """How far the writes of one resource have come: the only mutable thing of the engine."""

    def __init__(self, control: Control[Any], made: Plan, world: World) -> None:
        self._control, self._plan, self._world = control, made, world
        self._stricter_tried: set[str] = set()
        self.state = made.view.state
        self.done: list[Step] = []
        self.errors: list[str] = []
        self.deferred = False

    @property
    def undo(self) -> tuple[Call, ...]:
        """The calls that take back what was done."""
        back = after(self.state.parts, {step.part: step.before for step in self.done})
        return calls(self._control, self._plan.view.resource, self.state, back)

    def apply(self, patch: Patch, tries: int = _TRIES) -> bool:
        """Put the parts whole; refused, part by part; refused again, in the stricter way. Return whether to go on.

        Without an answer nothing more is tried: the write may have taken effect.
        """
        for call in calls(self._control, self._plan.view.resource, self.state, after(self.state.parts, patch)):
            covered = {part: patch[part] for part in call.parts or patch if part in patch}
            try:
                self._world.writer.write(call)
            except AwsError as error:
                if not self._refused(error, covered, tries):
                    return False
            else:
                self._went(covered)
        return True

    def _went(self, patch: Patch) -> None:
        then = after(self.state.parts, patch)
        self.done += steps_between(self.state.parts, then)
        self._put_parts(then)

    def _put_parts(self, parts: Any) -> None:
        self.state = msgspec.structs.replace(self.state, parts=parts)

    def _refused(self, error: AwsError, patch: Patch, tries: int) -> bool:
        """Return whether the rest may go on."""
        meaning = self._control.errors.get(error.code)
        if meaning == "settled":
            self._put_parts(after(self.state.parts, patch))
            return True
        if meaning == "raced" and tries:
            return self._again(patch, tries - 1)
        if not error.refused:
            self._went(patch)  # undo compares with what is there, so claiming it harms nobody
            return self._stop(error)
        if meaning in ("deferred", "final"):
            self.deferred |= meaning == "deferred"
            self.errors.append(str(error))
            return meaning == "deferred"
        if len(patch) > 1:
            return self._one_by_one(patch)
        if second := self._stricter(patch):
            return self.apply(second)
        self.errors.append(str(error))
        return True

    def _one_by_one(self, patch: Patch) -> bool:
        goes_on = [self.apply({part: value}) for part, value in patch.items()]
        return all(goes_on)

    def _stop(self, error: AwsError) -> bool:
        self.errors.append(str(error))
        return False

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
        if control.stricter is None or patch.keys() <= self._stricter_tried:
            return {}
        self._stricter_tried |= patch.keys()
        view = msgspec.structs.replace(made.view, state=self.state)
        found = judge(control, view, control.stricter(made.settings)).counted
        return {each.part: each.mended for each in found if each.part in patch and each.mended is not UNSET}


def _only(state: State, parts: Iterable[str]) -> dict[str, Any]:
    return {part: state.parts[part] for part in parts if part in state.parts}
