"""Judge a resource: the findings, and what becomes of each, as a value. Mends and looks use the same judgement.

A look stops here. A mend goes on with the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from cloudmend.core.baseline import baseline_of, old_parts, put_at_fault_by
from cloudmend.core.contract import Finding, State, View
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.ledger_records import Exemptions, LedgerRecord, TimedExemption
from cloudmend.core.planning import Covers, Plan, covers_of, exempt_parts, judge, plan, restrained, resumed, same
from cloudmend.core.policy.model import Circumstances, Decision, Policy, decide
from cloudmend.core.standing import Before
from cloudmend.core.target import FLAPPING_AFTER, Target
from cloudmend.engine.stations.values import NOT_SURE, Exempt, Planned, Situation, Verdict


def verdict(
    situation: Situation, state: State, policy: Policy, *, now: datetime, account: Callable[[], str]
) -> Verdict | None:
    """Judge what a target's state says; None if nothing is at fault. Only then are the ledger and the switch asked.

    `account` gives whose resources may be changed, empty if that is not known. Raises UnsafePlan, and what the control
    raises.
    """
    target = situation.target
    view = View(resource=target.resource, state=state, cause=target.cause, now=now)
    settings = policy.settings_of(target.control)
    if not judge(target.control, view, settings).counted:
        return None
    return _at_fault(situation, view, settings, policy, account)


def _at_fault(situation: Situation, view: View, settings: Any, policy: Policy, account: Callable[[], str]) -> Verdict:
    control, known = situation.target.control, situation.known
    exemptions, recent = known.exemptions(), known.recent()
    target = _with_cause(situation.target, recent.entries)
    covers = covers_of(exemptions.held, control, target.resource)
    view = msgspec.structs.replace(view, recent=recent.entries, exempt=exempt_parts(control, view.state, covers))
    opened = _opened(target, view, recent.entries)
    by_call = () if opened else put_at_fault_by(control, view, settings)
    view = msgspec.structs.replace(view, old=old_parts(control, view, known.before(), opened, by_call))
    everything = judge(control, msgspec.structs.replace(view, exempt=frozenset()), settings).counted
    baseline = baseline_of(control, view, everything, covers, known.before(), opened, by_call)
    if baseline:
        covers = covers.besides(baseline)
        view = msgspec.structs.replace(view, exempt=exempt_parts(control, view.state, covers))
    counted = judge(control, view, settings, covers).counted
    decision = _decision(situation, target, view, policy)
    is_baseline = decision.action != "exempt" and bool(baseline) and not counted
    before = _before_cloudmend(known.before()) if baseline else ""
    if is_baseline:
        decision = Decision("observe", before)
    elif decision.action != "exempt" and everything and not counted:
        covering = (each for each in exemptions.held if _concerns(each, target, view, everything, control))
        decision = Decision("exempt", "; ".join(each.told for each in covering))
    found = Verdict(
        target=target,
        view=view,
        settings=settings,
        decision=decision,
        findings=everything,
        baseline=baseline,
        baseline_why=before,
        is_baseline=is_baseline,
        covers=covers,
        recent=recent.entries,
        unreadable=exemptions.problems,
        ledger_unreadable=recent.unreadable,
    )
    if decision.action == "exempt":
        return found
    if is_baseline:
        return msgspec.structs.replace(found, exempt=tuple(_exempt(everything, exemptions, target, view, control)))
    exempt = tuple(_exempt(everything, exemptions, target, view, control))
    findings = _restrained(counted, view.state, account)
    found = msgspec.structs.replace(found, findings=findings, exempt=exempt)
    if pending := _pending(control, recent.entries, findings, view.now):
        return msgspec.structs.replace(found, pending=pending)
    due = tuple(each for each in findings if each.is_due)
    return _planned(found, due) if control.put and due else found


def _opened(target: Target, view: View, recent: Sequence[LedgerRecord]) -> tuple[str, ...]:
    """Return the parts that are known to be opened since: those that the event names, or that a mend is at.

    An event may name what a part refers to, as a list of ranges, and not the part itself.
    """
    mending = [step.part for entry in recent if entry.state == "INTENT" for step in entry.intent.steps]
    referring = [part for part, value in view.parts.items() if _refers(value, target.opened)]
    return (*target.opened, *referring, *mending) if target.opened or target.swept else ()


def _refers(value: Any, named: Sequence[str]) -> bool:
    return isinstance(value, Mapping) and any(each in named for each in value.values())


def _before_cloudmend(before: Before) -> str:
    """Return why what stands is left as it is."""
    if not before.is_sure:
        return NOT_SURE
    known = [finding.since for finding in before.baseline]
    since = f" (baseline of {min(known):%Y-%m-%d})" if known else ""
    return f"it was there before cloudmend{since}; cloudmend fix --ledger TABLE mends it"


def _planned(found: Verdict, due: Sequence[Finding]) -> Verdict:
    """Return the verdict with its plan, which mends in the control's second way what flaps."""
    control, view, settings, covers = found.target.control, found.view, found.settings, found.covers
    made = _plan(control, view, due, settings, covers, found.recent)
    flaps = _flaps(control, made, found.recent)
    if flaps >= FLAPPING_AFTER and control.on_flapping and (other := control.on_flapping(settings)) != settings:
        made = plan(control, view, _due(control, view, other, covers), other, covers)
    return msgspec.structs.replace(found, plan=made, flaps=flaps)


def _exempt(
    everything: Iterable[Finding], exemptions: Exemptions, target: Target, view: View, control: Any
) -> Iterable[Exempt]:
    """Yield what a timed exemption leaves as it is, part by part."""
    covers = [(each, covers_of([each], control, target.resource)) for each in exemptions.held]
    parts = [(each, mine, exempt_parts(control, view.state, mine)) for each, mine in covers]
    for finding in everything:
        why = [each.told for each, mine, own in parts if finding in mine or finding.part in own]
        if why:
            yield Exempt(finding, "; ".join(why))


def _due(control: Any, view: View, settings: Any, covers: Covers) -> tuple[Finding, ...]:
    return tuple(each for each in judge(control, view, settings, covers).counted if each.is_due)


def _restrained(findings: tuple[Finding, ...], state: State, account: Callable[[], str]) -> tuple[Finding, ...]:
    """Return the findings as they are for this account: of another's resource they are only reported."""
    return restrained(findings, state.owner, account()) if findings and state.owner else findings


def _plan(
    control: Any, view: View, findings: Sequence[Finding], settings: Any, covers: Covers, recent: Iterable[LedgerRecord]
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


def _with_cause(target: Target, recent: Sequence[LedgerRecord]) -> Target:
    """Return the target of a sweep with the cause of an orphaned intent, because no event names that cause any more."""
    intent = next((entry.intent for entry in recent if entry.state == "INTENT"), None)
    if intent is None or not target.swept:
        return target
    cause = msgspec.structs.replace(intent.cause, account=target.cause.account, region=target.cause.region)
    return msgspec.structs.replace(target, cause=cause)


def _pending(
    control: Any, recent: Iterable[LedgerRecord], findings: Sequence[Finding], now: datetime
) -> LedgerRecord | None:
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


def _flaps(control: Any, made: Plan, recent: Iterable[LedgerRecord]) -> int:
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
    covers = covers_of(latest.held, control, planned.target.resource).besides(planned.baseline)
    if covers == planned.covers:
        return False
    view = msgspec.structs.replace(made.view, exempt=exempt_parts(control, made.view.state, covers))
    left = {each.part for each in judge(control, view, made.settings, covers).counted}
    return not {each.part for each in made.findings} <= left or view.exempt != made.view.exempt
