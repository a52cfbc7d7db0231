"""Station four, the last round before the first write: the intents, and beside them the exemptions again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from cloudmend.core.contract import State
from cloudmend.core.ending import Ended
from cloudmend.core.errors import BudgetSpent, Busy, CloudmendError, TooLarge
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.model import Intent, Request
from cloudmend.core.planning import calls, judge, same_parts
from cloudmend.core.policy import Policy
from cloudmend.core.version import CODE_VERSION
from cloudmend.core.world import World
from cloudmend.engine.stations.judge import Planned, covers_of
from cloudmend.engine.stations.read import current_exemptions, failed, read_one


def intend(plans: Sequence[Planned], policy: Policy, world: World) -> list[Planned | Ended]:
    """Keep what is about to be done, with what is there before. What was exempted or changed meanwhile ends."""
    if not plans:
        return []
    latest = world.begin(partial(current_exemptions, world))
    whole = [
        world.begin(partial(read_one, each.target, policy, world)) if each.target.control.whole else None
        for each in plans
    ]
    kept = _kept([_intent(each, policy) for each in plans], world)
    return [_checked(each, answer, latest, state) for each, answer, state in zip(plans, kept, whole, strict=True)]


def _kept(intents: Sequence[Intent], world: World) -> list[Entry | Exception]:
    """Store all at once; if that cannot be, one by one, each with its own error."""
    try:
        if len(intents) > 1:
            return list(world.ledger.intend_all(intents))
    except CloudmendError:
        pass
    return [_kept_one(intent, world) for intent in intents]


def _kept_one(intent: Intent, world: World) -> Entry | Exception:
    """Store an intent; if the ledger has no room for all parts, with those alone that change."""
    try:
        try:
            return world.ledger.intend(intent)
        except TooLarge:
            return world.ledger.intend(msgspec.structs.replace(intent, before={}))
    except Exception as error:  # noqa: BLE001 - it ends its own target
        return error


def _intent(planned: Planned, policy: Policy) -> Intent:
    target, made = planned.target, planned.plan
    control, place, view = target.control, target.resource, made.view
    back = msgspec.structs.replace(view.state, parts=made.then)
    return Intent(
        control=control.id,
        resource=place,
        account=place.account,
        region=place.region,
        event_id=target.cause.event_id,
        event_name=target.cause.name,
        actor=target.cause.actor,
        seen=planned.seen,
        policy_hash=policy.digest,
        code_version=CODE_VERSION,
        before={"parts": view.parts, "labels": view.state.labels},
        requests=tuple(
            Request(call.action, call.params) for call in calls(control, target.resource, view.state, made.then)
        ),
        undo=tuple(call.command(target.resource.region) for call in calls(control, target.resource, back, view.parts)),
        steps=made.steps,
    )


def _checked(
    planned: Planned,
    kept: Entry | Exception,
    latest: Callable[[], Exemptions],
    state: Callable[[], State | None] | None,
) -> Planned | Ended:
    findings = planned.plan.findings
    if isinstance(kept, BudgetSpent):
        steps = planned.plan.steps
        return Ended(
            target=planned.target, status="observed", why=str(kept), findings=findings, planned=steps, budget_spent=True
        )
    if isinstance(kept, Busy):
        return msgspec.structs.replace(planned, busy=str(kept))
    if isinstance(kept, Exception):
        return failed(planned.target, kept, findings=findings)
    planned = msgspec.structs.replace(planned, entry=kept)
    try:
        stopped = _meanwhile(planned, latest(), state)
    except Exception as error:  # noqa: BLE001 - what cannot be known now is tried again
        return failed(planned.target, error, findings=findings, entry=kept)
    if not stopped:
        return planned
    return Ended(
        target=planned.target, status="failed", why=stopped, findings=findings, entry=kept, again=True, given_up=True
    )


def _meanwhile(planned: Planned, latest: Exemptions, state: Callable[[], Any] | None) -> str:
    """Return what changed since the plan was made, so that it is given up and made anew; empty if nothing did."""
    control, made = planned.target.control, planned.plan
    exempt = judge(control, made.view, made.settings, covers_of(latest, planned.target)).exempt
    if {each.mark for each in exempt} & {each.mark for each in made.findings}:
        return "An exemption came meanwhile"
    if state is not None:
        fresh = state()
        if fresh is None or not same_parts(control, fresh.parts, made.view.parts):
            return "Somebody changed it meanwhile"
    return ""
