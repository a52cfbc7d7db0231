"""Ask who took a resource while it was open: after the mend, and again later, because AWS reports that late.

The question comes after the writes and their proof. What cannot be found out is said in words, and fails no mend
(decision 46).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, Taken
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import ApiCall, Ignored, Record, Resource
from cloudmend.core.ports import PutOff
from cloudmend.core.world import World
from cloudmend.engine.stations.values import sentence

_MOST: Final = 5  # of what was taken, in a sentence


def with_taken(record: Record, control: Control[Any], cause: ApiCall, world: World) -> Record:
    """Return the record of a mend, with what is known of who took the resource while it was open."""
    taken = control.taken
    if taken is None or record.status != "mended" or not record.edits:
        return record
    try:
        found = taken.found(_resource(record), world.reader, cause.time, world.clock.now())
    except Exception as error:  # noqa: BLE001 - the mend is done, whatever this question meets
        told = _not_known(error)
    else:
        told = _told(found, cause.time) if found else f"So far AWS reports {taken.nothing}. {taken.late}"
        record = msgspec.structs.replace(record, severity=_severity(record, cause.time) if found else record.severity)
    later = _later(record, taken, cause, world)
    return msgspec.structs.replace(record, taken=(told, *later), look=() if later else _to_ask(taken, record))


def ask_again(task: PutOff, control: Control[Any], world: World, *, is_last: bool) -> Record | Ignored:
    """Return the record of a mend, published again if AWS reports by now that somebody took the resource.

    Raises CloudmendError if that cannot be found out now. If this is the last time, the record says so instead.
    """
    ended, taken, since = world.ledger.get(task.mended, task.place).ended, control.taken, task.cause.time
    if taken is None or ended is None:
        return Ignored(f"nobody asks any more who took {task.resource.label}", task.cause.event_id)
    record = ended.record
    try:
        found = taken.found(_resource(record), world.reader, since, ended.at)
    except CloudmendError as error:
        if not is_last:
            raise
        told, look = _not_known(error), _to_ask(taken, record)
        return _published(msgspec.structs.replace(record, taken=(told,), look=look), world)
    told = _told(found, since) if found else ""
    if not told or told in record.taken:
        return Ignored(f"AWS reports nothing more about {task.resource.label}", record.event_id)
    return _published(msgspec.structs.replace(record, taken=(told,), severity=_severity(record, since)), world)


def _published(record: Record, world: World) -> Record:
    world.notifier.publish(record)
    return record


def _resource(record: Record) -> Resource:
    place = {"account": record.account, "region": record.region}
    return msgspec.structs.replace(record.resource, parts=(), **place)


def _severity(record: Record, since: datetime | None) -> Any:
    """Return the severity of what somebody took; before an unknown time, that may have been meant so."""
    return "high" if since else record.severity


def _told(found: Sequence[str], since: datetime | None) -> str:
    shown = "; ".join(found[:_MOST])
    more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
    when = f"While it was open, from {since:%Y-%m-%d %H:%M:%S} UTC on" if since else "Before the mend"
    return f"{when}: {shown}{more}. No mend undoes that."


def _not_known(error: Exception) -> str:
    return f"It is not known whether anybody took it while it was open: {sentence(error)}"


def _to_ask(taken: Taken, record: Record) -> tuple[str, ...]:
    """Return the commands with which a person asks AWS."""
    return tuple(call.command(record.region) for call in taken.ask(_resource(record)))


def _later(record: Record, taken: Taken, cause: ApiCall, world: World) -> tuple[str, ...]:
    """Put the second question into the queue. Return when it is asked; nothing if there is no queue for it."""
    if not taken.again or not record.entry_id:
        return ()
    task = PutOff(
        due=world.clock.now() + taken.again,
        account=record.account,
        region=record.region,
        control=record.control,
        resource=_resource(record),
        cause=msgspec.structs.replace(cause, request={}, response={}),
        mended=record.entry_id,
    )
    try:
        is_left = world.later.put_off(task)
    except CloudmendError:  # the first answer stands, and says how to ask
        return ()
    return (f"cloudmend asks again at {task.due:%H:%M} UTC, and reports what AWS says then.",) if is_left else ()
