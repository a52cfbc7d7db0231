"""Take a mend back, exactly, and only if nobody changed it since.

`tell` reports an undo, or an exemption, that a person made elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, UndoStatus
from cloudmend.core.errors import AwsError, LedgerError, WrongState
from cloudmend.core.exempting import ExemptionRequest, Where, exemption_record
from cloudmend.core.guidance import guided
from cloudmend.core.ledger_records import Exemptions, LedgerRecord, TimedExemption
from cloudmend.core.model import UNDO, Ignored, Record
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Sent
from cloudmend.core.reversal import revert
from cloudmend.core.undo import (
    UndoResult,
    check_anything,
    check_done,
    check_place,
    check_stored,
    check_unchanged,
    incomplete,
    mended_record,
    undone_already,
    undone_record,
)
from cloudmend.core.world import World

# After a write AWS may go on showing the old state for a moment. Seconds before each further look.
_PROOF_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)


def undo(
    record_id: str,
    grounds: ExemptionRequest,
    *,
    place: str = "",
    control_of: Callable[[str], Control[Any]],
    world: World,
    dry_run: bool,
    policy: Policy | None = None,
) -> UndoResult:
    """Exempts the resource, and then restores what was mended; or, in a dry run, says what that would be.

    Of two undos at once, or one after the other, the second does nothing and gives what the first did.

    The exemption comes first, or the event of the restoring would close it again; its id is the entry's, so that
    an undo that failed half-way is completed by repeating it. Raises CloudmendError: UndoRefused before anything
    is written, UndoIncomplete after.
    """
    entry = world.ledger.get(record_id, place)
    check_stored(entry, record_id)
    mended = mended_record(entry)
    check_place(entry, world.region, grounds.caller)
    control = _control(entry, control_of)
    look = _look(entry, mended, control, policy, world)
    reversal = look()
    if entry.undone:
        return undone_already(entry, entry.undone, reversal, _exemptions(world))
    check_unchanged(entry, reversal)
    check_anything(entry, reversal)
    exemption = grounds.exemption(entry.id, _where(entry), world.clock.now(), reversal.marks)
    planned = UndoResult(entry=entry, exemption=exemption, requests=reversal.requests)
    return planned if dry_run else _carried_out(planned, look, control, world)


def _carried_out(
    planned: UndoResult, look: Callable[[], UndoStatus], control: Control[Any], world: World
) -> UndoResult:
    """Exempt, restore, prove, report and record, in this order. Raises UndoIncomplete."""
    entry, exemption = planned.entry, planned.exemption
    world.ledger.exempt(exemption)
    problem = _write(planned.requests, world)
    try:
        reversal = _proved(look, world)
        check_done(entry, exemption, reversal, problem)
        return _recorded(planned, reversal, control, world)
    except (AwsError, LedgerError) as error:
        raise incomplete(entry, exemption, f"may be as it was, which could not be read or recorded: {error}") from error


def _recorded(planned: UndoResult, reversal: UndoStatus, control: Control[Any], world: World) -> UndoResult:
    """Report and record the undo, unless another undo of the mend was recorded first."""
    entry = planned.entry
    if world.ledger.get(entry.id, entry.place).undone:
        return _after_another(entry, reversal, world)
    named = control.resource.named(entry.intent.resource)
    record = guided(undone_record(entry, planned.exemption, reversal.restored, named), control)
    world.notifier.publish(record)
    try:
        world.ledger.undone(entry, record)
    except WrongState:
        return _after_another(entry, reversal, world)
    return msgspec.structs.replace(planned, record=record)


def _after_another(entry: LedgerRecord, reversal: UndoStatus, world: World) -> UndoResult:
    """Return the result of another undo that ended meanwhile. Raises WrongState if the entry ended otherwise."""
    latest = world.ledger.get(entry.id, entry.place)
    if latest.undone is None:
        raise WrongState(f"Record {entry.id} is in another state than before its undo. Run the same command again.")
    return undone_already(latest, latest.undone, reversal, _exemptions(world))


def _where(entry: LedgerRecord) -> Where:
    intent = entry.intent
    resource = intent.resource
    return Where(
        group=resource.id, name=resource.name, account=intent.account, region=intent.region, control=intent.control
    )


def _exemptions(world: World) -> Exemptions:
    return world.ledger.exemptions(world.clock.now())


def _control(entry: LedgerRecord, control_of: Callable[[str], Control[Any]]) -> Control[Any]:
    """Return the control of an entry. Raises LedgerError for one that nobody has."""
    try:
        return control_of(entry.intent.control)
    except KeyError:
        raise LedgerError(
            f"Record {entry.id} is of {entry.intent.control}, which this cloudmend does not have. Update cloudmend."
        ) from None


def _look(
    entry: LedgerRecord, mended: Record, control: Control[Any], policy: Policy | None, world: World
) -> Callable[[], UndoStatus]:
    """Return what compares the mend with what is now."""
    if control.revert:
        return partial(control.revert, entry.intent, mended, world.reader)
    settings = policy.settings_of(control) if policy else control.settings()
    return partial(revert, control, settings, entry.intent, mended, world.reader, world.clock.now())


def _write(requests: Sequence[Sent], world: World) -> str:
    """Send them in order, and stops at the first that fails; the problem, or nothing."""
    try:
        for request in requests:
            world.writer.write(request)
    except AwsError as error:
        return str(error)
    return ""


def _proved(look: Callable[[], UndoStatus], world: World) -> UndoStatus:
    """Return what AWS answers after the writes, read again while it may only be late."""
    reversal = look()
    for pause in _PROOF_PAUSES:
        if reversal.is_done:
            break
        world.clock.sleep(pause)
        reversal = look()
    return reversal


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
    """None where there is none, also none that is over. Raises LedgerError where it cannot be read."""
    found = _exemptions(world)
    if problem := found.problem_of(exemption_id):
        raise LedgerError(problem)
    return next((each for each in (*found.held, *found.over) if each.id == exemption_id), None)
