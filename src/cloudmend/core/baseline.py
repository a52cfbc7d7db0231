"""The baseline at one resource: what was there before cloudmend, so that a mend leaves it as it is (decision 34)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from cloudmend.core.contract import Control, Finding, View
from cloudmend.core.planning import Covers, mark
from cloudmend.core.standing import Before, StandingFinding, precedes

Marks = Mapping[str, frozenset[str]]


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
    is mended. Nor is what an event found before the first sweep, and could not mend.
    """
    if not before.keeps_baseline:
        return ()
    marks = control.marks(view.state) if control.marks else {}
    found = [msgspec.structs.replace(each, mark=lasting_mark(each, marks)) for each in everything if each not in exempt]
    known = {each.mark: each for each in before.standing.findings} if before.standing else {}
    if before.is_first:
        aside = {*view.exempt, *by_call}
        there = ((each, known.get(each.mark) or _seen(each, view)) for each in found if each.part not in aside)
        return tuple(each for each, was in there if was.status == "baseline" and _is_old(each, was, view, opened))
    known = {each.mark: each for each in before.baseline}
    same = (*_still_there(control, view, known, marks), *_not_judged(found, known), *found)
    kept = {each.mark: each for each in same if each.mark in known}
    old = (each for each in kept.values() if _is_old(each, known[each.mark], view, opened))
    return tuple(each for each in old if each.part not in by_call)


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


def _seen(finding: Finding, view: View) -> StandingFinding:
    return StandingFinding(part=finding.part, why=finding.why, mark=finding.mark, status="baseline", since=view.now)


def _is_old(finding: Finding, known: StandingFinding, view: View, opened: Sequence[str]) -> bool:
    """Return whether the call did not open it: its part may have another id by now than when it was first seen."""
    return precedes(msgspec.structs.replace(known, part=finding.part), view.cause, opened)


def _still_there(
    control: Control[Any], view: View, known: Mapping[str, StandingFinding], marks: Marks
) -> Iterator[Finding]:
    """Yield the parts of the baseline that are as they were, even if this judgement does not need them."""
    for part, value in view.parts.items():
        said = max(marks.get(part) or {mark(control, part, value)}, key=len)
        if said in known:
            yield Finding(part=part, why=known[said].why, mark=said)


def _not_judged(found: Sequence[Finding], known: Mapping[str, StandingFinding]) -> Iterator[Finding]:
    """Yield what is not to be judged now, under the mark that its part had when it was: a look later knows it again."""
    was = {each.part: each for each in known.values()}
    for each in found:
        if each.part in was and each.mark not in known and not each.is_due:
            yield msgspec.structs.replace(each, mark=was[each.part].mark)
