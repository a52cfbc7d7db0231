"""Station three: what is at fault, and what becomes of it. Pure but for the clock and the queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Finding, State, View
from cloudmend.core.decide import Circumstances, Decision, decide
from cloudmend.core.ending import FLAPPING_AFTER, Ended, Target, edit
from cloudmend.core.errors import PlanChanged, UnsafePlan
from cloudmend.core.ledger import Entry, Exemptions, TimedExemption
from cloudmend.core.model import Edit
from cloudmend.core.planning import Covers, Plan, covers_of, exempt_parts, judge, plan, restrained, resumed, same
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.engine.stations.later import wait
from cloudmend.engine.stations.read import Situation, failed


class Planned(Struct, frozen=True, kw_only=True):
    """A plan on its way: what it is for, and what was known when it was made. `entry` is there once it is intended."""

    target: Target
    plan: Plan
    findings: tuple[Finding, ...]  # also those that it does not mend
    covers: Covers
    decision: str
    recent: tuple[Entry, ...]
    flaps: int
    seen: datetime
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()
    agreed: bool = False  # a person agreed to it: nothing else may be done
    entry: Entry | None = None
    busy: str = ""  # another run is at it, so nothing is written

    def ended(self, status: Any, **more: Any) -> Ended:
        """Return an end of it, with all that is known."""
        known: dict[str, Any] = {
            "decision": self.decision,
            "findings": self.findings,
            "entry": self.entry,
            "flaps": self.flaps,
            "unreadable": self.unreadable,
            "ledger_unreadable": self.ledger_unreadable,
            "exempt_aside": bool(self.plan.view.exempt),
        }
        return Ended(target=self.target, status=status, **{**known, **more})


def judged(situation: Situation, policy: Policy, world: World, agreed: Sequence[Edit] | None = None) -> Planned | Ended:
    """Return the plan for what is at fault, or the end of a target for which there is nothing to do.

    `agreed` is what a person agreed to: a plan that would do more is not made.
    """
    try:
        return _judged(situation, policy, world, agreed)
    except Exception as error:  # noqa: BLE001 - one bad resource stops only itself
        return failed(situation.target, error)


def _judged(situation: Situation, policy: Policy, world: World, agreed: Sequence[Edit] | None) -> Planned | Ended:
    target, state = situation.target, situation.state
    settings = policy.settings_of(target.control)
    if state is None:
        return Ended(target=target, status="gone")
    view = View(resource=target.resource, state=state, cause=target.cause, now=world.clock.now())
    if judge(target.control, view, settings).counted:
        return _at_fault(situation, view, settings, policy, world, agreed)
    return clean(target, state, settings)


def clean(target: Target, state: State | None, settings: Any, **more: Any) -> Ended:
    """Return the end of a look that found nothing, which says what was looked at."""
    control = target.control
    told = control.clear(target.resource, state, settings) if control.clear else f"no finding of {control.id}"
    return Ended(target=target, status="clean", told=told, **more)


def _at_fault(
    situation: Situation, view: View, settings: Any, policy: Policy, world: World, agreed: Sequence[Edit] | None
) -> Planned | Ended:
    control, known = situation.target.control, situation.known
    exemptions, recent = known.exemptions(), known.recent()
    target = _with_cause(situation.target, recent.entries)
    covers = covers_of(exemptions.held, control, target.resource)
    view = msgspec.structs.replace(view, recent=recent.entries, exempt=exempt_parts(control, view.state, covers))
    everything = judge(control, msgspec.structs.replace(view, exempt=frozenset()), settings).counted
    judgement = judge(control, view, settings, covers)
    decision = _decision(situation, target, view, policy)
    if decision.action != "exempt" and everything and not judgement.counted:
        covering = (each for each in exemptions.held if _concerns(each, target, view, everything, control))
        decision = Decision("exempt", "; ".join(each.told for each in covering))
    if decision.action == "exempt":
        return Ended(target=target, status="exempt", decision=decision.why, findings=everything)
    findings = _restrained(judgement.counted, view.state, world)
    more: dict[str, Any] = {"decision": decision.why, "findings": findings, "unreadable": exemptions.unreadable}
    if waiting := _pending(control, recent.entries, findings, view.now):
        end = Ended(target=target, status="pending", told="nothing else is at fault", entry=waiting, **more)
        return wait(end, world)
    due = tuple(each for each in findings if each.is_due)
    if control.put is None or not due:
        return _unknown(Ended(target=target, status="observed", **more), world)
    made = _plan(control, view, due, settings, covers, recent.entries)
    flaps = _flaps(control, made, recent.entries)
    if flaps >= FLAPPING_AFTER and control.on_flapping and (other := control.on_flapping(settings)) != settings:
        made = plan(control, view, _due(control, view, other, covers), other, covers)
    more |= {"flaps": flaps, "ledger_unreadable": recent.unreadable}
    if decision.action == "observe":
        return Ended(target=target, status="observed", planned=made.steps, **more)
    _check_agreed(control, made, agreed)
    return Planned(
        target=target,
        plan=made,
        covers=covers,
        recent=recent.entries,
        seen=situation.seen,
        agreed=agreed is not None,
        **more,
    )


def _due(control: Any, view: View, settings: Any, covers: Covers) -> tuple[Finding, ...]:
    return tuple(each for each in judge(control, view, settings, covers).counted if each.is_due)


def _unknown(end: Ended, world: World) -> Ended:
    """Return the end where nothing known is to be mended: reported, or to be looked at again."""
    why = "; ".join(sorted({each.restraint or each.wait for each in end.findings} - {""})) or "it is only reported"
    end = msgspec.structs.replace(end, decision=why)
    if not any(each.wait for each in end.findings):
        return end
    told = "; ".join(each.why for each in end.findings if not each.is_due)
    return wait(msgspec.structs.replace(end, told=told), world)


def _restrained(findings: tuple[Finding, ...], state: State, world: World) -> tuple[Finding, ...]:
    """Return the findings as they are for this account: of another's resource they are only reported."""
    return restrained(findings, state.owner, world.account()) if findings and state.owner else findings


