"""The findings from before cloudmend, those that stand after a look, and when people are notified of them.

A mend leaves the baseline at a resource as it is (decision 34).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, Finding, View
from cloudmend.core.model import Notice
from cloudmend.core.planning import Covers, mark
from cloudmend.core.standing import (
    Before,
    Fault,
    Stand,
    StandingFinding,
    StandingFound,
    StandingResource,
    is_news,
    merged,
    next_revision,
    precedes,
)
from cloudmend.core.target import Outcome

Marks = Mapping[str, frozenset[str]]
_CLEAR: Final = ("clean", "gone")
_STANDS: Final = ("observed", "exempt", "pending", "deferred")


def baseline_of(
    control: Control[Any],
    view: View,
    everything: Sequence[Finding],
    exempt: Covers,
    before: Before,
    opened: Sequence[str],
    by_call: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Return what is left as it was, each with the mark that names it most closely.

    `everything` is at fault if nothing is exempt; `opened` are the parts that the event names, and `by_call` those that
    the call puts at fault by what its record says. What an exemption covers is no baseline: when the exemption ends, it
    is mended. Nor is what an event found before the first sweep, and could not mend, or what an earlier first look at
    the resource did not see.
    """
    if not before.keeps_baseline:
        return ()
    marks = _marks(control, view)
    found = [msgspec.structs.replace(each, mark=lasting_mark(each, marks)) for each in everything if each not in exempt]
    known = {each.mark: each for each in before.standing.findings} if before.standing else {}
    if before.is_first:
        aside = {*view.exempt, *by_call}
        there = (each for each in found if each.part not in aside)
        return tuple(
            each
            for each in there
            if _was_there(each.part, _known_as(each.part, each.mark, marks, known), before, view, opened)
        )
    known = {each.mark: each for each in before.baseline}
    same = (*_still_there(control, view, known), *_not_judged(found, known), *found)
    kept = {each.mark: each for each in same if each.mark in known}
    old = (each for each in kept.values() if _is_old(each.part, known[each.mark], view, opened))
    return tuple(each for each in old if each.part not in by_call)


def old_parts(
    control: Control[Any], view: View, before: Before, opened: Sequence[str], by_call: Sequence[str]
) -> frozenset[str]:
    """Return the ids of the parts that are known to be older than cloudmend, for a control that judges by age.

    The first look knows that of all parts, but those that the call opened, and those that an event found at fault.
    """
    if not control.by_age:
        return frozenset()
    said = _said(control, view, view.parts)
    if before.standing or not before.is_first:
        old = frozenset(before.standing.old if before.standing else ())
        said = {part: named for part, named in said.items() if named in old}
    if not before.is_first:
        return frozenset(said)
    known = {each.mark: each for each in before.standing.findings} if before.standing else {}
    marks = _marks(control, view)
    there = ((part, _known_as(part, named, marks, known)) for part, named in said.items() if part not in by_call)
    return frozenset(part for part, was in there if _is_known_old(part, was, view, opened))


def old_marks(control: Control[Any], view: View) -> tuple[str, ...]:
    """Return the marks of the parts that are older than cloudmend. The next look knows the parts by them."""
    return tuple(sorted(_said(control, view, view.old).values()))


def put_at_fault_by(control: Control[Any], view: View, settings: Any) -> tuple[str, ...]:
    """Return the parts that the call puts at fault by what its record says, whatever was there before it.

    There are none for a call that does not wake the control, as a sweep's own, or that no replay can follow.
    """
    call, follow = view.cause, control.follow
    if follow is None or control.trigger(call) is None:
        return ()
    try:
        state = follow.step(None, view.resource, call, view.now).state
        told = msgspec.structs.replace(view, state=state, exempt=frozenset(), recent=()) if state else None
        return tuple(each.part for each in control.judge(told, settings)) if told else ()
    except Exception:  # noqa: BLE001 - it is only a hint: what is at fault is read from AWS
        return ()


def lasting_mark(finding: Finding, marks: Marks) -> str:
    """Return the mark that no longer names the part once anything about its value changes.

    Of a rule that refers to a list, that is the mark that tells the version of the list.
    """
    return max((marks.get(finding.part, frozenset()) - {finding.mark}) or {finding.mark}, key=len)


def _marks(control: Control[Any], view: View) -> Marks:
    return control.marks(view.state) if control.marks else {}


def _said(control: Control[Any], view: View, parts: Iterable[str]) -> dict[str, str]:
    """Return the mark that names each of these parts most closely, by its id."""
    marks = _marks(control, view)
    there = {part: view.parts[part] for part in parts if part in view.parts}
    return {part: max(marks.get(part) or {mark(control, part, value)}, key=len) for part, value in there.items()}


def _known_as(part: str, named: str, marks: Marks, known: Mapping[str, StandingFinding]) -> StandingFinding | None:
    """Return what is known of a part under any of its marks: what is open is kept by the mark of its fault."""
    return next((known[each] for each in (named, *marks.get(part, ())) if each in known), None)


def _was_there(part: str, known: StandingFinding | None, before: Before, view: View, opened: Sequence[str]) -> bool:
    """Return whether a part that a first look finds at fault was there before cloudmend, by what is known of it.

    If something stands at the resource, an earlier first look saw all that was at fault.
    """
    return (known is not None or before.standing is None) and _is_known_old(part, known, view, opened)


def _is_known_old(part: str, known: StandingFinding | None, view: View, opened: Sequence[str]) -> bool:
    """Return whether nothing that is known of a part says that it is newer than cloudmend."""
    was = known or StandingFinding(part=part, why="", mark="", status="baseline", since=view.now)
    return was.status == "baseline" and _is_old(part, was, view, opened)


