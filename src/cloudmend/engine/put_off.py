"""What the budget of the hour refuses is left to be tried again when the next hour begins."""

from __future__ import annotations

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import next_hour
from cloudmend.core.put_off import PutOff
from cloudmend.core.world import World


def put_off(case: Case, world: World) -> str:
    """What becomes of it, in a sentence; the case then knows when it is tried again, if it is."""
    task = _task(case, world)
    try:
        is_left = world.later.put_off(task)
    except CloudmendError as error:
        return f"It is open, and could not be left to be tried again ({error}): the next event or sweep looks again."
    if not is_left:
        return f"It is open, and nothing here tries it again by itself: do that after {task.due:%H:%M} UTC."
    case.retry_at = task.due
    return f"It is open until it is tried again at {task.due:%H:%M} UTC."


def _task(case: Case, world: World) -> PutOff:
    """Of the cause only who it was: its parameters say nothing any more, nor does how long ago it was."""
    return PutOff(
        due=next_hour(world.clock.now()),
        account=case.account,
        region=world.region,
        control=case.control.id,
        resource=msgspec.structs.replace(case.resource, parts=()),
        cause=msgspec.structs.replace(case.cause, time=None, request={}, response={}),
        told=tuple(finding.part for finding in case.findings),
    )
