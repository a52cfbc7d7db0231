"""An undo: what it needs, what refuses it, and its record. engine/undo.py carries it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from cloudmend.core.contract import UndoStatus
from cloudmend.core.errors import UndoIncomplete, UndoRefused, WrongState
from cloudmend.core.escaping import command
from cloudmend.core.ledger_records import End, Exemptions, LedgerRecord, State, TimedExemption
from cloudmend.core.model import UNDO, Actor, Attribution, Edit, Record, Status
from cloudmend.core.ports import Sent

# For each state: whether a record says how it ended, and whether it says how it was undone.
_ENDS: Final[dict[State, tuple[bool, bool]]] = {
    "INTENT": (False, False),
    "DONE": (True, False),
    "FAILED": (True, False),
    "UNDONE": (True, True),
}
# The statuses of a mend in this state. A mend that needed no change was clean.
_STATUSES: Final[dict[State, frozenset[Status]]] = {
    "DONE": frozenset({"mended", "clean"}),
    "FAILED": frozenset({"failed", "open", "gone", "clean", "observed", "exempt", "deferred"}),
}

_EXEMPT: Final = "cloudmend exempt add, with the same --ledger"  # what it is here, only the command line knows


class UndoResult(Struct, frozen=True, kw_only=True):
    """The result of an undo, or the plan of a dry run, which has no `record`.

    If `already`, the mend was undone before, and nothing was done: record and exemption are those of the earlier undo.
    """

    entry: LedgerRecord
    exemption: TimedExemption
    requests: tuple[Sent, ...] = ()
    record: Record | None = None
    already: str = ""


def check_stored(entry: LedgerRecord, record_id: str) -> None:
    """Raise UndoRefused if a ledger gave another record than the requested one, or one that contradicts itself."""
    own_id = entry.id == record_id and entry.has_own_id
    has_ends = (entry.ended is not None, entry.undone is not None)
    record = entry.ended.record if entry.ended else None
    fits = record is None or entry.state == "UNDONE" or record.status in _STATUSES.get(entry.state, ())
    is_clean = record is None or record.status != "clean" or not (record.edits or record.findings)
    if not (own_id and has_ends == _ENDS[entry.state] and fits and is_clean):
        raise UndoRefused(
            f"Record {record_id} cannot be trusted: its id, its state, and its result contradict each other. It may "
            f"have been changed in the ledger. Nothing was changed. Look up in CloudTrail what was done to "
            f"{entry.intent.resource.label}, and restore it by hand."
        )


def mended_record(entry: LedgerRecord) -> Record:
    """Return the record of the mend's end. Raises WrongState if it has not ended."""
    if entry.state == "INTENT" or entry.ended is None:
        raise WrongState(
            f"The mend of record {entry.id} is still in progress, or crashed. Nothing was changed. "
            "Try again in a minute, or, with a stack's ledger, when its next sweep has completed it."
        )
    return entry.ended.record


def undone_already(entry: LedgerRecord, end: End, reversal: UndoStatus, exemptions: Exemptions) -> UndoResult:
    """Return the result of the undo that has this `end`, if it still holds. Raises UndoRefused if it does not."""
    check_there(entry, reversal)
    label, exemption = entry.intent.resource.label, _by_id(exemptions.held, entry.id)
    when = f"undone already, on {end.at:%Y-%m-%d %H:%M} UTC by {end.record.attribution.who}"
    if not reversal.is_done:
        raise UndoRefused(
            f"{label} was {when}, and is no longer as that undo left it. Nothing was changed. If it was mended again, "
            f"that mend has a record of its own: cloudmend records --resource {entry.intent.resource.id}, with the "
            "same --ledger, lists them."
        )
    if exemption is None and (problem := exemptions.problem_of(entry.id)):
        raise UndoRefused(
            f"{label} was {when}. {problem} The next event or sweep closes it again. Nothing was changed."
        )
    if exemption is None:
        raise UndoRefused(
            f"{label} was {when}, and its exemption has ended since: the next event or sweep closes it again. Nothing "
            f"was changed. To leave it open, use {_EXEMPT}."
        )
    told = (
        f"{label} was {when}. It is exempt until {exemption.expires:%Y-%m-%d %H:%M} UTC: {exemption.reason} "
        f"({exemption.owner}). Nothing was left to do. To leave it open for longer, use {_EXEMPT}."
    )
    return UndoResult(entry=entry, exemption=exemption, record=end.record, already=told)


