"""What becomes of a resource at fault: by the policy, the exemptions that hold and the switch; and the plan for it.

The engine acts by this, and the commands that only look tell it: neither knows better than the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.decide import Circumstances, Decision, check_parts, decide
from cloudmend.core.ending import FLAPPING_AFTER
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.model import Finding, Plan
from cloudmend.core.policy import Mode, Policy
from cloudmend.core.sparing import spare

_SWITCHED: Final = Decision("observe", "the switch is set to observe")


class Known(Struct, frozen=True):
    """The answers of a ledger and a switch, read only if the judgement depends on them."""

    exemptions: Callable[[], Exemptions]
    mode: Callable[[], Mode | None]


class Verdict(Struct, frozen=True, kw_only=True):
    """The decision, and the findings that it is about: all, or those that no exemption of a part covers.

    `exempt_parts` says of each part that is exempt by itself why. What is `unreadable` exempts nothing.
    """

    decision: Decision
    findings: tuple[Finding, ...]
    exempt_parts: Mapping[str, str] = {}
    unreadable: tuple[str, ...] = ()


def judge(
    control: Control,
    facts: Any,
    findings: tuple[Finding, ...],
    circumstances: Circumstances,
    policy: Policy,
    known: Known,
) -> Verdict:
    """Of facts with these findings: what the policy says, unless an exemption holds, or the switch stops all writes."""
    decision = decide(policy, circumstances)
    if decision.action == "exempt":
        return Verdict(decision=decision, findings=findings)
    exemptions = known.exemptions()
    spared = spare(exemptions.held, circumstances.resource, facts, findings, control=control, policy=policy)
    if spared.why:
        exempt = Decision("exempt", spared.why)
        return Verdict(decision=exempt, findings=findings, unreadable=exemptions.unreadable)
    if decision.action == "fix" and known.mode() == "observe":
        decision = _SWITCHED
    return Verdict(
        decision=decision, findings=spared.findings, exempt_parts=spared.parts, unreadable=exemptions.unreadable
    )


def dated(control: Control, facts: Any, recent: Iterable[Entry]) -> Any:
    """Return the facts with what the control's mends of late tell about the age of the parts."""
    return control.dated(facts, [entry for entry in recent if entry.intent.control == control.id])


def planned(
    control: Control, facts: Any, findings: tuple[Finding, ...], policy: Policy, recent: Iterable[Entry]
) -> tuple[Plan, int]:
    """The plan, checked, and how often the same door was mended in the FLAP_WINDOW that `recent` is of.

    Raises UnsafePlan.
    """
    plan = control.plan(facts, findings, policy)
    flaps = _flaps(control, plan, recent)
    if flaps >= FLAPPING_AFTER:
        policy = control.on_flapping(policy)
        plan = control.plan(facts, findings, policy)
    check_parts(plan, findings)
    control.check(facts, plan, policy)
    return plan, flaps


def _flaps(control: Control, plan: Plan, recent: Iterable[Entry]) -> int:
    """Return how often the door that was mended most often was mended."""
    ended = [entry.ended.record for entry in recent if entry.ended and entry.intent.control == control.id]
    mended = [edit.before for record in ended for edit in record.edits]
    return max((mended.count(edit.before) for change in plan.changes for edit in change.edits), default=0)
