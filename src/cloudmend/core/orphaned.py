"""The result of a mend whose process died, judged from what is there now, and its record."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cloudmend.core.attribution import attribute
from cloudmend.core.ledger_records import WITHOUT_TAGS, LedgerRecord, Unreadable
from cloudmend.core.model import SWEEP, Actor, Edit, Record, Request, Resource, Status, Step
from cloudmend.core.ports import Call


class Traces(Struct, frozen=True, kw_only=True):
    """The present state of all parts that an intent was about.

    `edits` were made, and `undo` undoes them. `untouched` and `changed` are parts in words. An untouched part is as it
    was before; a changed part is neither as it was before nor as the intent planned it.
    """

    edits: tuple[Edit, ...] = ()
    steps: tuple[Step, ...] = ()  # the same, as AWS answers the parts
    undo: tuple[Request | Call, ...] = ()
    untouched: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def is_news(traces: Traces | None) -> bool:
    """Return whether to notify people: not of a mend that changed nothing. None: the resource is gone."""
    return traces is None or bool(traces.edits or traces.changed)


def completed(entry: LedgerRecord, traces: Traces | None, named: str, *, may_settle: bool = False) -> Record:
    """Return the record of an orphaned intent, with its own cause; `named` is its resource.

    `may_settle`: AWS may only have shown the change late, so that no process need have died.
    """
    if traces is None:
        gone = f"{named} does not exist any more, so it is not known what was done to it."
        return _record(entry, "gone", f"{gone} {_died(entry, may_settle)}")
    told = " ".join(_sentences(entry, traces, named, may_settle))
    done = bool(traces.edits) and not traces.untouched
    return _record(entry, "mended" if done else "failed", told, traces)


def not_completed(entry: LedgerRecord, problem: str, named: str) -> Record:
    """Return the record of an intent whose result cannot be found out."""
    told = f"{named}: {_died(entry)} What it did cannot be found out: {problem}"
    return _record(entry, "failed", told, errors=(problem,))


def unread(unreadable: Unreadable, region: str) -> Record:
    """Return the record about an open item that cannot be read; `region` is where the ledger is."""
    whole = Resource(type="AWS::Region", id=region)
    resource = Resource(type="", id=unreadable.resource_id) if unreadable.id else whole
    told = f"{unreadable.problem} It is not known whether its mend was done and reported: look at {resource.label}."
    return Record(
        status="failed",
        control="",
        resource=resource,
        account="",
        region=region,
        event_id="",
        event_name=SWEEP,
        actor=Actor(),
        summary=told,
        errors=(unreadable.problem,),
        entry_id=unreadable.id,
        severity="high",
        ledger_unreadable=(unreadable.problem,),
    )


def _sentences(entry: LedgerRecord, traces: Traces, named: str, may_settle: bool) -> Iterator[str]:
    done = "; ".join(edit.did for edit in traces.edits) or "nothing is known to have been changed"
    yield f"{named}: {done}."
    if traces.untouched:
        yield f"These are as they were before, never changed or changed back: {'; '.join(traces.untouched)}."
    if traces.changed:
        yield f"Somebody has changed these since, so it is not known what the mend did: {'; '.join(traces.changed)}."
    yield _died(entry, may_settle)
    if entry.intent.tags_left_out:
        yield WITHOUT_TAGS


def _died(entry: LedgerRecord, may_settle: bool = False) -> str:
    began = f"{entry.opened:%Y-%m-%d %H:%M:%S} UTC"
    found = "This was found afterwards; a notice of it may have come before."
    if may_settle:
        return f"This mend began at {began} and did not end then: AWS showed it late, or its process died. {found}"
    return f"The process that began this mend at {began} died before its end was recorded. {found}"


def _record(
    entry: LedgerRecord, status: Status, summary: str, traces: Traces | None = None, errors: tuple[str, ...] = ()
) -> Record:
    intent, found = entry.intent, traces or Traces()
    return Record(
        status=status,
        control=intent.control,
        resource=intent.resource,
        account=intent.account,
        region=intent.region,
        event_id=intent.event_id,
        event_name=intent.event_name,
        actor=intent.actor,
        attribution=attribute(intent.actor),
        run_by=intent.run_by,
        summary=summary,
        decision=intent.decision,
        findings=intent.findings,
        edits=found.edits,
        steps=found.steps,
        errors=errors,
        undo=tuple(request.command(intent.region) for request in found.undo),
        entry_id=entry.id,
        severity="high" if status == "failed" else "normal",
        missed=intent.event_name == SWEEP,
    )
