"""An event may come before AWS shows what it tells of. That is looked at again, for a while, and is not clean."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.put_off import PutOff
from cloudmend.core.world import World
from cloudmend.engine.needs import recent

# For so long after a call an answer of AWS that lacks it may be late; after that it is taken for the truth.
YOUNG: Final = timedelta(minutes=2)

_SOONEST: Final = timedelta(seconds=10)  # until the next look, which then comes at twice the age
_SKEW: Final = timedelta(minutes=1)  # a call cannot be further in the future than clocks differ
_MOST_BYTES: Final = 200_000  # of a message: SQS takes 256 KB, and what an event says may be nearly as much


def unseen(case: Case, facts: Any, world: World) -> str:
    """What the event tells of and AWS does not show yet, in words; empty where there is none, or it cannot be lag.

    It is then looked at again, and the case knows when; unless nobody comes again here. Raises AwsError.
    """
    now = world.clock.now()
    if not _is_young(case.cause.time, now):
        return ""
    lacking = case.control.unseen(case.cause, case.resource, facts)
    if not lacking:
        return ""
    images = _images(case, world)
    words = [told for part, told in lacking.items() if not any(part in image for image in images)]
    if words and world.later.put_off(task := _task(case, now, world)):
        case.retry_at = task.due
    return ", ".join(words)


def _images(case: Case, world: World) -> list[str]:
    """What mends saw here since the call. What stands in one of these was seen, and that mend may have revoked it."""
    since = case.cause.time
    entries = recent(case, world).entries
    return [str(entry.intent.before) for entry in entries if since is None or entry.opened >= since]


def _is_young(called: datetime | None, now: datetime) -> bool:
    return called is not None and -_SKEW <= now - called < YOUNG


def _task(case: Case, now: datetime, world: World) -> PutOff:
    """The next look, with the whole cause, which says what to look for; the last when the event is no longer young."""
    called = case.cause.time or now
    task = PutOff(
        due=min(now + max(_SOONEST, now - called), called + YOUNG),
        account=case.account,
        region=world.region,
        control=case.control.id,
        resource=case.resource,
        cause=case.cause,
    )
    if len(task.body().encode()) <= _MOST_BYTES:
        return task
    return msgspec.structs.replace(task, cause=msgspec.structs.replace(case.cause, request={}, response={}))
