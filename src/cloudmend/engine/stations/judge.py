"""Station three: the plan for what is at fault, or the end of what is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from cloudmend.core.ending import edit
from cloudmend.core.errors import PlanChanged
from cloudmend.core.model import Edit
from cloudmend.core.planning import Plan
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome
from cloudmend.core.world import World
from cloudmend.engine.stations.later import wait
from cloudmend.engine.stations.values import Planned, Situation, Verdict, clean, failed
from cloudmend.engine.stations.verdict import verdict


def judged(
    situation: Situation, policy: Policy, world: World, agreed: Sequence[Edit] | None = None
) -> Planned | Outcome:
    """Return the plan for what is at fault, or the end of a target for which there is nothing to do.

    `agreed` is what a person agreed to: a plan that would do more is not made.
    """
    try:
        return _judged(situation, policy, world, agreed)
    except Exception as error:  # noqa: BLE001 - one bad resource stops only itself
        return failed(situation.target, error)


def _judged(situation: Situation, policy: Policy, world: World, agreed: Sequence[Edit] | None) -> Planned | Outcome:
    target, state = situation.target, situation.state
    if state is None:
        return Outcome(target=target, status="gone")
    found = verdict(situation, state, policy, now=world.clock.now(), account=world.account)
    if found is None:
        return clean(target, state, policy.settings_of(target.control))
    if found.plan and found.decision.action == "fix":
        return _planned(found, found.plan, situation.seen, agreed)
    return _ended(found, world)


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


def _ended(found: Verdict, world: World) -> Outcome:
    """Return the end of a resource that stays as it is, and is reported or looked at again."""
    end = Outcome(
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


def _unknown(end: Outcome, world: World) -> Outcome:
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
