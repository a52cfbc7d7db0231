"""How the walk of one target ended, as a value, and the record that says so in the control's own words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from cloudmend.core import contract, model
from cloudmend.core.attribution import attribute
from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Edit, Record, Resource, Status, Step

FLAPPING_AFTER: Final = 2  # mends of the same fault within the hour before: the third is told with high severity
_BAD: Final = ("open", "failed")


class Target(Struct, frozen=True, kw_only=True):
    """One control and one resource, and the call that led there. `swept`: no event did."""

    control: contract.Control[Any]
    resource: Resource
    cause: ApiCall
    swept: bool = False


class Ended(Struct, frozen=True, kw_only=True):
    """The end of a walk. `again`: something else is at fault by now, and is mended next."""

    target: Target
    status: Status
    why: str  # the line of the policy, the reason, or the error
    findings: tuple[contract.Finding, ...] = ()
    remaining: tuple[contract.Finding, ...] = ()
    planned: tuple[Step, ...] = ()  # what would have been done
    steps: tuple[Step, ...] = ()  # what was done
    undo: tuple[str, ...] = ()  # AWS CLI commands, in order
    errors: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    entry: Entry | None = None
    flaps: int = 0
    budget_spent: bool = False
    unreadable: tuple[str, ...] = ()  # exemptions
    again: bool = False
    given_up: bool = False  # nothing was done, and the next walk goes on: nobody is told


def record_of(ended: Ended, now: datetime) -> Record:
    """Return what is told and kept of an end."""
    target, cause = ended.target, ended.target.cause
    steps = ended.steps or (ended.planned if ended.status == "observed" else ())
    bad = ended.status in _BAD
    return Record(
        status=ended.status,
        control=target.control.id,
        resource=target.resource,
        account=target.resource.account,
        region=target.resource.region,
        event_id=cause.event_id,
        event_name=cause.name,
        actor=cause.actor,
        attribution=attribute(cause.actor),
        summary=_summary(ended),
        decision="" if bad else ended.why,
        findings=tuple(map(_told, ended.findings)),
        edits=tuple(_edit(ended, step) for step in steps),
        remaining=tuple(map(_told, ended.remaining)),
        errors=ended.errors or ((ended.why,) if ended.status == "failed" else ()),
        undo=ended.undo,
        entry_id=ended.entry.id if ended.entry else "",
        flaps=ended.flaps,
        severity="high" if bad or ended.flaps >= FLAPPING_AFTER else "normal",
        missed=target.swept and bool(ended.findings) and ended.status in ("mended", *_BAD),
        budget_spent=ended.budget_spent,
        exemptions_unreadable=ended.unreadable,
        steps=ended.steps,
        seconds_since_call=round((now - cause.time).total_seconds(), 3) if cause.time else None,
    )


def _told(finding: contract.Finding) -> model.Finding:
    return model.Finding(part=finding.part, why=finding.why)


def _edit(ended: Ended, step: Step) -> Edit:
    say = ended.target.control.say
    before = "not there" if step.before is None else say(step.before)
    after = "" if step.after is None else say(step.after)
    why = next((finding.why for finding in ended.findings if finding.part == step.part), "")
    did = ended.target.control.did
    told = did(step) if did else f"{step.part}: {_did(step, before, after)}"
    return Edit(part=step.part, before=before, after=after, did=told, why=why)


def _did(step: Step, before: str, after: str) -> str:
    if step.before is None:
        return f"added {after}"
    return f"changed from {before} to {after}" if after else f"removed {before}"


def _summary(ended: Ended) -> str:
    """Return one or two sentences: the resource, its status, and what was done or is left."""
    target = ended.target
    name = target.resource.label or f"Region {target.resource.region}"
    if ended.labels:
        name += "".join(f" ({value})" for key, value in ended.labels if key == "name")
    return f"{target.control.resource.noun} {name}: {_sentence(ended)}"


def _sentence(ended: Ended) -> str:
    why = ended.why.rstrip(".")
    done = "; ".join(_edit(ended, step).did for step in ended.steps)
    also = f" Done: {done}." if done else ""
    sentences = {
        "clean": f"no finding of {ended.target.control.id}.",
        "gone": f"it does not exist in {ended.target.resource.region}.",
        "mended": f"{done or 'somebody else mended it first'}.{_flapping(ended)}{_again(ended)}",
        "observed": _observed(ended, why),
        "exempt": f"left as it is, {why}. {_whys(ended.findings)}.",
        "open": f"is STILL AT FAULT: {_whys(ended.remaining)}.{also}",
        "pending": f"AWS accepted the change and does not show it yet: {done or why}.",
        "deferred": f"cannot be mended now: {why}. It is tried again.{also}",
        "failed": f"{why}.{also}",
    }
    return sentences[ended.status]


def _observed(ended: Ended, why: str) -> str:
    would = "; ".join(f"would have {_edit(ended, step).did}" for step in ended.planned)
    return f"{would}. Nothing was changed: {why}." if would else f"{_whys(ended.findings)}. {why}."


def _again(ended: Ended) -> str:
    return " Something else was put at fault meanwhile, and is looked at next." if ended.again else ""


def _flapping(ended: Ended) -> str:
    if ended.flaps < FLAPPING_AFTER:
        return ""
    by = attribute(ended.target.cause.actor)
    again = f" It was opened {ended.flaps + 1} times within the hour. This time by {by.who}, through {by.through}."
    return f"{again} {by.hint}".rstrip()


def _whys(findings: Iterable[contract.Finding]) -> str:
    return "; ".join(each.why + (f" ({each.restraint})" if each.restraint else "") for each in findings)
