"""Notify people of an undo or exemption that a command names, as the ledger holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudmend.core.contract import Control
from cloudmend.core.exempting import exemption_record
from cloudmend.core.ledger import TimedExemption
from cloudmend.core.model import UNDO, Ignored, Record
from cloudmend.core.notice.request import NoticeRequest
from cloudmend.core.world import World


def tell(request: NoticeRequest, *, control_of: Callable[[str], Control[Any]], world: World) -> Record | Ignored:
    """Publishes it; Ignored where the ledger holds no such thing. Raises CloudmendError where it cannot be read.

    `control_of` gives a control by its id, and raises KeyError for one that nobody has.
    """
    record = _of_undo(request, world) if request.record else None
    if exemption := request.exemption and _exemption(request.exemption, world):
        try:
            control = control_of(exemption.control)
        except KeyError:
            return Ignored(f"exemption {exemption.id} is of {exemption.control}, which this cloudmend does not have")
        record = exemption_record(exemption, control)
    if record is None:
        return Ignored(f"the ledger holds no undo or exemption {request.record or request.exemption} to report")
    world.notifier.publish(record)
    return record


def _of_undo(request: NoticeRequest, world: World) -> Record | None:
    """None where it was not undone, or where what is kept of it is no record of an undo there."""
    entry = world.ledger.get(request.record, request.place)
    if entry.undone is None:
        return None
    record = entry.undone.record
    is_own = record.resource.id == entry.intent.resource.id
    return record if is_own and (record.status, record.event_name) == ("exempt", UNDO) else None


def _exemption(exemption_id: str, world: World) -> TimedExemption | None:
    found = world.ledger.exemptions(world.clock.now())
    return next((each for each in (*found.held, *found.over) if each.id == exemption_id), None)
