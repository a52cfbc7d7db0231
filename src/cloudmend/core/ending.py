"""The end of the walk of one target, as a value, and its record in the control's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cloudmend.core import contract, model
from cloudmend.core.attribution import attribute
from cloudmend.core.call import Call
from cloudmend.core.guidance import guided
from cloudmend.core.ledger import WITHOUT_TAGS, Entry
from cloudmend.core.model import ApiCall, Edit, Record, Request, Resource, Status, Step
from cloudmend.core.standing import StandingFound, UnitState

# If a finding was mended so many times within the hour before, its resource is flapping.
FLAPPING_AFTER: Final = 2
FLAP_WINDOW: Final = timedelta(hours=1)

_BAD: Final = ("open", "failed")
_AGAIN: Final = "It is tried again."
_UNSURE: Final = "It is not known whether its write took effect. The next try or sweep finds out, and reports it."
_TAGS: Final = ("Tags", "TagSpecifications")


class Target(Struct, frozen=True, kw_only=True):
    """A control and a resource, and the call that led there. `swept`: no event did.

    `named` are the parts that the event named, if a read need not wait for them any more. `unit` is the sweep's
    knowledge of the whole unit. Without it, the walk reads the ledger for the resource alone.
    """

    control: contract.Control[Any]
    resource: Resource
    cause: ApiCall
    swept: bool = False
    named: tuple[str, ...] = ()
    unit: UnitState | None = None

    @property
    def opened(self) -> tuple[str, ...]:
        """The parts that the call opened, as far as the event names them."""
        return self.named or self.resource.parts

    @property
    def account(self) -> str:
        """The account of the resource, as far as it is known."""
        return self.resource.account or self.cause.account


class Ended(Struct, frozen=True, kw_only=True):
    """The end of a walk, for the record. `again`: another part is at fault by now, and is mended next.

    `told` is the sentence to use if the findings and steps have none; for a failure, it is the problem. `notes` maps a
    part to the reason why it was mended in another way than planned.
    """

    target: Target
    status: Status
    told: str = ""
    decision: str = ""  # the line of the policy that applied
    findings: tuple[contract.Finding, ...] = ()
    remaining: tuple[contract.Finding, ...] = ()
    planned: tuple[Step, ...] = ()  # what would have been done
    steps: tuple[Step, ...] = ()  # what was done
    notes: Mapping[str, str] = {}
    undo: tuple[Call, ...] = ()  # what takes that back, in order
    errors: tuple[str, ...] = ()
    entry: Entry | None = None
    flaps: int = 0
    budget_spent: bool = False
    retry_at: datetime | None = None
    late: str = ""  # what AWS does not show yet of what the event tells, in a sentence
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()
    exempt_aside: bool = False  # parts are exempt by themselves
    unsure: bool = False  # whether a write took effect is not known, so that the entry stays open
    view: contract.View | None = None  # what was seen last
    settings: Any = None  # by which that was judged
    again: bool = False
    given_up: bool = False  # nothing was done, and the next walk goes on: nobody is told
    baseline: tuple[contract.Finding, ...] = ()  # left as it was before cloudmend
    only_baseline: bool = False  # nothing else is at fault: `findings` are the same
    spared: tuple[contract.Finding, ...] = ()  # left as it is by an exemption of the part
    stood: Callable[[], StandingFound | None] | None = None  # what stood before; None: that was not asked

    @property
    def is_flapping(self) -> bool:
        return self.flaps >= FLAPPING_AFTER

    @property
    def tags_left_out(self) -> bool:
        """True if the before-image was stored without tags, because the ledger had no room for them."""
        return bool(self.entry and self.entry.intent.tags_left_out)


def record_of(ended: Ended, now: datetime, run_by: str = "") -> Record:
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
        seconds_since_call=round((now - cause.time).total_seconds(), 3) if cause.time else None,
    )
    return guided(record, target.control, ended.view, ended.settings)


def _errors(ended: Ended) -> Iterator[str]:
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


def edit_of(ended: Ended, step: Step) -> Edit:
    """Return a step in words, with the reason."""
    return edit(ended.target.control, step, why_of(ended.findings, step.part, ended.notes.get(step.part, "")))


def why_of(findings: Iterable[contract.Finding], part: str, note: str = "") -> str:
    """Return why a part is changed, and why in this way: the note, or the finding's reason if there is none."""
    finding = next((each for each in findings if each.part == part), None)
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


def _summary(ended: Ended) -> str:
    """Return one or two sentences: the resource, its status, and the parts that were changed or are left."""
    name = label(ended.target)
    if ended.status == "gone":
        return f"{name} does not exist in {ended.target.resource.region}."
    if ended.status == "open":
        left = "; ".join(finding.why for finding in ended.remaining)
        return f"{name} is STILL OPEN: {left}."
    return f"{name}: {_SENTENCES[ended.status](ended)}{f' {ended.late}' if ended.late else ''}"


def _clean(ended: Ended) -> str:
    return f"{ended.told}{', not counting exempt ones' if ended.exempt_aside else ''}."


def _mended(ended: Ended) -> str:
    more = " Another finding appeared meanwhile, and cloudmend looks at it next." if ended.again else ""
    more += f" {WITHOUT_TAGS}" if ended.tags_left_out else ""
    return f"{_done(ended)}.{_flapping(ended)}{more}"


def _done(ended: Ended) -> str:
    """Return the changes that were made, and the findings that are reported besides."""
    told = "; ".join(edit_of(ended, step).did for step in ended.steps) or "somebody else closed it first"
    besides = "; ".join(_reported(ended.remaining))
    return f"{told}. Besides, {besides}" if besides else told


def _flapping(ended: Ended) -> str:
    """Return who opens the finding repeatedly, and how to stop that."""
    if not ended.is_flapping:
        return ""
    by = attribute(ended.target.cause.actor, ended.target.control.hints)
    times = f" It was opened {ended.flaps + 1} times within the hour."
    return f"{times} This time {by.who} opened it, through {by.through}. {by.hint}".rstrip()


def _observed(ended: Ended) -> str:
    would = (f"would have {edit_of(ended, step).did}" for step in ended.planned)
    told = ended.told or "; ".join([*would, *_reported(ended.findings)])
    return f"{told}. {ended.decision if ended.budget_spent else f'Nothing was changed: {ended.decision}.'}"


def _exempt(ended: Ended) -> str:
    told = "; ".join(finding.why for finding in ended.findings)
    return f"left open, {ended.decision}. {told}."


def _pending(ended: Ended) -> str:
    done = "; ".join(edit_of(ended, step).did for step in ended.steps)
    return f"{done or ended.told}. AWS accepted that and does not show it yet.{_when(ended)}"


def _deferred(ended: Ended) -> str:
    return f"{ended.told or _done(ended)}. It cannot be mended now.{_when(ended)}"


def _when(ended: Ended) -> str:
    return f" It is looked at again at {ended.retry_at:%H:%M:%S} UTC." if ended.retry_at else ""


def _problem(ended: Ended) -> str:
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
