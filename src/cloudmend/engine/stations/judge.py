"""Station three: the plan for what is at fault, or the end of what is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Finding, State
from cloudmend.core.ending import Ended, Target, edit
from cloudmend.core.errors import PlanChanged
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.model import Edit
from cloudmend.core.planning import Covers, Plan, covers_of, exempt_parts, judge
from cloudmend.core.policy.model import Policy
from cloudmend.core.world import World
from cloudmend.engine.stations.later import wait
from cloudmend.engine.stations.read import Situation, failed
from cloudmend.engine.stations.verdict import Verdict, verdict


class Planned(Struct, frozen=True, kw_only=True):
    """A plan with its target, and the facts known when it was made. `entry` is set once the intent is stored."""

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
    baseline: tuple[Finding, ...] = ()  # left as it was before cloudmend
    spared: tuple[Finding, ...] = ()  # left as it is by an exemption of the part
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
            "baseline": self.baseline,
            "spared": self.spared,
            "view": self.plan.view,
            "settings": self.plan.settings,
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
    if state is None:
        return Ended(target=target, status="gone")
    found = verdict(situation, state, policy, now=world.clock.now(), account=world.account)
    if found is None:
        return clean(target, state, policy.settings_of(target.control))
    if found.plan and found.decision.action == "fix":
        return _planned(found, found.plan, situation.seen, agreed)
    return _ended(found, world)


def clean(target: Target, state: State | None, settings: Any, **more: Any) -> Ended:
    """Return the end of a look that found nothing, which says what was looked at."""
    control = target.control
    told = control.clear(target.resource, state, settings) if control.clear else f"no finding of {control.id}"
    return Ended(target=target, status="clean", told=told, **more)


def _planned(found: Verdict, made: Plan, seen: datetime, agreed: Sequence[Edit] | None) -> Planned:
    """Return the plan on its way. Raises PlanChanged."""
    _check_agreed(found.target.control, made, agreed)
    return Planned(
        target=found.target,
        plan=made,
        findings=found.findings,
        covers=found.covers,
        decision=found.decision.why,
        recent=found.recent,
        flaps=found.flaps,
        seen=seen,
        unreadable=found.unreadable,
        ledger_unreadable=found.ledger_unreadable,
        baseline=found.baseline,
        spared=tuple(each.finding for each in found.exempt),
        agreed=agreed is not None,
    )


def _ended(found: Verdict, world: World) -> Ended:
    """Return the end of a resource that stays as it is, and is reported or looked at again."""
    end = Ended(
        target=found.target,
        status="exempt" if found.decision.action == "exempt" else "observed",
        decision=found.decision.why,
        findings=found.findings,
        unreadable=() if found.decision.action == "exempt" else found.unreadable,
        baseline=found.baseline,
        spared=tuple(each.finding for each in found.exempt),
        view=found.view,
        settings=found.settings,
    )
    if found.is_baseline:
        told = "; ".join(each.why for each in found.findings)
        return msgspec.structs.replace(end, told=told, only_baseline=True)
    if found.pending:
        told = "nothing else is at fault"
        return wait(msgspec.structs.replace(end, status="pending", told=told, entry=found.pending), world)
    if end.status == "exempt":
        return end
    if found.plan is None:
        return _unknown(end, world)
    more = {"flaps": found.flaps, "ledger_unreadable": found.ledger_unreadable}
    return msgspec.structs.replace(end, planned=found.plan.steps, **more)


def _unknown(end: Ended, world: World) -> Ended:
    """Return the end of a resource with no finding to mend: reported, or to be looked at again."""
    why = "; ".join(sorted({each.restraint or each.wait for each in end.findings} - {""})) or "it is only reported"
    end = msgspec.structs.replace(end, decision=why)
    if not any(each.wait for each in end.findings):
        return end
    told = "; ".join(each.why for each in end.findings if not each.is_due)
    return wait(msgspec.structs.replace(end, told=told), world)


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


def exempted_meanwhile(planned: Planned, latest: Exemptions) -> bool:
    """Return whether exemptions cover by now what the plan would mend: what undo restores, it exempts first."""
    control, made = planned.target.control, planned.plan
    covers = covers_of(latest.held, control, planned.target.resource).besides(planned.baseline)
    if covers == planned.covers:
        return False
    view = msgspec.structs.replace(made.view, exempt=exempt_parts(control, made.view.state, covers))
    left = {each.part for each in judge(control, view, made.settings, covers).counted}
    return not {each.part for each in made.findings} <= left or view.exempt != made.view.exempt
