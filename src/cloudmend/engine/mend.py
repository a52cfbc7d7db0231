"""One resource: looked at, closed if it is open, and proved closed; every end is a published record."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.control import Control
from cloudmend.core.decide import Action, Circumstances
from cloudmend.core.errors import BudgetSpent, Busy, CloudmendError, TooLarge
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.model import ApiCall, Facts, Plan, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.sparing import spare
from cloudmend.core.verdict import Known, judge, planned
from cloudmend.core.world import World
from cloudmend.engine.closing import apply, prove
from cloudmend.engine.needs import Needs, begin, exemptions


def resources_of(
    target: Resource, control: Control, cause: ApiCall, *, policy: Policy, world: World
) -> tuple[Resource, ...] | Record:
    """What a target stands for; a published record where that is nothing, or cannot be known."""
    case = _open_case(target, control, cause, world)
    try:
        found = control.expand(target, world.reader, policy)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        return _published(_failed(case, error, world), world)
    return found or _published(case.clean(world.clock.now()), world)


def mend(
    resource: Resource, control: Control, cause: ApiCall, *, policy: Policy, world: World, swept: bool = False
) -> Record:
    """The last record of a few: what is opened while a mend goes on is mended next, and not left to another event.

    Never raises: an error ends in a record that tells it.
    """
    for is_last in (False, False, True):
        case = _open_case(resource, control, cause, world)
        case.swept, case.is_last = swept, is_last
        record = _mend_once(case, policy, world)
        if not case.reopened:
            break
        resource = msgspec.structs.replace(resource, parts=())  # what the event names was seen
    return record


def _mend_once(case: Case, policy: Policy, world: World) -> Record:
    try:
        record = _mend(case, policy, world)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        record = _failed(case, error, world)
    return _published(_finished(case, record, world), world)


def _open_case(resource: Resource, control: Control, cause: ApiCall, world: World) -> Case:
    return Case(control=control, resource=resource, cause=cause, region=world.region, account=cause.account)


def _failed(case: Case, error: Exception, world: World) -> Record:
    told = str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: {error}"
    return case.failed(told, world.clock.now())


def _finished(case: Case, record: Record, world: World) -> Record:
    """The ledger told of the end. If it cannot be told, the intent stays open, and the next sweep completes it."""
    if case.entry is None:
        return record
    try:
        world.ledger.finish(case.entry, "DONE" if record.status == "mended" else "FAILED", record)
    except Exception as error:  # noqa: BLE001 - what was done must be told all the same
        problem = f"The ledger was not told how it ended ({error}). The next sweep completes it."
        return msgspec.structs.replace(record, errors=(*record.errors, problem))
    return record


def _published(record: Record, world: World) -> Record:
    world.notifier.publish(record)
    return record


def _mend(case: Case, policy: Policy, world: World) -> Record:
    control, now = case.control, world.clock.now
    case.seen = now()
    needs = begin(case, world) if case.swept or control.suspects(case.cause) else None
    facts = control.observe(case.resource, world.reader, policy)
    if facts is None:
        return case.gone(now())
    case.account = facts.account or case.account
    case.findings = control.detect(facts, policy)
    if not case.findings:
        return case.clean(now())
    needs = needs or begin(case, world)
    facts = control.complete(facts, needs.surroundings(), world.reader, policy)
    action = _judge(case, facts, needs, policy, now())
    if action == "exempt":
        return case.exempt(now())
    judged = control.without(facts, case.exempt_parts)
    plan, case.flaps = planned(control, judged, case.findings, policy, needs.recent())
    if action == "observe":
        return case.observed(plan, now())
    return _close(case, facts, plan, policy, world)


def _judge(case: Case, facts: Facts, needs: Needs, policy: Policy, now: datetime) -> Action:
    """What is to be done; the case then knows about which findings, and why."""
    circumstances = Circumstances(
        control=case.control.id,
        account=case.account,
        vpc=facts.vpc_id,
        group=case.resource.id,
        actor_role=case.cause.actor.role_arn,
        now=now,
    )
    known = Known(exemptions=needs.exemptions, mode=needs.mode)
    verdict = judge(case.control, facts, case.findings, circumstances, policy, known)
    case.decision, case.findings = verdict.decision.why, verdict.findings
    case.exempt_parts, case.exemptions_unreadable = frozenset(verdict.exempt_parts), verdict.unreadable
    return verdict.decision.action


def _close(case: Case, facts: Facts, plan: Plan, policy: Policy, world: World) -> Record:
    now = world.clock.now
    latest = world.begin(lambda: exemptions(world))
    try:
        case.entry = _intended(case, facts, plan, policy, world)
    except BudgetSpent as spent:
        case.decision, case.budget_spent = str(spent), True
        return case.observed(plan, now())
    except Busy as busy:
        case.remaining = prove(case, policy, world)
        return case.failed(str(busy), now()) if case.remaining else case.clean(now())
    if exempt := _exempted_meanwhile(case, facts, latest(), policy):
        case.decision = exempt
        return case.exempt(now())
    for change in plan.changes:
        case.outcomes.extend(apply(change, world))
    case.remaining = prove(case, policy, world)
    return case.ended(now())


def _intended(case: Case, facts: Facts, plan: Plan, policy: Policy, world: World) -> Entry:
    """The intent, kept; without the tags where it has no room for them, or who may tag rules could keep them open."""
    try:
        return world.ledger.intend(case.intent(facts, plan, _hash(policy)))
    except TooLarge:
        case.tags_left_out = True
        return world.ledger.intend(case.intent(facts, plan, _hash(policy)))


def _exempted_meanwhile(case: Case, facts: Facts, latest: Exemptions, policy: Policy) -> str:
    """Why all that is at fault is exempt by now: what undo restores, it exempts first, and we may have read between.

    Raises CloudmendError where some of it is, for the next try to leave just that open.
    """
    spared = spare(latest.held, case.resource.id, facts, case.findings, control=case.control, policy=policy)
    if not spared.why and frozenset(spared.parts) != case.exempt_parts:
        raise CloudmendError("Exemptions of its rules changed meanwhile. Nothing was changed; the next try heeds them.")
    return spared.why


def _hash(policy: Policy) -> str:
    """Tells two policies apart."""
    return hashlib.sha256(repr(policy).encode()).hexdigest()[:16]
