"""Station three: what is at fault, and what becomes of it. Pure but for the clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Finding, State, View
from cloudmend.core.decide import Circumstances, Decision, decide
from cloudmend.core.ending import Ended, Target
from cloudmend.core.errors import CloudmendError, UnsafePlan
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.model import ApiCall, Step
from cloudmend.core.planning import NOTHING, Covers, Plan, exempt_parts, form, judge, plan, resumed
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.engine.stations.read import Situation, failed


class Planned(Struct, frozen=True, kw_only=True):
    """A plan on its way: what it is for, and what was known when it was made. `entry` is there once it is intended."""

    target: Target
    plan: Plan
    covers: Covers
    decision: str
    recent: tuple[Entry, ...]
    flaps: int
    seen: datetime
    unreadable: tuple[str, ...] = ()  # exemptions
    entry: Entry | None = None
    busy: str = ""  # another run is at it, so nothing is written


def judged(situation: Situation, policy: Policy, world: World) -> Planned | Ended:
    """Return the plan for what is at fault, or the end of a target for which there is nothing to do."""
    try:
        return _judged(situation, policy, world)
    except Exception as error:  # noqa: BLE001 - one bad resource stops only itself
        return failed(situation.target, error)


def _judged(situation: Situation, policy: Policy, world: World) -> Planned | Ended:
    target, state = situation.target, situation.state
    if state is None:
        return Ended(target=target, status="gone", why="")
    if state.owner not in ("", target.resource.account):
        raise CloudmendError(
            f"it belongs to account {state.owner}, and cloudmend changes only what account {target.resource.account} "
            "owns. Tell its owner."
        )
    view = View(resource=target.resource, state=state, cause=target.cause, now=world.clock.now())
    settings = policy.settings_of(target.control)
    if not judge(target.control, view, settings).counted:
        return _ended(situation, state, "clean", "")
    return _at_fault(situation, state, view, settings, policy)


def _at_fault(situation: Situation, state: State, view: View, settings: Any, policy: Policy) -> Planned | Ended:
    control = situation.target.control
    exemptions, recent = situation.known.exemptions(), situation.known.recent()
    situation = msgspec.structs.replace(situation, target=_with_cause(situation.target, recent))
    covers = covers_of(exemptions, situation.target)
    view = msgspec.structs.replace(view, exempt=exempt_parts(control, state.parts, covers))
    judgement = judge(control, view, settings, covers)
    findings, unreadable = judgement.counted, exemptions.unreadable
    if not findings:
        why = _exemptions_told(exemptions, situation.target)
        return _ended(situation, state, "exempt", why, judgement.exempt or judge(control, view, settings).counted)
    if waiting := _pending(control, recent, findings, view.now):
        return _ended(situation, state, "pending", waiting.id, findings, entry=waiting)
    decision = _decision(situation, state, view.now, policy)
    if decision.action == "exempt":
        return _ended(situation, state, "exempt", decision.why, findings)
    todo = [each for each in findings if not each.restraint]
    if control.put is None or not todo:
        return _ended(situation, state, "observed", "It is only reported", findings, unreadable=unreadable)
    now = [each for each in todo if not each.wait]
    if not now:
        return _ended(situation, state, "deferred", "; ".join(each.wait for each in todo), findings)
    made = _plan(control, view, now, settings, covers, recent)
    if decision.action == "observe":
        return _ended(situation, state, "observed", decision.why, tuple(now), planned=made.steps, unreadable=unreadable)
    return Planned(
        target=situation.target,
        plan=made,
        covers=covers,
        decision=decision.why,
        recent=recent,
        flaps=_flaps(control, made.steps, recent),
        seen=situation.seen,
        unreadable=unreadable,
    )


def _ended(
    situation: Situation, state: State, status: Any, why: str, findings: Iterable[Finding] = (), **more: Any
) -> Ended:
    labels = tuple(state.labels.items())
    return Ended(target=situation.target, status=status, why=why, findings=tuple(findings), labels=labels, **more)


def _plan(
    control: Any, view: View, findings: Sequence[Finding], settings: Any, covers: Covers, recent: Iterable[Entry]
) -> Plan:
    """Finish what a crash cut off, if that is still right: a new plan may not know how to."""
    for entry in recent:
        steps = entry.intent.steps if entry.state == "INTENT" else ()
        undone = [step for step in steps if form(control, view.parts.get(step.part)) == form(control, step.before)]
        if 0 < len(undone) < len(steps):
            try:
                return resumed(control, view, steps, settings, covers)
            except UnsafePlan:
                continue
    return plan(control, view, findings, settings, covers)


def _with_cause(target: Target, recent: Sequence[Entry]) -> Target:
    """Where a crash left an intent, its call is the cause of what a sweep finds: nobody else knows it any more."""
    intent = next((entry.intent for entry in recent if entry.state == "INTENT"), None)
    if intent is None or not target.swept:
        return target
    return msgspec.structs.replace(target, cause=cause_of(target.cause, intent))


def cause_of(cause: ApiCall, intent: Any) -> ApiCall:
    """Return the call that an intent was made for."""
    return msgspec.structs.replace(
        cause, event_id=intent.event_id, name=intent.event_name, actor=intent.actor, time=None
    )


def _pending(control: Any, recent: Iterable[Entry], findings: Sequence[Finding], now: datetime) -> Entry | None:
    """Return the mend that AWS accepted and does not show yet, if it is about all that is at fault."""
    for entry in recent:
        parts = {step.part for step in entry.intent.steps}
        young = now < entry.opened + control.settles_in
        if entry.state == "INTENT" and young and {finding.part for finding in findings} <= parts:
            return entry
    return None


def _decision(situation: Situation, state: State, now: datetime, policy: Policy) -> Decision:
    target = situation.target
    circumstances = Circumstances(
        control=target.control.id,
        account=target.resource.account,
        vpc=state.labels.get("vpc", ""),
        resource=target.resource.id,
        actor_role=target.cause.actor.role_arn,
        now=now,
    )
    decision = decide(policy, circumstances, default=target.control.mode)
    if decision.action == "fix" and situation.known.mode() == "observe":
        return Decision("observe", "the switch is set to observe")
    return decision


def covers_of(exemptions: Exemptions, target: Target) -> Covers:
    """Return what the timed exemptions leave as it is of a target."""
    own = [each for each in exemptions.held if each.group == target.resource.id]
    if not own:
        return NOTHING
    return Covers(
        whole=any(each.is_whole for each in own),
        parts=frozenset(each.rule for each in own if each.rule),
        marks=frozenset(mark for each in own for mark in each.parts or ()),
    )


def _exemptions_told(exemptions: Exemptions, target: Target) -> str:
    own = (each for each in exemptions.held if each.group == target.resource.id)
    return "; ".join(
        f"exempt: {each.id}, by {each.owner} until {each.expires:%Y-%m-%d %H:%M} UTC: {each.reason}" for each in own
    )


def _flaps(control: Any, steps: Iterable[Step], recent: Iterable[Entry]) -> int:
    """Return how often the fault that was mended most often was mended within the window of `recent`."""
    before = [
        (step.part if not control.new_ids else "", form(control, step.before))
        for entry in recent
        if entry.ended
        for step in entry.ended.record.steps
    ]
    now = [(step.part if not control.new_ids else "", form(control, step.before)) for step in steps]
    return max((before.count(each) for each in now), default=0)


def leased(entry: Entry, now: datetime) -> bool:
    """Return whether the run that made an intent may still be at work."""
    return entry.state == "INTENT" and now < entry.leased_until
