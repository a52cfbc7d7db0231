"""The end of the walk of one target, as a value, and its record in the control's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cloudmend.core import contract, model
from cloudmend.core.attribution import attribute
from cloudmend.core.guidance import guided
from cloudmend.core.ledger_records import WITHOUT_TAGS
from cloudmend.core.model import Edit, Record, Request, Step
from cloudmend.core.ports import Call
from cloudmend.core.target import Outcome, Target

_BAD: Final = ("open", "failed")
_AGAIN: Final = "It is tried again."
_UNSURE: Final = "It is not known whether its write took effect. The next try or sweep finds out, and reports it."
_TAGS: Final = ("Tags", "TagSpecifications")


def record_of(ended: Outcome, now: datetime, run_by: str = "") -> Record:
    """Return the record of an end, to report and to keep."""
    target, cause = ended.target, ended.target.cause
    steps = ended.planned if ended.status == "observed" else ended.steps
    bad = ended.status in _BAD
    due = any(finding.is_due for finding in ended.findings)
    record = Record(
        status=ended.status,
        control=target.control.id,
        resource=target.resource,
        account=target.resource.account or cause.account,
        region=target.resource.region or cause.region,
        event_id=cause.event_id,
        event_name=cause.name,
        actor=cause.actor,
        attribution=attribute(cause.actor),
        run_by=run_by,
        summary=_summary(ended),
        decision=ended.decision,
        findings=told_findings(ended.findings),
        edits=tuple(edit_of(ended, step) for step in steps),
        remaining=told_findings(ended.remaining),
        errors=tuple(_errors(ended)),
        undo=commands(ended.undo, target.resource.region or cause.region, tags=not ended.tags_left_out),
        entry_id=ended.entry.id if ended.entry else "",
        flaps=ended.flaps,
        severity="high" if bad or ended.is_flapping else "normal",
        missed=target.swept and due and ended.status in ("mended", *_BAD),
        budget_spent=ended.budget_spent,
        retry_at=ended.retry_at,
        exemptions_unreadable=ended.unreadable,
        ledger_unreadable=ended.ledger_unreadable,
        steps=without_tags_of(ended.steps) if ended.tags_left_out else ended.steps,
        whose=ended.view.state.labels.get("owner", "") if ended.view else "",
        seconds_since_call=round((now - cause.time).total_seconds(), 3) if cause.time else None,
    )
    return guided(record, target.control, ended.view, ended.settings)


def _errors(ended: Outcome) -> Iterator[str]:
    if ended.status == "failed":
        yield ended.late or _problem(ended)
    yield from ended.errors


def told_findings(findings: Iterable[contract.Finding]) -> tuple[model.Finding, ...]:
    """Return the findings as a record has them."""
    return tuple(
        model.Finding(part=each.part, why=each.why, restraint=each.restraint, wait=each.wait) for each in findings
    )


def commands(calls: Iterable[Call], region: str, *, tags: bool) -> tuple[str, ...]:
    """Return AWS CLI commands that send the calls; without the tags that the ledger has no room for."""
    kept = (call if tags else Request(call.action, without_tags(call.params)) for call in calls)
    return tuple(each.command(region) for each in kept)


def without_tags(value: Any) -> Any:
    """Return an answer or a request of AWS without the values whose names say that they are tags."""
    if isinstance(value, Mapping):
        return {name: without_tags(each) for name, each in value.items() if name not in _TAGS}
    return [without_tags(each) for each in value] if isinstance(value, list | tuple) else value


def without_tags_of(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps without the tags of their values."""
    return tuple(Step(each.part, without_tags(each.before), without_tags(each.after)) for each in steps)


def edit_of(ended: Outcome, step: Step) -> Edit:
    """Return a step in words, with the reason."""
    return edit(ended.target.control, step, why_of(ended.findings, step.part, ended.notes.get(step.part, "")))


def why_of(findings: Iterable[contract.Finding], part: str, note: str = "") -> str:
    """Return why a part is changed, and why in this way: the note, or the finding's reason if there is none."""
    finding = next((each for each in findings if part in (each.part, *each.beside)), None)
    because = note or (finding.because if finding else "")
    return "; ".join(text for text in (finding.why if finding else "", because) if text)