def _is_old(part: str, known: StandingFinding, view: View, opened: Sequence[str]) -> bool:
    """Return whether the call did not open it: its part may have another id by now than when it was first seen."""
    return precedes(msgspec.structs.replace(known, part=part), view.cause, opened)


def _still_there(control: Control[Any], view: View, known: Mapping[str, StandingFinding]) -> Iterator[Finding]:
    """Yield the parts of the baseline that are as they were, even if this judgement does not need them."""
    for part, named in _said(control, view, view.parts).items():
        if named in known:
            yield Finding(part=part, why=known[named].why, mark=named)


def _not_judged(found: Sequence[Finding], known: Mapping[str, StandingFinding]) -> Iterator[Finding]:
    """Yield what is not to be judged now, under the mark that its part had when it was: a look later knows it again."""
    was = {each.part: each for each in known.values()}
    for each in found:
        if each.part in was and each.mark not in known and not each.is_due:
            yield msgspec.structs.replace(each, mark=was[each.part].mark)


def faults_of(ended: Outcome) -> tuple[Fault, ...] | None:
    """Return what is at fault after a look, with what became of each; None if the look could not tell."""
    aside = (*_faults(ended.baseline, "baseline"), *_faults(ended.spared, "exempt"))
    if ended.status in _CLEAR:
        return aside if ended.status == "clean" else ()
    if ended.given_up or not (ended.findings or ended.remaining or ended.status == "mended"):
        return None
    found = () if ended.only_baseline else tuple(_left(ended))
    return (*(each for each in found if not _is_aside(each, aside, found)), *aside)


def _left(ended: Outcome) -> Iterator[Fault]:
    """Yield what counts and is not mended."""
    left = ended.remaining if ended.status in ("mended", "open") else ended.remaining or ended.findings
    for finding in left:
        yield Fault(finding.part, finding.why, finding.mark, _status(ended, finding))


def _status(ended: Outcome, finding: Finding) -> Stand:
    if ended.status == "mended":
        return "open" if finding.is_due else "observed"
    if finding.restraint or ended.status in _CLEAR:
        return "observed"
    return "deferred" if finding.wait else ended.status  # type: ignore[return-value]


def _faults(findings: tuple[Finding, ...], status: Stand) -> tuple[Fault, ...]:
    return tuple(Fault(each.part, each.why, each.mark, status) for each in findings)


def _is_aside(fault: Fault, aside: tuple[Fault, ...], found: tuple[Fault, ...]) -> bool:
    """Return whether it is left as it is: by its mark, or by one that names its part more closely."""
    marks = {each.mark for each in found}
    return any(each.mark == fault.mark or (each.part == fault.part and each.mark not in marks) for each in aside)


def notice_of(ended: Outcome, stood: StandingResource | None, faults: tuple[Fault, ...], now: datetime) -> Notice:
    """Return when people are notified: at once, in the digest of a sweep, or not again for now.

    At once: the result of a mend, what is looked at again by itself, and what an event sees for the first time. A sweep
    does so for a critical control only.
    """
    if ended.status not in _STANDS or ended.budget_spent or ended.retry_at or ended.late:
        return "now"
    told = stood if stood and stood.told else None
    known = {finding.mark for finding in told.findings} if told else set()
    is_new = not {fault.mark for fault in faults} <= known
    if ended.target.swept:
        at_once = ended.status == "observed" and not ended.only_baseline and _is_critical(ended)
        return ("now" if at_once else "digest") if is_new else "held"
    if ended.only_baseline:
        return "held"
    return "now" if ended.status == "exempt" or is_news(told, faults, now) else "held"


def _is_critical(ended: Outcome) -> bool:
    return ended.target.control.severity == "critical"


def stands_after(
    ended: Outcome, found: StandingFound | None, faults: tuple[Fault, ...], notice: Notice, region: str, now: datetime
) -> StandingResource | None:
    """Return what stands by now; None if nothing does. `found` is what stood; `region` is where the resource is."""
    was = found if isinstance(found, StandingResource) else None
    findings = merged(was, faults, now)
    if not findings:
        return None
    target = ended.target
    told, held = (was.told, was.held) if was else (None, 0)
    if notice == "held":
        held += not target.swept  # a sweep counts for its whole unit
    else:
        told, held = (now if notice == "now" else None), 0  # the digest is still to come
    return StandingResource(
        account=target.account,
        region=region,
        control=target.control.id,
        resource=msgspec.structs.replace(target.resource, parts=()),
        findings=findings,
        seen=now,
        told=told,
        held=held,
        old=_old(ended, was),
        revision=next_revision(found),
    )


def with_others(ended: Outcome, faults: tuple[Fault, ...], added: Iterable[StandingFinding]) -> tuple[Fault, ...]:
    """Return the faults, and those that another look kept meanwhile. The event knows better what its call opened."""
    known, own = {each.mark for each in faults}, {*ended.target.opened, *(step.part for step in ended.steps)}
    others = (each for each in added if each.mark not in known and each.part not in own)
    return (*faults, *(Fault(each.part, each.why, each.mark, each.status) for each in others))


def _old(ended: Outcome, was: StandingResource | None) -> tuple[str, ...]:
    """Return the marks of what is older than cloudmend; where the look has no view, those that are known."""
    if ended.view:
        return old_marks(ended.target.control, ended.view)
    return was.old if was else ()
