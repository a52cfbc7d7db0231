"""Fix or only report, and the plan checked: nothing is written that is not at fault."""

from __future__ import annotations

from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Change, Finding, Plan
from cloudmend.core.policy import Policy


def writes(policy: Policy) -> bool:
    """Whether what is at fault is closed; otherwise it is only reported."""
    return policy.mode == "fix"


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