def edit(control: contract.Control[Any], step: Step, why: str = "") -> Edit:
    """Return a step in words: the value before it, the value after it, and the change."""
    after = "" if step.after is None else control.say(step.after)
    return Edit(part=step.part, before=control.said(step.before), after=after, did=_did(control, step), why=why)


def _did(control: contract.Control[Any], step: Step) -> str:
    """Return the change that a step makes, in words: "narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"."""
    if control.did:
        return control.did(step)
    if step.before is None:
        return f"{step.part}: added {control.say(step.after)}"
    if step.after is None:
        return f"{step.part}: removed {control.say(step.before)}"
    return f"{step.part}: changed from {control.say(step.before)} to {control.say(step.after)}"


def label(target: Target) -> str:
    """Return a name for a target's resource: with its noun, if the id does not show the kind."""
    return target.control.resource.named(target.resource)


def _summary(ended: Outcome) -> str:
    """Return one or two sentences: the resource, its status, and the parts that were changed or are left."""
    name = label(ended.target)
    if ended.status == "gone":
        return f"{name} does not exist in {ended.target.resource.region}."
    if ended.status == "open":
        left = "; ".join(finding.why for finding in ended.remaining)
        return f"{name} is STILL OPEN: {left}."
    return f"{name}: {_SENTENCES[ended.status](ended)}{f' {ended.late}' if ended.late else ''}"


def _clean(ended: Outcome) -> str:
    return f"{ended.told}{', not counting exempt ones' if ended.exempt_aside else ''}."


def _mended(ended: Outcome) -> str:
    more = " Another finding appeared meanwhile, and cloudmend looks at it next." if ended.again else ""
    more += f" {WITHOUT_TAGS}" if ended.tags_left_out else ""
    return f"{_done(ended)}.{_flapping(ended)}{more}"


def _done(ended: Outcome) -> str:
    """Return the changes that were made, and the findings that are reported besides."""
    told = "; ".join(edit_of(ended, step).did for step in ended.steps) or "somebody else closed it first"
    besides = "; ".join(_reported(ended.remaining))
    return f"{told}. Besides, {besides}" if besides else told


def _flapping(ended: Outcome) -> str:
    """Return who opens the finding repeatedly, and how to stop that."""
    if not ended.is_flapping:
        return ""
    by = attribute(ended.target.cause.actor, ended.target.control.hints)
    times = f" It was opened {ended.flaps + 1} times within the hour."
    return f"{times} This time {by.who} opened it, through {by.through}. {by.hint}".rstrip()


def _observed(ended: Outcome) -> str:
    would = (f"would have {edit_of(ended, step).did}" for step in ended.planned)
    told = ended.told or "; ".join([*would, *_reported(ended.findings)])
    return f"{told}. {ended.decision if ended.budget_spent else f'Nothing was changed: {ended.decision}.'}"


def _exempt(ended: Outcome) -> str:
    told = "; ".join(finding.why for finding in ended.findings)
    return f"left open, {ended.decision}. {told}."


def _pending(ended: Outcome) -> str:
    done = "; ".join(edit_of(ended, step).did for step in ended.steps)
    if ended.errors:
        return f"{ended.told}. It may be at an earlier mend, whose process died.{_when(ended)}"
    return f"{done or ended.told}. AWS accepted that and does not show it yet.{_when(ended)}"


def _deferred(ended: Outcome) -> str:
    return f"{ended.told or _done(ended)}. It cannot be mended now.{_when(ended)}"


def _when(ended: Outcome) -> str:
    return f" It is looked at again at {ended.retry_at:%H:%M:%S} UTC." if ended.retry_at else ""


def _problem(ended: Outcome) -> str:
    """Return why an end is a failure. One that waits for a retry is a failure if nothing else tries again."""
    told = ended.told or f"{_done(ended)}. {_AGAIN}"
    return f"{told} {_UNSURE}" if ended.unsure else told


def _reported(findings: Iterable[contract.Finding]) -> Iterator[str]:
    """Yield the reason of each finding that no mend closes."""
    return (finding.why for finding in findings if not finding.is_due)


_SENTENCES: Final = {
    "clean": _clean,
    "mended": _mended,
    "observed": _observed,
    "exempt": _exempt,
    "pending": _pending,
    "deferred": _deferred,
    "failed": _problem,
}
