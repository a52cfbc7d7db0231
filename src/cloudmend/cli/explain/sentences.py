"""A look in sentences: what is so, what is at fault and why, and what would become of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.cli.scan.report import outcome
from cloudmend.core.contract import State
from cloudmend.core.ending import label, why_of
from cloudmend.core.escaping import cut, terminal
from cloudmend.core.policy.model import Policy
from cloudmend.engine.look import Fate, Look

_FOREIGN: Final = 300  # characters of what a caller chose


def explained(found: Look, policy: Policy, part: str = "") -> Iterator[str]:
    """Yield why a resource, or one part of it, is or is not at fault, and what would become of each finding."""
    name = cut(terminal(label(found.target)), _FOREIGN)
    region = found.target.resource.region
    if found.state is None:
        yield f"{name}: {found.problem}" if found.problem else f"{name} does not exist in {region}."
        return
    yield f"{name} in {', '.join(filter(None, (found.state.labels.get('vpc'), region)))}:"
    yield from _parts(found, found.state, policy, part)
    concerned = [fate for fate in found.fates if part in ("", fate.finding.part)]
    for fate in concerned:
        yield from _fate(fate)
    if found.problem:
        yield f"It is not known what would be done: {found.problem}"
    elif not concerned:
        because = f" {found.clear};" if found.clear and not part else ""
        yield f"{part or found.target.resource.id} is not at fault:{because} nothing would be done."
    yield from found.notes


def _parts(found: Look, state: State, policy: Policy, part: str) -> Iterator[str]:
    control = found.target.control
    findings = [fate.finding for fate in found.fates]
    why = {each.part: why_of(findings, each.part) for each in findings}
    if control.explain:
        yield from control.explain(state, why, part, policy.settings_of(control))
        return
    for each in {**state.parts, **why}:
        judged = f"at fault, because {why[each]}" if each in why else "not at fault"
        yield f"{each}, {cut(terminal(control.said(state.parts.get(each))), _FOREIGN)}: {judged}."


def _fate(fate: Fate) -> Iterator[str]:
    finding = fate.finding
    yield f"{finding.part} {outcome(fate.decision, fate.edit)}."
    if finding.witness:
        yield f"Proof, from any other account: {finding.witness}"
