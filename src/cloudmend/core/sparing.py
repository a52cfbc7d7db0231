"""Apply the active timed exemptions to the findings of a resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.ledger import TimedExemption
from cloudmend.core.model import Finding
from cloudmend.core.policy import Policy


class Spared(Struct, frozen=True):
    """`why` all that is at fault is exempt; empty where some of it is not, and then `findings` are that.

    `parts` are exempt by their own id, each with the reason.
    """

    why: str
    parts: Mapping[str, str]
    findings: tuple[Finding, ...]


def spare(
    held: Iterable[TimedExemption],
    resource_id: str,
    facts: Any,
    findings: tuple[Finding, ...],
    *,
    control: Control,
    policy: Policy,
) -> Spared:
    """`held` may be of any resource; `facts` are the control's of that one, and `findings` what is at fault there."""
    own = [exemption for exemption in held if exemption.group == resource_id]
    marks = control.marks(facts) if own else {}
    covered = [(exemption, _covered(exemption, marks)) for exemption in own]
    covering = [exemption for exemption, parts in covered if parts or exemption.is_whole]
    if not covering:
        return Spared("", {}, findings)
    told = {part: exemption.told for exemption, parts in covered for part in parts}
    remaining = control.detect(control.without(facts, frozenset(told)), policy)
    if remaining and not any(exemption.is_whole for exemption in covering):
        return Spared("", told, remaining)
    return Spared("; ".join(exemption.told for exemption in covering), told, ())


def _covered(exemption: TimedExemption, marks: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The ids of the parts that it names, by their id or by what they say."""
    named = exemption.parts or ()
    return tuple(part for part, said in marks.items() if part == exemption.rule or not said.isdisjoint(named))
