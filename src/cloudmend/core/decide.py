"""Fix, only report, or leave open; and the plan checked: nothing is written that is not at fault."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Change, Finding, Plan
from cloudmend.core.policy import Exemption, Policy

Action = Literal["fix", "observe", "exempt"]


class Circumstances(Struct, frozen=True, kw_only=True):
    """Of something at fault: all that a policy may tell apart. Empty where it is not known."""

    control: str
    account: str
    vpc: str
    group: str
    actor_role: str  # ARN of the role that made the call; a sweep knows of none
    now: datetime  # aware


class Decision(Struct, frozen=True):
    """What is done about it, and the line of the policy that says so."""

    action: Action
    why: str


def decide(policy: Policy, circumstances: Circumstances, default: str = "fix") -> Decision:
    """An exemption that holds, else the most specific mode: VPC, account, control, default.

    `default` is the control's own mode: a policy whose default is to observe is heeded in any case.
    """
    exemptions = [exemption for exemption in policy.exemptions if _covers(exemption, circumstances)]
    for exemption in exemptions:
        if exemption.holds(circumstances.now):
            return Decision("exempt", f"exempt: {exemption}")
    decision = _by_mode(policy, circumstances, default)
    expired = "".join(f"; no longer exempt, because it expired: {exemption}" for exemption in exemptions)
    return Decision(decision.action, decision.why + expired)


def _covers(exemption: Exemption, circumstances: Circumstances) -> bool:
    """Whether all the scopes that it gives match."""
    return all(getattr(circumstances, name) == value for name, value in exemption.scope.items())


def _by_mode(policy: Policy, circumstances: Circumstances, default: str) -> Decision:
    for kind in ("vpc", "account", "control"):
        name = getattr(circumstances, kind)
        if mode := getattr(policy.mode, kind).get(name):
            return Decision(mode, f"mode.{kind}.{name} is {mode}")
    if policy.mode.default == "fix" and default == "observe":
        return Decision("observe", f"{circumstances.control} only observes, unless mode.control says fix")
    return Decision(policy.mode.default, f"mode.default is {policy.mode.default}")


def check_parts(plan: Plan, findings: tuple[Finding, ...]) -> None:
    """Every part at fault is changed once, and nothing else is; raises UnsafePlan."""
    at_fault = sorted(finding.part for finding in findings)
    touched = sorted(edit.part for change in plan.changes for edit in change.edits)
    if touched != at_fault:
        raise UnsafePlan(
            f"The plan touches {touched} but what is at fault is {at_fault}. Nothing was changed. "
            "This is a bug of cloudmend: please report it with this line."
        )
    for change in plan.changes:
        _check_pieces(change)


def _check_pieces(change: Change) -> None:
    """The other ways to apply a change touch the same parts as the change."""
    parts = {edit.part for edit in change.edits}
    if change.pieces and {edit.part for piece in change.pieces for edit in piece.edits} != parts:
        raise UnsafePlan(f"The pieces of a change to {sorted(parts)} touch other parts. Nothing was changed.")
    if change.otherwise and {edit.part for edit in change.otherwise.edits} != parts:
        raise UnsafePlan(f"The second way to change {sorted(parts)} touches other parts. Nothing was changed.")
    for piece in change.pieces:
        _check_pieces(piece)
