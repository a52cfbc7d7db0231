"""One resource: looked at, closed if it is open, and proved closed; every end is a record, told and then kept."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.control import Control
from cloudmend.core.decide import Action, Circumstances
from cloudmend.core.errors import BudgetSpent, Busy, CloudmendError, TooLarge
from cloudmend.core.ledger import Entry, Exemptions, MendEnd
from cloudmend.core.model import ApiCall, Facts, Plan, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.sparing import spare
from cloudmend.core.verdict import Known, dated, judge, planned, restrained
from cloudmend.core.world import World
from cloudmend.engine.closing import apply, prove
from cloudmend.engine.left_behind import complete_met
from cloudmend.engine.needs import Needs, begin, exemptions, met
from cloudmend.engine.put_off import put_off
from cloudmend.engine.record import Ended, ending, recorded, sentence
from cloudmend.engine.unseen import look_again, unseen


def resources_of(
    target: Resource, control: Control, cause: ApiCall, *, policy: Policy, world: World
) -> tuple[tuple[Resource, ...], tuple[Record, ...]]:
    """What a target stands for; and a published record where that is nothing, or cannot be known in full."""
    case = _open_case(target, control, cause, world)
    try:
        found = control.expand(target, world.reader, policy)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        return (), (recorded(Ended(_failed(case, error, world)), world),)
    if found.unread:
        return found.resources, (recorded(Ended(case.failed(found.unread, world.clock.now())), world),)
    if not found.resources:
        return (), (recorded(Ended(case.clean(found.nothing, world.clock.now())), world),)
    return found.resources, ()


def mend(
    resource: Resource, control: Control, cause: ApiCall, *, policy: Policy, world: World, swept: bool = False
) -> Record:
    """The last record of a few: what is opened while a mend goes on is mended next, and not left to another event.

    Never raises: an error ends in a record that tells it.
    """
    for is_last in (False, False, True):
        ended = walk(resource, control, cause, policy=policy, world=world, swept=swept, is_last=is_last)
        record = recorded(ended, world)
        if not ended.reopened:
            break
        if record.status == "mended" and not record.waits:  # what the event names was seen
            resource = msgspec.structs.replace(resource, parts=())
    return record


def walk(
    resource: Resource,
    control: Control,
    cause: ApiCall,
    *,
    policy: Policy,
    world: World,
    swept: bool = False,
    is_last: bool = False,
) -> Ended:
    """One look, and one mend of what is at fault; nobody is told yet. Never raises."""
    case = _open_case(resource, control, cause, world)
    case.swept, case.is_last = swept, is_last
    try:
        record = look_again(case, _mend(case, policy, world), world)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        record = _failed(case, error, world)
    end = MendEnd(case.entry, ending(record), record) if case.entry and not case.is_unsure else None
    return Ended(record, end, case.reopened)


def _open_case(resource: Resource, control: Control, cause: ApiCall, world: World) -> Case:
    return Case(
        control=control,
        resource=resource,
        cause=cause,
        region=world.region,
        account=cause.account,
        run_by=world.run_by,
    )


def _failed(case: Case, error: Exception, world: World) -> Record:
    return case.failed(sentence(error), world.clock.now())


def _mend(case: Case, policy: Policy, world: World) -> Record:
    control, now = case.control, world.clock.now
    case.seen = now()
    needs = begin(case, world) if case.swept or control.suspects(case.cause) else None
    facts = control.observe(case.resource, world.reader, policy)
    case.findings = control.detect(facts, policy) if facts else ()
    needs = needs or (begin(case, world) if case.findings else None)
    if complete_met(case, facts, met(case, needs, world), world):
        return _mend(case, policy, world)  # others were kept out meanwhile, so what was seen is out of date
    case.unseen = unseen(case, facts, now())
    if facts is None:
        return case.gone(now())
    case.account = facts.account or case.account
    if needs is None or not case.findings:
        return case.clean(control.all_clear(facts, policy), now())
    recent = needs.recent()
    facts = control.complete(facts, needs.surroundings(), world.reader, policy)
    case.resource = msgspec.structs.replace(case.resource, name=facts.name or case.resource.name)
    facts = dated(control, facts, recent.entries)
    case.findings, case.recency = control.detect(facts, policy), facts.recency
    action = _judge(case, facts, needs, policy, now())
    if action == "exempt":
        return case.exempt(now())
    case.findings = restrained(case.findings, facts.account, world.account())
    if not case.due:
        return case.unknown(now())
    judged = control.without(facts, case.exempt_parts)
    case.ledger_unreadable = recent.unreadable
    plan, case.flaps = planned(control, judged, case.due, policy, recent.entries)
    if action == "observe":
        return case.observed(plan, now())
    return _close(case, facts, plan, policy, world)


def _judge(case: Case, facts: Facts, needs: Needs, policy: Policy, now: datetime) -> Action:
    """What is to be done; the case then knows about which findings, and why."""
    circumstances = Circumstances(
        control=case.control.id,
        account=case.account,
        vpc=facts.vpc_id,
        resource=case.resource.id,
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
        case.budget_spent = True
        case.decision = f"{spent} {put_off(case, world)} Raise the budget if this many are expected."
        return case.observed(plan, now())
    except Busy as busy:
        prove(case, policy, world)
        if any(finding.is_due for finding in case.remaining):
            return case.failed(str(busy), now())
        case.findings = case.remaining
        if case.findings:
            return case.unknown(now())
        return case.clean(case.control.all_clear(facts, policy), now())
    if exempt := _exempted_meanwhile(case, facts, latest(), policy):
        case.decision = exempt
        return case.exempt(now())
    _write(case, plan, world)
    prove(case, policy, world)
    return case.ended(now())


def _write(case: Case, plan: Plan, world: World) -> None:
    case.is_unsure = True
    for change in plan.changes:
        case.outcomes.extend(apply(change, world))
    case.is_unsure = bool(case.unanswered)


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
