"""Station six: read and judge again, with the settings that the plan was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Finding, State, View, after
from cloudmend.core.model import Step
from cloudmend.core.planning import judge, same
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.later import wait
from cloudmend.engine.stations.put import undo_of
from cloudmend.engine.stations.reading import states
from cloudmend.engine.stations.values import Answer, Written, clean, sentence

# After a write AWS may go on showing the old state for a moment. Seconds before each further look.
_PAUSES: Final = (0.0, 0.1, 0.2, 0.4, 0.8)


class Proof(Struct, frozen=True):
    """The state after the writes (None: the resource is gone) and the remaining findings; or the read's problem.

    `stuck` are findings that are only reported, in parts that were written, and that were not there before: the write
    did not close what it was for.
    """

    state: State | None = None
    view: View | None = None
    remaining: tuple[Finding, ...] = ()
    stuck: tuple[Finding, ...] = ()
    problem: Exception | None = None

    @property
    def is_open(self) -> bool:
        return bool(self.stuck) or any(each.is_due for each in self.remaining)


def prove(written: Sequence[Written], policy: Policy, world: World) -> list[Outcome]:
    """Return the end of each: mended only if nothing is at fault. What still is, is read again, all together."""
    proofs: dict[int, Proof] = {}
    left = list(enumerate(written))
    for pause in _PAUSES:
        if not left:
            break
        world.clock.sleep(pause)
        for (number, _), proof in zip(left, _looks([each for _, each in left], policy, world), strict=True):
            proofs[number] = proof
        left = [(number, each) for number, each in left if proofs[number].is_open]
    return [_end(each, proofs[number], world) for number, each in enumerate(written)]


def _looks(written: Sequence[Written], policy: Policy, world: World) -> list[Proof]:
    targets = [_unhurried(each.planned.target) for each in written]
    before = [each.planned.plan.view.state for each in written]
    answers = states(targets, policy, world, before)
    return [_look(each, answer, world) for each, answer in zip(written, answers, strict=True)]


def _unhurried(target: Target) -> Target:
    """Return the target without the parts that the event named: a mend may have removed them."""
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(target.resource, parts=()))


def _look(written: Written, answer: Answer, world: World) -> Proof:
    try:
        state = answer()
        if state is None:
            return Proof()
        planned = written.planned
        view = msgspec.structs.replace(planned.plan.view, state=state, now=world.clock.now())
        remaining = judge(planned.target.control, view, planned.plan.settings, planned.covers).counted
        return Proof(state, view, remaining, _stuck(written, remaining))
    except Exception as error:  # noqa: BLE001 - a proof that cannot be had is none
        return Proof(problem=error)


def _stuck(written: Written, remaining: Sequence[Finding]) -> tuple[Finding, ...]:
    parts = {step.part for step in written.steps}
    held = [each for each in remaining if each.restraint and each.part in parts]
    if not held:
        return ()
    plan, planned = written.planned.plan, written.planned
    before = judge(planned.target.control, plan.view, plan.settings, planned.covers).counted
    known = {each.mark for each in before}
    return tuple(each for each in held if each.mark not in known)


def _end(written: Written, proof: Proof, world: World) -> Outcome:
    planned = written.planned
    if planned.busy:
        return _kept_out(written, proof, world)
    steps, unsure = _known(written, proof)
    before = planned.plan.view.parts
    put = msgspec.structs.replace(
        proof.state or planned.plan.view.state, parts=after(before, {step.part: step.after for step in steps})
    )
    more: dict[str, Any] = {
        "steps": steps,
        "undo": undo_of(planned.target.control, planned.plan, put, steps),
        "notes": written.notes,
        "errors": written.errors,
        "remaining": proof.remaining,
        "unsure": unsure,
        "view": proof.view or planned.plan.view,
    }
    if proof.problem:
        return planned.ended("failed", told=sentence(proof.problem), **more)
    if proof.is_open:
        return _still_open(written, planned.ended("open", **more), world)
    if any(each.wait for each in proof.remaining):
        waiting = {each.part for each in proof.remaining if each.wait}
        settles = waiting <= {step.part for step in steps} and _may_settle(written, world)
        return wait(planned.ended("pending" if settles else "deferred", **more), world)
    return planned.ended("mended", **more)


def _kept_out(written: Written, proof: Proof, world: World) -> Outcome:
    """Return what is true while another is at it: what that one closed is clean."""
    planned = written.planned
    if proof.problem or proof.is_open:
        told = sentence(proof.problem) if proof.problem else planned.busy
        return planned.ended("failed", told=told, remaining=proof.remaining)
    if not proof.remaining:
        left = {"baseline": planned.baseline, "spared": planned.spared, "exempt_aside": bool(planned.plan.view.exempt)}
        return clean(planned.target, planned.plan.view.state, planned.plan.settings, **left)
    why = "; ".join(sorted({each.restraint or each.wait for each in proof.remaining}))
    told = "; ".join(each.why for each in proof.remaining)
    end = planned.ended("observed", findings=proof.remaining, decision=why, told=told)
    return wait(end, world) if any(each.wait for each in proof.remaining) else end


def _known(written: Written, proof: Proof) -> tuple[tuple[Step, ...], bool]:
    """Return the steps that were done, and whether it is not known of some: AWS did not answer, and may be late."""
    if not written.silent:
        return written.steps, False
    if proof.problem:
        return written.steps, True
    control, parts = written.planned.target.control, proof.state.parts if proof.state else {}
    seen = [step for step in written.silent if proof.state and same(control, parts.get(step.part), step.after)]
    silent = {step.part for step in written.silent}
    unsure = any(finding.part in silent for finding in proof.remaining)
    return (*written.steps, *seen), unsure


def _still_open(written: Written, end: Outcome, world: World) -> Outcome:
    """Return what is true of a resource that is shown at fault: by something new, or by what the plan was about."""
    planned, control = written.planned, written.planned.target.control
    own = {finding.part if control.new_ids else finding.mark for finding in planned.plan.findings}
    left = {finding.part if control.new_ids else finding.mark for finding in end.remaining if finding.is_due}
    if left and own.isdisjoint(left):
        return msgspec.structs.replace(end, status="mended", again=True)
    if written.deferred:
        told = "; ".join(error.rstrip(".") for error in written.errors)
        status = "pending" if _may_be_own(written, world) else end.status
        return wait(msgspec.structs.replace(end, told=told, status=status), world)
    if _may_settle(written, world):
        return wait(msgspec.structs.replace(end, status="pending"), world)
    return end


def _may_be_own(written: Written, world: World) -> bool:
    """Return whether the state may refuse a write because AWS is at an earlier one, whose process died or was late."""
    planned = written.planned
    since = world.clock.now() - planned.target.control.settles_in
    ends = (each.ended for each in planned.recent if each.opened > since)
    return any(end is not None and end.record.status == "failed" for end in ends)


def _may_settle(written: Written, world: World) -> bool:
    """Return whether AWS accepted the writes, and may not have applied them yet."""
    planned, now = written.planned, world.clock.now()
    started = planned.entry.opened if planned.entry else now
    return bool(written.steps) and not written.errors and now < started + planned.target.control.settles_in
