"""Make a plan from findings, and check that it does no more than mend them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Control, Finding, Parts, Patch, Right, State, View, after, changed
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.model import Resource, Step
from cloudmend.core.ports import Call

_BUG: Final = "Nothing was changed. This is a bug of the control: please report it with this line."


class Covers(Struct, frozen=True):
    """The scope of exemptions: whole resources, parts by their ids, and faults by their marks."""

    whole: bool = False
    parts: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()

    def __contains__(self, finding: Finding) -> bool:
        return self.whole or finding.part in self.parts or finding.mark in self.marks

    def besides(self, findings: Iterable[Finding]) -> Covers:
        """Return the same scope, and the marks of these findings."""
        marks = frozenset(each.mark for each in findings)
        return msgspec.structs.replace(self, marks=self.marks | marks) if marks else self


NOTHING: Final = Covers()


def covers_of(exemptions: Iterable[TimedExemption], control: Control[Any], resource: Resource) -> Covers:
    """Return the scope of timed exemptions of a resource, under a control."""
    own = [each for each in exemptions if each.is_about(control.id, resource)]
    if not own:
        return NOTHING
    return Covers(
        whole=any(each.is_whole for each in own),
        parts=frozenset(each.rule for each in own if each.rule),
        marks=frozenset(mark for each in own for mark in each.parts or ()),
    )


class Judgement(Struct, frozen=True):
    """The findings that count, and those that are exempt; each has its mark."""

    counted: tuple[Finding, ...]
    exempt: tuple[Finding, ...] = ()


class Plan(Struct, frozen=True, kw_only=True):
    """A way from one state to other parts: a person agrees to it, an intent stores it, the writes carry it out."""

    view: View
    findings: tuple[Finding, ...]  # those that it mends
    settings: Any
    then: Parts
    steps: tuple[Step, ...]


def judge(control: Control[Any], view: View, settings: Any, covers: Covers = NOTHING) -> Judgement:
    """Judge a view, and separate the findings that count from the exempt ones.

    Every finding has a mark: its own, or its part's.
    """
    found = [_marked(control, finding, view.parts) for finding in control.judge(view, settings)]
    exempt = tuple(finding for finding in found if finding in covers)
    return Judgement(tuple(finding for finding in found if finding not in exempt), exempt)


def restrained(findings: tuple[Finding, ...], owner: str, account: str) -> tuple[Finding, ...]:
    """Return the findings as an account can act on them: if another account owns the resource, report only.

    If the owner or the account is not known (empty), they stay the same.
    """
    if not account or owner in ("", account):
        return findings
    why = f"account {owner} owns it, and only its owner can change it: tell them, or have cloudmend run there too"
    return tuple(msgspec.structs.replace(finding, restraint=why, wait="") for finding in findings)


def exempt_parts(control: Control[Any], state: State, covers: Covers) -> frozenset[str]:
    """Return the ids of the parts that are exempt on their own: by id, or by a mark of their value."""
    if covers == NOTHING:
        return frozenset()
    marks = control.marks(state) if control.marks else {}
    return frozenset(
        part
        for part, value in state.parts.items()
        if part in covers.parts or not covers.marks.isdisjoint(marks.get(part) or {mark(control, part, value)})
    )


def mark(control: Control[Any], part: str, value: Any) -> str:
    """Return the mark of a part's value; if the part's id may change, the mark is of the value alone."""
    named = [] if control.new_ids else [part]
    data = msgspec.json.encode([*named, form(control, value)], order="deterministic")
    return hashlib.sha256(data).hexdigest()[:16]


def _marked(control: Control[Any], finding: Finding, parts: Parts) -> Finding:
    if finding.mark:
        return finding
    return msgspec.structs.replace(finding, mark=mark(control, finding.part, parts.get(finding.part)))


def plan(
    control: Control[Any], view: View, findings: Sequence[Finding], settings: Any, covers: Covers = NOTHING
) -> Plan:
    """Return the plan that mends these findings. Raises UnsafePlan if it would do less, or more."""
    patch = patch_of(control, view, findings, settings)
    then = after(view.parts, patch)
    made = Plan(
        view=view, findings=tuple(findings), settings=settings, then=then, steps=steps_between(view.parts, then)
    )
    check(control, made, covers)
    return made


def resumed(control: Control[Any], view: View, steps: Iterable[Step], settings: Any, covers: Covers = NOTHING) -> Plan:
    """Return the rest of a plan that was cut off: the steps whose parts are as they were before. Raises UnsafePlan."""
    patch = {step.part: step.after for step in steps if same(control, view.parts.get(step.part), step.before)}
    then = after(view.parts, patch)
    findings = tuple(finding for finding in judge(control, view, settings, covers).counted if not finding.restraint)
    made = Plan(view=view, findings=findings, settings=settings, then=then, steps=steps_between(view.parts, then))
    check(control, made, covers)
    return made


def steps_between(now: Parts, then: Parts) -> tuple[Step, ...]:
    """Return the steps that lead from one state of a resource to another."""
    return tuple(Step(part, now.get(part), then.get(part)) for part in changed(now, then))


def calls(control: Control[Any], resource: Resource, state: State, then: Parts) -> tuple[Call, ...]:
    """Return the calls that put the parts, in their order; none if the control only reports."""
    return tuple(control.put(resource, state, then)) if control.put and state.parts != then else ()


def patch_of(control: Control[Any], view: View, findings: Sequence[Finding], settings: Any) -> Patch:
    """Return the patch that mends these findings."""
    if control.mend:
        return control.mend(view, findings, settings)
    return {finding.part: finding.mended for finding in findings}


def check(control: Control[Any], made: Plan, covers: Covers) -> None:
    """Raise UnsafePlan if the plan leaves a fault, widens, touches anything else, or needs an undeclared right."""
    mended = msgspec.structs.replace(made.view, state=msgspec.structs.replace(made.view.state, parts=made.then))
    found = judge(control, mended, made.settings, covers).counted
    left = [each for each in found if not (each.restraint or each.wait)]
    if left:
        raise UnsafePlan(f"The plan would leave {_listed(each.part for each in left)} at fault. {_BUG}")
    if control.narrows and not control.narrows(made.view, made.then):
        raise UnsafePlan(f"The plan would widen what is there. {_BUG}")
    if touched := {step.part for step in made.steps} & made.view.exempt:
        raise UnsafePlan(f"The plan would touch {_listed(touched)}, which is exempt. {_BUG}")
    if not control.mend and (more := {step.part for step in made.steps} - {each.part for each in made.findings}):
        raise UnsafePlan(f"The plan would touch {_listed(more)}, which is not at fault. {_BUG}")
    check_rights(calls(control, made.view.resource, made.view.state, made.then), control.writes)


def check_rights(sent: Iterable[Call], declared: Sequence[Right]) -> None:
    """Raise UnsafePlan for a call that no declared right covers, its conditions included."""
    for call in sent:
        if not any(covered(call, right) for right in declared):
            raise UnsafePlan(f"The plan needs {call.action} with {dict(call.params)}, which is not declared. {_BUG}")


def covered(call: Call, right: Right) -> bool:
    """Return whether a right allows a call, as far as its parameters tell: "ec2:Remove/group" is found beneath Remove.

    A condition on a global key ("aws:...") depends on more than the call, and is left to IAM.
    """
    if call.action != right.action:
        return False
    return all(
        _holds(operator, list(_beneath(call.params, key.partition(":")[2].split("/"))), value)
        for operator, keys in right.conditions.items()
        for key, value in keys.items()
        if not key.startswith("aws:")
    )


def _holds(operator: str, found: Sequence[Any], wanted: str | Sequence[str]) -> bool:
    values = [wanted] if isinstance(wanted, str) else list(wanted)
    if operator == "Null":
        return bool(found) is (values == ["false"])
    told = [str(each).lower() if isinstance(each, bool) else str(each) for each in found]
    return (bool(told) or operator.endswith("IfExists")) and all(each in values for each in told)


def _beneath(value: Any, steps: Sequence[str]) -> Iterable[Any]:
    """Yield the scalars under these names, in their order, however deep between them."""
    if isinstance(value, list | tuple):
        for member in value:
            yield from _beneath(member, steps)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _beneath(inner, steps[1:] if steps and name.lower() == steps[0].lower() else steps)
    elif not steps:
        yield value


def same(control: Control[Any], one: Any, other: Any) -> bool:
    """Return whether two values of a part are the same, except for what AWS chooses by itself."""
    return bool(form(control, one) == form(control, other))


def form(control: Control[Any], value: Any) -> Any:
    """Return a value as it is compared, without what AWS chooses by itself; None: the part is not there."""
    return None if value is None else control.form(value)


def same_parts(control: Control[Any], one: Parts, other: Parts) -> bool:
    """Return whether two reads of a resource say the same, under whatever ids if those can be new."""
    if control.new_ids:
        first, second = (sorted(repr(form(control, value)) for value in parts.values()) for parts in (one, other))
        return first == second
    return {part: form(control, value) for part, value in one.items()} == {
        part: form(control, value) for part, value in other.items()
    }


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
