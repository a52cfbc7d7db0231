"""Tell people, then finish the ledger's entry: a crash between the two tells twice, never nobody (decision 22)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from cloudmend.core.errors import CloudmendError, WrongState
from cloudmend.core.ledger import Ending, Ledger, MendEnd
from cloudmend.core.model import Record
from cloudmend.core.ports import CollectiveNotifier, Notifier
from cloudmend.core.world import World


class Ended(NamedTuple):
    """A mend that is over, but nobody knows yet: its record, and its end for the ledger, where an intent was kept."""

    record: Record
    end: MendEnd | None = None
    reopened: bool = False  # something else was opened meanwhile, and is to be mended next


def sentence(error: Exception) -> str:
    """What is told of an error; of one that nobody foresaw, that it is a crash."""
    return str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: {error}"


def ending(record: Record) -> Ending:
    return "DONE" if record.status == "mended" else "FAILED"


def recorded(ended: Ended, world: World) -> Record:
    """Told, and finished; the record as it was told last."""
    (record,) = record_all((ended,), world)
    return record


def record_all(ended: Sequence[Ended], world: World) -> list[Record]:
    """The same for up to 33, in their order."""
    _tell([each.record for each in ended], world.notifier)
    problems = iter(_finish([each.end for each in ended if each.end], world.ledger))
    return [_told_last(each.record, next(problems) if each.end else None, world) for each in ended]


def _tell(records: Sequence[Record], notifier: Notifier) -> None:
    if records and isinstance(notifier, CollectiveNotifier):
        notifier.publish_all(records)
    else:
        for record in records:
            notifier.publish(record)


def _finish(ends: Sequence[MendEnd], ledger: Ledger) -> list[Exception | None]:
    """All at once; where that cannot be, one by one: what went wrong with each."""
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
    """The record; told again where the ledger does not know of it. Who had completed it meanwhile has told of it."""
    if problem is None or isinstance(problem, WrongState):
        return record
    told = (
        f"The ledger was not told how it ended ({sentence(problem)}). The next try or sweep completes it, and tells of "
        "it once more; until then cloudmend undo refuses it."
    )
    again = msgspec.structs.replace(record, errors=(*record.errors, told))
    world.notifier.publish(again)
    return again
