"""Put off to the queue what cannot be done or known now, and look at it again when it is due."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import next_hour
from cloudmend.core.model import Json
from cloudmend.core.ports import PutOff
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.values import Situation

# For so long after a call an answer of AWS that lacks it may be late; after that it is taken for the truth.
YOUNG: Final = timedelta(minutes=2)

_SOONEST: Final = timedelta(seconds=10)  # until the next look at what is young, which then comes at twice the age
_WAIT: Final = timedelta(minutes=5)  # until the next look at what waits for something else
_SKEW: Final = timedelta(minutes=1)  # a call cannot be further in the future than clocks differ
_MOST_BYTES: Final = 200_000  # of a message: SQS takes 256 KB, and what an event says may be nearly as much


def look_again(end: Outcome, situation: Situation | Outcome, world: World) -> Outcome:
    """Return the end. If AWS lags behind the event, the end says so and is no all-clear.

    The queue then has a task to look again. If there is no queue, or it does not accept the task, the end is a failure.
    """
    if isinstance(situation, Outcome) or end.status in ("open", "failed"):  # that is tried again as a whole
        return end
    told = ", ".join(_never_seen(end, situation, world.clock.now()))
    return _told_late(end, f"AWS does not show {told} yet, which the event names", world) if told else end


def look_again_named(end: Outcome, world: World) -> Outcome:
    """Return the end of an event that names a missing resource. If the event is young, AWS may not show it yet."""
    if not _is_young(end.target.cause.time, world.clock.now()):
        return end
    return _told_late(end, f"AWS does not show {end.target.resource.label} yet, which the event names", world)


def _told_late(end: Outcome, told: str, world: World) -> Outcome:
    now, is_clear = world.clock.now(), end.status in ("clean", "gone")
    task = _young_task(end.target, now, world)
    task = _telling(end, task) if end.status == "observed" else task
    if problem := _not_left(task, world):
        told = f"{told}. It is not known whether that is open. {problem}"
        if is_clear:
            return msgspec.structs.replace(end, status="failed", told=told)
        return msgspec.structs.replace(end, status="failed", late=told)
    if is_clear:
        decision = f"it is looked at again at {task.due:%H:%M:%S} UTC"
        return msgspec.structs.replace(end, status="observed", told=told, decision=decision, retry_at=task.due)
    late = f"{told}: that is looked at again at {task.due:%H:%M:%S} UTC."
    return msgspec.structs.replace(end, late=late, retry_at=end.retry_at or task.due)


def _not_left(task: PutOff, world: World) -> str:
    """Put off a task. Return what a person must do if that failed; empty if the task is in the queue."""
    try:
        return "" if world.later.put_off(task) else "Try again in two minutes."
    except CloudmendError as error:
        return f"Try again in two minutes. It could not be put into the queue for that: {error}"


def _never_seen(end: Outcome, situation: Situation, now: datetime) -> list[str]:
    """Return, in words, the parts that the event reports, and that neither the state nor any mend since the call saw.

    A mend may have removed or narrowed a part that it saw, so such a part is not missing.
    """
    target = situation.target
    called = target.cause.time
    if not _is_young(called, now):
        return []
    control, state = target.control, situation.state
    waiting = {finding.part for finding in (*end.findings, *end.remaining) if finding.wait}
    lacking_now = _lacking(target, control.image_of(state) if state else None)
    unseen = {part: told for part, told in lacking_now.items() if part not in waiting}
    if not unseen:
        return []
    seen = [entry.intent.before for entry in situation.known.recent().entries if called and entry.opened >= called]
    seen += [end.entry.intent.before] if end.entry else []
    lacking = [_lacking_of(target, image, unseen) for image in seen]
    return [told for part, told in unseen.items() if all(part in each for each in lacking)]


def _lacking_of(target: Target, image: Json, unseen: Mapping[str, str]) -> Container[str]:
    """Return the parts that a before-image lacks: all of them, if the image cannot be compared."""
    try:
        return _lacking(target, image)
    except Exception:  # noqa: BLE001 - others than cloudmend may write to a ledger
        return unseen


def _lacking(target: Target, image: Json | None) -> Mapping[str, str]:
    """Return, in words and by part, the effects of the call that an image of the resource does not show."""
    control, resource = target.control, target.resource
    if control.unseen:
        return control.unseen(target.cause, resource, image)
    if image is None:
        return {resource.id: f"{resource.label} itself"}
    return {part: part for part in resource.parts if part not in image["parts"]}


def _is_young(called: datetime | None, now: datetime) -> bool:
    return called is not None and -_SKEW <= now - called < YOUNG


def _young_task(target: Target, now: datetime, world: World) -> PutOff:
    """Return the task of the next look, with its cause. The last look is due when the event is no longer young."""
    called = target.cause.time or now
    task = _task(target, min(now + max(_SOONEST, now - called), called + YOUNG), world)
    whole = msgspec.structs.replace(task, resource=target.resource, cause=target.cause)
    return (
        whole
        if len(whole.body().encode()) <= _MOST_BYTES
        else msgspec.structs.replace(whole, cause=msgspec.structs.replace(target.cause, request={}, response={}))
    )


def wait(end: Outcome, world: World) -> Outcome:
    """Return the end of a mend that has to wait: pending or deferred if the queue has its task, otherwise failed."""
    task = _naming(end, _telling(end, _task(end.target, world.clock.now() + _WAIT, world)))
    if end.status == "pending" and end.entry:
        task = msgspec.structs.replace(task, accepted=end.entry.id)
    try:
        is_left = world.later.put_off(task)
    except CloudmendError as error:
        return msgspec.structs.replace(
            end, status="failed", told=f"{end.told or end.status}. It could not be put off: {error}"
        )
    if not is_left:
        return msgspec.structs.replace(end, status="failed", told=end.told and f"{end.told}. It is tried again.")
    status = "pending" if end.status == "pending" else "deferred"
    return msgspec.structs.replace(end, status=status, retry_at=task.due)


def budget_spent(spent: Exception, end: Outcome, world: World) -> Outcome:
    """Return the end of a mend that the budget refuses; the task waits for the next hour."""
    task = _naming(end, _telling(end, _task(end.target, next_hour(world.clock.now()), world)))
    told, retry_at = f"It is open until it is tried again at {task.due:%H:%M} UTC.", None
    try:
        if world.later.put_off(task):
            retry_at = task.due
        else:
            told = f"It is open, and nothing here tries it again by itself. Try again after {task.due:%H:%M} UTC."
    except CloudmendError as error:
        told = f"It is open, and could not be put into the queue ({error}): the next event or sweep looks again."
    decision = f"{spent} {told} If so many mends are normal, raise the budget."
    return msgspec.structs.replace(end, decision=decision, budget_spent=True, retry_at=retry_at)


def _telling(end: Outcome, task: PutOff) -> PutOff:
    """Return the task with the parts that a notice now reports as at fault, and that stay as they are."""
    return msgspec.structs.replace(task, told=tuple(finding.part for finding in end.findings))


def _naming(end: Outcome, task: PutOff) -> PutOff:
    """Return the task with the parts that the call may have opened, if the event names none.

    The task has no time of the call. By these parts its look knows what is no baseline, also if their values change.
    """
    if task.opened or end.target.swept:
        return task
    old = {finding.part for finding in end.baseline}
    found = dict.fromkeys(finding.part for finding in end.findings if finding.part not in old)
    return msgspec.structs.replace(task, opened=tuple(found))


def _task(target: Target, due: datetime, world: World) -> PutOff:
    """Return the task of a target. Its cause keeps the actor only: the parameters and the time no longer count."""
    return PutOff(
        due=due,
        account=target.resource.account or target.cause.account,
        region=world.region,
        control=target.control.id,
        resource=msgspec.structs.replace(target.resource, parts=()),
        opened=target.opened,
        cause=msgspec.structs.replace(target.cause, time=None, request={}, response={}),
    )
