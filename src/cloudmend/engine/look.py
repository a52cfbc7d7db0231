"""The first stations without a write: what is at fault, and what a mend would do. For all commands that look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Control, Finding, Reach, State
from cloudmend.core.ending import edit, why_of
from cloudmend.core.ledger_records import Exemptions
from cloudmend.core.model import Edit
from cloudmend.core.policy.model import Decision, Policy
from cloudmend.core.standing import Before
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.read import read
from cloudmend.engine.stations.resolve import each_of, everything
from cloudmend.engine.stations.values import NOT_SURE, Known, Recent, Situation, Verdict, clean, sentence
from cloudmend.engine.stations.verdict import verdict

_AT_ONCE: Final = 33  # resources whose states are read together, as a sweep does
_NOTHING: Final = Known(
    exemptions=lambda: Exemptions(()), recent=Recent, mode=lambda: None, before=Before, stood=lambda: None
)


class Fate(Struct, frozen=True, kw_only=True):
    """A finding, the value of its part in words, and what becomes of it.

    `edit` is the change that would be made, if any. `details` are other facts that the control knows of the part.
    """

    finding: Finding
    before: str
    decision: Decision
    edit: Edit | None = None
    details: Mapping[str, Any] = {}


class Look(Struct, frozen=True, kw_only=True):
    """A resource as it is (state None: it is gone), and what becomes of each finding.

    `edits` is all that a mend would do: what a person may agree to. `clear` says what holds where nothing is at fault.
    `problem` says why it is not known what is at fault, or what becomes of it. `notes` tell of exemptions and records
    that could not be read. `reach` is what is behind it; None: not known.
    """

    target: Target
    state: State | None = None
    fates: tuple[Fate, ...] = ()
    edits: tuple[Edit, ...] = ()
    clear: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()
    reach: Reach | None = None


class Survey(Struct, frozen=True):
    """The findings of one control in a Region, and what could not be read there, each in a sentence.

    `clear` says what holds where nothing is at fault, if the control has words for it.
    """

    found: tuple[Look, ...] = ()
    unread: tuple[str, ...] = ()
    clear: str = ""


def look(targets: Sequence[Target], policy: Policy, world: World) -> list[Look]:
    """Read and judge resources, and change nothing; return one Look for each, in their order. It never raises.

    Of the world's ports it uses those that read: account, reader, ledger, switch, and the clock.
    """
    return list(_looks(targets, policy, world))


def look_at(target: Target, state: State, policy: Policy, now: datetime) -> tuple[Fate, ...]:
    """Judge a state that is known without a read, by the policy alone. Raises as `verdict` does."""
    situation = Situation(target=target, state=state, known=_NOTHING, seen=now)
    found = verdict(situation, state, policy, now=now, account=lambda: target.resource.account)
    return _at_fault(found, state).fates if found else ()


def survey(control: Control[Any], policy: Policy, world: World) -> Survey:
    """Look at all resources of a control's kind in the world's Region; return those at fault. It never raises."""
    try:
        whole = everything(control, world)
        targets, ended = each_of(whole, policy, world)
    except Exception as error:  # noqa: BLE001 - one control that fails must not hide what the others find
        return Survey(unread=(sentence(error),))
    looks = [each for each in _looks(targets, policy, world) if each.fates or each.problem]  # not all that are clean
    unread = [each.told for each in ended if each.status == "failed"]
    unread += [f"{each.target.resource.label}: {each.problem}" for each in looks if each.problem]
    found, problems = _with_reach([each for each in looks if each.fates], control, policy, world)
    clear = control.clear(whole.resource, None, policy.settings_of(control)) if control.clear else ""
    return Survey(tuple(found), (*unread, *problems), clear)


def _with_reach(
    found: list[Look], control: Control[Any], policy: Policy, world: World
) -> tuple[list[Look], tuple[str, ...]]:
    """Return the looks with what is behind each resource, and why that is not known."""
    if not (control.reach and found):
        return found, ()
    resources = [each.target.resource for each in found]
    try:
        behind = control.reach(resources, world.reader, policy.settings_of(control))
    except Exception as error:  # noqa: BLE001 - what is at fault is known all the same
        return found, (f"what is behind the findings is not known: {sentence(error)}",)
    return [msgspec.structs.replace(each, reach=behind.get(each.target.resource.id)) for each in found], ()


def _looks(targets: Sequence[Target], policy: Policy, world: World) -> Iterator[Look]:
    for first in range(0, len(targets), _AT_ONCE):
        for each in read(targets[first : first + _AT_ONCE], policy, world):
            yield _looked(each, policy, world)


def _looked(situation: Situation | Outcome, policy: Policy, world: World) -> Look:
    if isinstance(situation, Outcome):
        return Look(target=situation.target, problem=situation.told)
    target, state = situation.target, situation.state
    if state is None:
        return Look(target=target)
    try:
        found = verdict(situation, state, policy, now=world.clock.now(), account=world.account)
        if found is None:
            return Look(target=target, state=state, clear=clean(target, state, policy.settings_of(target.control)).told)
        return _at_fault(found, state)
    except Exception as error:  # noqa: BLE001 - one bad resource stops only itself
        return Look(target=target, state=state, problem=sentence(error))


def _at_fault(found: Verdict, state: State) -> Look:
    edits = tuple(_edits(found))
    unsure = [NOT_SURE] if found.baseline_why == NOT_SURE else []
    return Look(
        target=found.target,
        state=state,
        fates=tuple(_fates(found, edits)),
        edits=edits if found.decision.action == "fix" else (),
        notes=(*found.unreadable, *found.ledger_unreadable, *unsure),
    )


def _edits(found: Verdict) -> Iterator[Edit]:
    """Yield what a mend would do, step by step."""
    control = found.target.control
    for step in found.plan.steps if found.plan else ():
        yield edit(control, step, why_of(found.findings, step.part))


def _fates(found: Verdict, edits: Sequence[Edit]) -> Iterator[Fate]:
    planned = {each.part: each for each in edits}
    for finding in () if found.is_baseline else found.findings:
        edit = _edit_for(found, finding, planned) if finding.is_due else None
        yield _fate(found, finding, _decision(found, finding), edit)
    for each in found.exempt:
        yield _fate(found, each.finding, Decision("exempt", each.why), None)
    exempt = {(each.finding.part, each.finding.why) for each in found.exempt}
    for finding in () if found.decision.action == "exempt" else found.baseline:
        if (finding.part, finding.why) not in exempt:
            yield _fate(found, finding, Decision("observe", found.baseline_why), None)


def _edit_for(found: Verdict, finding: Finding, planned: Mapping[str, Edit]) -> Edit | None:
    """Return what a mend would do about a finding: to its part, or with other parts beside it."""
    own = planned.get(finding.part)
    beside = [planned[part] for part in finding.beside if part in planned]
    if own or not beside:
        return own
    before = found.target.control.said(found.view.parts.get(finding.part))
    after = f"{before} behind {', '.join(each.after for each in beside)}"
    did = "; ".join(each.did for each in beside)
    return Edit(part=finding.part, before=before, after=after, did=did, why=beside[0].why)


def _fate(found: Verdict, finding: Finding, decision: Decision, planned: Edit | None) -> Fate:
    control, state = found.target.control, found.view.state
    before = control.said(state.parts.get(finding.part))
    known = control.details(state, finding.part, found.settings) if control.details else {}
    return Fate(finding=finding, before=before, decision=decision, edit=planned, details=known)


def _decision(found: Verdict, finding: Finding) -> Decision:
    """Return what is decided of one finding. What cannot be mended now is reported, whatever the mode."""
    if found.decision.action == "exempt":
        return found.decision
    if found.pending:
        return Decision("observe", "AWS accepted its mend and does not show it yet")
    if finding.is_due and found.plan is None:
        return Decision("observe", f"{found.target.control.id} only reports")
    return found.decision if finding.is_due else Decision("observe", finding.restraint or finding.wait)