def check_place(entry: LedgerRecord, region: str, caller: str) -> None:
    """Raise UndoRefused if the mend was made in another Region or account than the caller's."""
    intent = entry.intent
    account = caller.split(":")[4]  # arn:aws:iam::111122223333:user/alice
    if intent.region != region:
        raise UndoRefused(
            f"{entry.id} was mended in {intent.region}. Nothing was changed. Pass --region {intent.region}."
        )
    if intent.account not in ("", account):
        raise UndoRefused(
            f"{entry.id} was mended in account {intent.account}, and the credentials are of {account}. "
            "Nothing was changed. Use credentials of that account."
        )


def check_there(entry: LedgerRecord, reversal: UndoStatus) -> None:
    """Raise UndoRefused if the resource was deleted."""
    if reversal.is_gone:
        intent = entry.intent
        raise UndoRefused(
            f"{intent.resource.label} does not exist in {intent.region} any more: it was deleted, so there is "
            "nothing to restore. Nothing was changed. What it was before the mend is in the record: "
            f"cloudmend records --resource {intent.resource.id} --json, with the same --ledger."
        )


def check_unchanged(entry: LedgerRecord, reversal: UndoStatus) -> None:
    """Raise UndoRefused if somebody changed what cloudmend left: an undo would revert their change."""
    check_there(entry, reversal)
    if reversal.differences:
        raise UndoRefused(
            f"{entry.intent.resource.label} is no longer as cloudmend left it ({_listed(reversal.differences)}). "
            f"Nothing was changed. Change it by hand, or exempt it with {_EXEMPT}."
        )


def check_anything(entry: LedgerRecord, reversal: UndoStatus) -> None:
    """Raise UndoRefused if nothing is restored: then there is nothing to exempt."""
    if not reversal.marks:
        told = "; ".join(edit.did for edit in reversal.restored) or "its mend changed nothing"
        raise UndoRefused(f"There is nothing to undo for {entry.intent.resource.label}: {told}. Nothing was changed.")


def check_done(entry: LedgerRecord, exemption: TimedExemption, left: UndoStatus, problem: str) -> None:
    """Raise UndoIncomplete if a part is not as it was; `problem` is why writing stopped, otherwise empty."""
    if left.is_done:
        return
    told = "; ".join(edit.did for edit in left.restored) or "nothing"
    commands = (command(request.command(entry.intent.region)) for request in left.requests)
    missing = "the resource, which was deleted" if left.is_gone else _listed([*left.differences, *commands])
    what = f"is only partly as it was. Restored: {told}. Not restored: {missing}. {problem}"
    raise incomplete(entry, exemption, what)


def incomplete(entry: LedgerRecord, exemption: TimedExemption, what: str) -> UndoIncomplete:
    """Return the error for a problem after the exemption was made."""
    return UndoIncomplete(
        f"{entry.intent.resource.label} {what} Run the same command again to complete it. Exemption {exemption.id} "
        f"stands until {exemption.expires:%Y-%m-%d %H:%M} UTC; cloudmend exempt remove, with the same --ledger, ends "
        "it."
    )


def undone_record(entry: LedgerRecord, exemption: TimedExemption, restored: tuple[Edit, ...], named: str) -> Record:
    """Return the record of an undo, to store and to report: the resource is left open on purpose."""
    intent, caller = entry.intent, exemption.created_by
    told = "; ".join(edit.did for edit in restored) or "nothing was left to restore"
    why = f"{exemption.expires:%Y-%m-%d %H:%M} UTC: {exemption.reason} ({exemption.owner})"
    return Record(
        status="exempt",
        control=intent.control,
        resource=intent.resource,
        account=intent.account,
        region=intent.region,
        event_id="",
        event_name=UNDO,
        actor=Actor(arn=caller),
        attribution=Attribution(who=caller, through="cloudmend undo", where="unknown"),
        run_by=caller,
        summary=f"{named}: {told}. Only that is exempt until {why}.",
        decision=f"exempt until {why}",
        edits=restored,
        entry_id=entry.id,
        exemption_id=exemption.id,
    )


def _by_id(held: Iterable[TimedExemption], exemption_id: str) -> TimedExemption | None:
    return next((exemption for exemption in held if exemption.id == exemption_id), None)


def _listed(things: Iterable[object]) -> str:
    return "; ".join(map(str, things))
