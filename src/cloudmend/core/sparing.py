"""What the timed exemptions that hold leave open of what is at fault."""

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
    if not own:
        return Spared("", {}, findings)
    parts = {exemption.rule: _told(exemption) for exemption in own if exemption.rule}
    remaining = control.detect(control.without(facts, frozenset(parts)), policy)
    if remaining and all(exemption.rule for exemption in own):
        return Spared("", parts, remaining)
    return Spared("; ".join(map(_told, own)), parts, ())


def _told(exemption: TimedExemption) -> str:
    until = exemption.expires.isoformat(" ", "minutes")
    return f"exempt: {exemption.id}, by {exemption.owner} until {until}: {exemption.reason}"
