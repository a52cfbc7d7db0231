"""Tell people, then finish the ledger's entry: a crash between the two tells twice, never nobody (decision 22)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from cloudmend.core.errors import WrongState
from cloudmend.core.ledger import Ledger, MendEnd
from cloudmend.core.ledger_records import Ending
from cloudmend.core.model import Record
from cloudmend.core.ports import CollectiveNotifier, Notifier
from cloudmend.core.world import World
from cloudmend.engine.stations.values import sentence

Told = tuple[Record, MendEnd | None]  # a record, and the end for the ledger where an intent was kept


def ending(record: Record) -> Ending:
    """Return the ledger's word for how a mend ended."""
    return "DONE" if record.status == "mended" else "FAILED"


def record_all(ended: Sequence[Told], world: World, silent: Sequence[bool] = ()) -> list[Record]:
    """Publish up to 33 records, except `silent` ones, and finish their entries. Return them as last published."""
    quiet = silent or [False] * len(ended)
    _tell([record for (record, _), is_quiet in zip(ended, quiet, strict=True) if not is_quiet], world.notifier)
    problems = iter(_finish([end for _, end in ended if end], world.ledger))
    return [_told_last(record, next(problems) if end else None, world) for record, end in ended]


def _tell(records: Sequence[Record], notifier: Notifier) -> None:
    if records and isinstance(notifier, CollectiveNotifier):
        notifier.publish_all(records)
    else:
        for record in records:
            notifier.publish(record)


def _finish(ends: Sequence[MendEnd], ledger: Ledger) -> list[Exception | None]:
    """Finish all at once; where that cannot be, one by one. Return what went wrong with each."""
    if len(ends) > 1:
        with suppress(Exception):  # each meets its own error below
            ledger.finish_all(ends)
            return [None] * len(ends)
    return [_problem(end, ledger) for end in ends]


def _problem(end: MendEnd, ledger: Ledger) -> Exception | None:
    try:
        ledger.finish(*end)
    except Exception as error:  # noqa: BLE001 - people were told already, and are told this too
        return error
    return None


def _told_last(record: Record, problem: Exception | None, world: World) -> Record:
    """Return the record; published again if the ledger lacks it. A process that completed it has published it."""
    if problem is None or isinstance(problem, WrongState):
        return record
    told = (
        f"The ledger does not hold the result ({sentence(problem)}). The next try or sweep completes it, and reports "
        "it once more. Until then, cloudmend undo refuses it."
    )
    again = msgspec.structs.replace(record, errors=(*record.errors, told))
    world.notifier.publish(again)
    return again
