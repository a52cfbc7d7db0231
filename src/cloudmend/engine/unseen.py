"""An event may come before AWS shows what it tells of. That is looked at again, for a while, and is not clean."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import Json, Record
from cloudmend.core.put_off import PutOff
from cloudmend.core.world import World
from cloudmend.engine.needs import recent

# For so long after a call an answer of AWS that lacks it may be late; after that it is taken for the truth.
YOUNG: Final = timedelta(minutes=2)

_SOONEST: Final = timedelta(seconds=10)  # until the next look, which then comes at twice the age
_SKEW: Final = timedelta(minutes=1)  # a call cannot be further in the future than clocks differ
_MOST_BYTES: Final = 200_000  # of a message: SQS takes 256 KB, and what an event says may be nearly as much


def unseen(case: Case, facts: Any, now: datetime) -> Mapping[str, str]:
    """What the event tells of and AWS does not show, by part, in words; empty where that cannot be lag."""
    if not _is_young(case.cause.time, now):
        return {}
    return case.control.unseen(case.cause, case.resource, facts and facts.image)


def look_again(case: Case, record: Record, world: World) -> Record:
    """The record; where AWS lags behind the event one that says so, and is no all-clear.

    It is then left to be looked at again; where nobody comes again here, or it cannot be left, the record is failed.
    """
    if not case.unseen or record.status in ("open", "failed"):  # which is tried again as a whole
        return record
    told = ", ".join(_never_seen(case, world))
    return _told(case, record, f"AWS does not show {told} yet, which the event tells of", world) if told else record


def _told(case: Case, record: Record, told: str, world: World) -> Record:
    now, is_clear = world.clock.now(), record.status in ("clean", "gone")
    task = _task(case, record, now, world)
    if problem := _not_left(task, world):
        told = f"{told}. It is not known whether that is open: {problem}"
        if is_clear:
            return case.failed(told, now)
        whole, errors = f"{record.summary} {told}", (*record.errors, told)
        return msgspec.structs.replace(record, status="failed", severity="high", summary=whole, errors=errors)
    case.retry_at = case.retry_at or task.due
    if is_clear:
        return case.not_seen(told, now)
    again = f"{record.summary} {told}: that is looked at again at {task.due:%H:%M:%S} UTC."
    return msgspec.structs.replace(record, summary=again, retry_at=case.retry_at)


def _not_left(task: PutOff, world: World) -> str:
    """What to do where it could not be left to be looked at again; empty where it is."""
    try:
        return "" if world.later.put_off(task) else "try again in two minutes."
    except CloudmendError as error:
        return f"try again in two minutes. It could not be left to be looked at by itself: {error}"


def _never_seen(case: Case, world: World) -> list[str]:
    """What no mend saw here since the call either. What one saw, that mend may have revoked or narrowed."""
    since = case.cause.time
    entries = [entry for entry in recent(case, world).entries if since is None or entry.opened >= since]
    lacking = [_lacking(case, entry.intent.before) for entry in entries]
    return [told for part, told in case.unseen.items() if all(part in each for each in lacking)]


def _lacking(case: Case, image: Json) -> Container[str]:
    """The parts that a before-image lacks: all, where it is none that can be compared."""
    try:
        return case.control.unseen(case.cause, case.resource, image)
    except Exception:  # noqa: BLE001 - others than cloudmend may write to a ledger
        return case.unseen


def _is_young(called: datetime | None, now: datetime) -> bool:
    return called is not None and -_SKEW <= now - called < YOUNG


def _task(case: Case, record: Record, now: datetime, world: World) -> PutOff:
    """The next look, with the whole cause, which says what to look for; the last when the event is no longer young."""
    called = case.cause.time or now
    task = PutOff(
        due=min(now + max(_SOONEST, now - called), called + YOUNG),
        account=case.account,
        region=world.region,
        control=case.control.id,
        resource=case.resource,
        cause=case.cause,
        told=tuple(finding.part for finding in record.findings) if record.status == "observed" else (),
    )
    if len(task.body().encode()) <= _MOST_BYTES:
        return task
    return msgspec.structs.replace(task, cause=msgspec.structs.replace(case.cause, request={}, response={}))
