"""The only place where pure meets impure: an event comes in, a door is closed, a record goes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.control import Control
from cloudmend.core.decide import Circumstances, Decision, check_parts, decide
from cloudmend.core.errors import AwsError, CloudmendError, EventError
from cloudmend.core.model import ApiCall, Change, Facts, Finding, Ignored, Outcome, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import World
from cloudmend.core.run import RunReader
from cloudmend.core.wrappings import parse_events

# After a write AWS may go on showing the old state for a moment. Seconds before each further look.
_PROOF_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)


def handle(raw: object, *, controls: Sequence[Control], policy: Policy, world: World) -> tuple[Record | Ignored, ...]:
    """Everything that an event, or several in a wrapping, leads to.

    Raises EventError, after all else is done, where one of them cannot be understood.
    """
    run = _run(world)
    done: list[Record | Ignored] = []
    problems: list[str] = []
    for answer in parse_events(raw):
        try:
            done += _respond(answer, controls, policy, run)
        except EventError as error:
            problems.append(str(error))
    if problems:
        raise EventError(" ".join(problems))
    return tuple(done)


def _respond(
    answer: ApiCall | Ignored | EventError, controls: Sequence[Control], policy: Policy, world: World
) -> list[Record | Ignored]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        return [answer]
    watching = [control for control in controls if control.watches(answer)]
    if not watching:
        source = answer.source or "a call without eventSource,"
        return [Ignored(f"no control watches {source} {answer.name}", answer.event_id)]
    targets = [(target, control) for control in watching for target in control.targets(answer)]
    return [record for target, control in targets for record in _mend_all(target, control, answer, policy, world)]


def _run(world: World) -> World:
    """The world for one run, in which what lasts is read once."""
    return msgspec.structs.replace(world, reader=RunReader(world.reader))


def sweep(*, controls: Sequence[Control], policy: Policy, world: World) -> tuple[Record, ...]:
    """Closes what is open in the whole Region, whatever events did or did not say: the net below them."""
    cause = ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account="", region=world.region)
    everywhere = Resource(type="AWS::Region", id=world.region)
    return tuple(
        record for control in controls for record in _mend_all(everywhere, control, cause, policy, _run(world))
    )


def _mend_all(target: Resource, control: Control, cause: ApiCall, policy: Policy, world: World) -> Iterator[Record]:
    """Mends everything that a target stands for; where that cannot be known, a record says so."""
    case = _open_case(target, control, cause, world)
    try:
        resources = control.expand(target, world.reader, policy)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        yield _published(_failed(case, error, world), world)
        return
    if not resources:
        yield _published(case.clean(world.clock.now()), world)
    for resource in resources:
        yield mend(resource, control, cause, policy=policy, world=world)


def mend(resource: Resource, control: Control, cause: ApiCall, *, policy: Policy, world: World) -> Record:
    """One resource, looked at, closed if it is open, and proved closed; every end is a published record."""
    case = _open_case(resource, control, cause, world)
    try:
        record = _mend(case, policy, world)
    except Exception as error:  # noqa: BLE001 - a crash becomes a record
        record = _failed(case, error, world)
    return _published(record, world)


def _failed(case: Case, error: Exception, world: World) -> Record:
    told = str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: {error}"
    return case.failed(told, world.clock.now())


def _open_case(resource: Resource, control: Control, cause: ApiCall, world: World) -> Case:
    return Case(control=control, resource=resource, cause=cause, region=world.region, account=cause.account)


def _published(record: Record, world: World) -> Record:
    world.notifier.publish(record)
    return record


def _mend(case: Case, policy: Policy, world: World) -> Record:
    control, now = case.control, world.clock.now
    facts = control.observe(case.resource, world.reader, policy)
    if facts is None:
        return case.gone(now())
    case.account = facts.account or case.account
    case.findings = control.detect(facts, policy)
    if not case.findings:
        return case.clean(now())
    facts = control.complete(facts, world.reader, policy)
    decision = _decide(case, facts, policy, now())
    case.decision = decision.why
    if decision.action == "exempt":
        return case.exempt(now())
    plan = control.plan(facts, case.findings, policy)
    check_parts(plan, case.findings)
    control.check(facts, plan, policy)
    if decision.action == "observe":
        return case.observed(plan, now())
    world.ledger.intend(case.intent(facts, plan))
    for change in plan.changes:
        case.outcomes.extend(_apply(change, world))
    case.remaining = _prove(case, policy, world)
    return case.ended(now())


def _decide(case: Case, facts: Facts, policy: Policy, now: datetime) -> Decision:
    circumstances = Circumstances(
        control=case.control.id,
        account=case.account,
        vpc=facts.vpc_id,
        group=case.resource.id,
        actor_role=case.cause.actor.role_arn,
        now=now,
    )
    return decide(policy, circumstances)


def _apply(change: Change, world: World) -> Iterator[Outcome]:
    """Carries out a change: whole; refused, in its pieces; refused again, in its other way.

    Where AWS gave no answer the write may have taken effect: nothing more is tried, and the proof tells.
    """
    try:
        world.writer.write(change.request)
    except AwsError as error:
        if error.code in change.settled:
            yield Outcome(change=change, changed=False)
        elif change.pieces and error.code:
            for piece in change.pieces:
                yield from _apply(piece, world)
        elif change.otherwise and error.refused:
            yield from _apply(change.otherwise, world)
        else:
            yield Outcome(change=change, changed=False, error=str(error))
    else:
        yield Outcome(change=change, changed=True)


def _prove(case: Case, policy: Policy, world: World) -> tuple[Finding, ...]:
    """What is still at fault now, read from AWS again, and again while it may only be late."""
    remaining = _look(case, policy, world)
    for pause in _PROOF_PAUSES:
        if not remaining:
            break
        world.clock.sleep(pause)
        remaining = _look(case, policy, world)
    return remaining


def _look(case: Case, policy: Policy, world: World) -> tuple[Finding, ...]:
    """What is at fault now; nothing where the resource is gone. Parts that we revoked are not waited for."""
    resource = msgspec.structs.replace(case.resource, parts=())
    facts = case.control.observe(resource, world.reader, policy)
    return () if facts is None else case.control.detect(facts, policy)