def _check_agreed(control: Any, made: Plan, agreed: Sequence[Edit] | None) -> None:
    """Raise PlanChanged if the plan would do anything that was not agreed to."""
    if agreed is None:
        return
    planned = [edit(control, step) for step in made.steps]
    allowed = {(each.part, each.before, each.after) for each in agreed}
    if more := [each.did for each in planned if (each.part, each.before, each.after) not in allowed]:
        raise PlanChanged(
            f"The plan is out of date. Now it would need: {'; '.join(more)}. Nothing was changed. "
            "Run the same command again to see the new plan."
        )


def _plan(
    control: Any, view: View, findings: Sequence[Finding], settings: Any, covers: Covers, recent: Iterable[Entry]
) -> Plan:
    """Finish what a crash cut off, if that is still right: a new plan may not know how to."""
    for entry in recent:
        steps = entry.intent.steps if entry.state == "INTENT" else ()
        undone = [step for step in steps if same(control, view.parts.get(step.part), step.before)]
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
    cause = msgspec.structs.replace(intent.cause, account=target.cause.account, region=target.cause.region)
    return msgspec.structs.replace(target, cause=cause)


def _pending(control: Any, recent: Iterable[Entry], findings: Sequence[Finding], now: datetime) -> Entry | None:
    """Return the mend that AWS accepted and does not show yet, if it is about all that is at fault."""
    for entry in recent:
        parts = {step.part for step in entry.intent.steps}
        young = now < entry.opened + control.settles_in
        if entry.state == "INTENT" and young and {finding.part for finding in findings} <= parts:
            return entry
    return None


def _decision(situation: Situation, target: Target, view: View, policy: Policy) -> Decision:
    circumstances = Circumstances(
        control=target.control.id,
        account=target.resource.account or target.cause.account,
        vpc=view.state.labels.get("vpc", ""),
        resource=target.resource.id,
        actor_role=target.cause.actor.role_arn,
        now=view.now,
    )
    decision = decide(policy, circumstances, default=target.control.mode)
    if decision.action == "fix" and situation.known.mode() == "observe":
        return Decision("observe", "the switch is set to observe")
    return decision


def _concerns(exemption: TimedExemption, target: Target, view: View, findings: Iterable[Finding], control: Any) -> bool:
    """Return whether an exemption exempts anything here."""
    covers = covers_of([exemption], control, target.resource)
    return any(finding in covers for finding in findings) or bool(exempt_parts(control, view.state, covers))


def _flaps(control: Any, made: Plan, recent: Iterable[Entry]) -> int:
    """Return how often the fault that was mended most often was mended within the window of `recent`."""
    before = [
        (edit.part if not control.new_ids else "", edit.before)
        for entry in recent
        if entry.ended
        for edit in entry.ended.record.edits
    ]
    now = [
        (step.part if not control.new_ids else "", control.say(step.before))
        for step in made.steps
        if step.before is not None
    ]
    return max((before.count(each) for each in now), default=0)


def exempted_meanwhile(planned: Planned, latest: Exemptions) -> bool:
    """Return whether exemptions cover by now what the plan would mend: what undo restores, it exempts first."""
    control, made = planned.target.control, planned.plan
    covers = covers_of(latest.held, control, planned.target.resource)
    if covers == planned.covers:
        return False
    view = msgspec.structs.replace(made.view, exempt=exempt_parts(control, made.view.state, covers))
    left = {each.part for each in judge(control, view, made.settings, covers).counted}
    return not {each.part for each in made.findings} <= left or view.exempt != made.view.exempt
