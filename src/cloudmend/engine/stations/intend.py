"""Station four, the last round before the first write: the intents, and beside them the exemptions again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from cloudmend.core.contract import Control, State
from cloudmend.core.ending import commands, told_findings, without_tags, without_tags_of
from cloudmend.core.errors import BudgetSpent, Busy, CloudmendError, TooLarge
from cloudmend.core.ledger_records import Exemptions, LedgerRecord
from cloudmend.core.model import Intent, Json, Request
from cloudmend.core.planning import calls, same_parts
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome
from cloudmend.core.version import CODE_VERSION
from cloudmend.core.world import World
from cloudmend.engine.stations.later import budget_spent
from cloudmend.engine.stations.reading import current_exemptions, read_one
from cloudmend.engine.stations.values import Answer, Planned, sentence
from cloudmend.engine.stations.verdict import exempted_meanwhile


def intend(plans: Sequence[Planned], policy: Policy, world: World) -> list[Planned | Outcome]:
    """Keep what is about to be done, with what is there before. What was exempted or changed meanwhile ends."""
    latest = world.begin(partial(current_exemptions, world))
    whole: list[Answer | None] = [
        world.begin(partial(read_one, each.target, policy, world)) if each.target.control.whole else None
        for each in plans
    ]
    kept = _kept(plans, policy, world)
    return [
        _checked(each, answer, latest, state, world) for each, answer, state in zip(plans, kept, whole, strict=True)
    ]


def _kept(plans: Sequence[Planned], policy: Policy, world: World) -> list[LedgerRecord | Exception]:
    """Store all intents at once; if that cannot be, one by one, each with its own error."""
    if len(plans) > 1:
        with suppress(CloudmendError):
            return list(world.ledger.intend_all([_intent(each, policy, world) for each in plans]))
    return [_kept_one(each, policy, world) for each in plans]


def _kept_one(planned: Planned, policy: Policy, world: World) -> LedgerRecord | Exception:
    """Store an intent; without tags if the ledger has no room for them, or who may tag could keep it at fault."""
    try:
        try:
            return world.ledger.intend(_intent(planned, policy, world))
        except TooLarge:
            return world.ledger.intend(_intent(planned, policy, world, tags=False))
    except Exception as error:  # noqa: BLE001 - it ends its own target
        return error


def _intent(planned: Planned, policy: Policy, world: World, *, tags: bool = True) -> Intent:
    target, made = planned.target, planned.plan
    control, place, view, cause = target.control, target.resource, made.view, target.cause
    back = msgspec.structs.replace(view.state, parts=made.then)
    return Intent(
        control=control.id,
        resource=place,
        account=place.account or cause.account,
        region=world.region,
        event_id=cause.event_id,
        event_name=cause.name,
        actor=cause.actor,
        run_by=world.run_by,
        seen=planned.seen,
        policy_hash=policy.digest,
        findings=told_findings(planned.findings),
        decision=planned.decision,
        code_version=CODE_VERSION,
        before=_image(control, view.state, tags=tags),
        tags_left_out=not tags,
        requests=tuple(Request(call.action, call.params) for call in calls(control, place, view.state, made.then)),
        undo=commands(calls(control, place, back, view.parts), world.region, tags=tags),
        steps=made.steps if tags else without_tags_of(made.steps),
        budgeted=control.budgeted,
    )


def _image(control: Control[Any], state: State, *, tags: bool) -> Json:
    image = control.image_of(state)
    if tags:
        return image
    smaller: Json = without_tags(image)
    return smaller


def _checked(
    planned: Planned,
    kept: LedgerRecord | Exception,
    latest: Callable[[], Exemptions],
    state: Answer | None,
    world: World,
) -> Planned | Outcome:
    if isinstance(kept, BudgetSpent):
        return budget_spent(kept, planned.ended("observed", planned=planned.plan.steps), world)
    if isinstance(kept, Busy):
        return msgspec.structs.replace(planned, busy=str(kept))
    if isinstance(kept, Exception):
        return planned.ended("failed", told=sentence(kept))
    planned = msgspec.structs.replace(planned, entry=kept)
    try:
        now = latest()
        planned = msgspec.structs.replace(
            planned, unreadable=tuple(dict.fromkeys((*planned.unreadable, *now.problems)))
        )
        stopped = _meanwhile(planned, now, state)
    except Exception as error:  # noqa: BLE001 - what cannot be known now is tried again
        return planned.ended("failed", told=sentence(error))
    return planned.ended("failed", told=stopped, again=True, given_up=True) if stopped else planned


def _meanwhile(planned: Planned, latest: Exemptions, state: Callable[[], State | None] | None) -> str:
    """Return the change since the plan was made, which makes the plan void; empty if nothing changed."""
    if exempted_meanwhile(planned, latest):
        return "Exemptions of it changed meanwhile. Nothing was changed; the next try applies them."
    if state is not None:
        fresh = state()
        if fresh is None or not same_parts(planned.target.control, fresh.parts, planned.plan.view.parts):
            return "Somebody changed it meanwhile. Nothing was changed; the next try looks again."
    return ""
