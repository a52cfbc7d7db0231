"""Fix, only report, or leave open: what a policy says of a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from cloudmend.core.policy import Exemption, Mode, Modes, Policy
from cloudmend.core.policy.rights import rights_parameter

Action = Literal["fix", "observe", "exempt"]


class Circumstances(Struct, frozen=True, kw_only=True):
    """The facts about a finding that a policy can distinguish. Empty if unknown."""

    control: str
    account: str
    vpc: str
    resource: str
    actor_role: str  # ARN of the role that made the call; a sweep knows of none
    now: datetime  # aware


class Decision(Struct, frozen=True):
    """The action for a finding, and the line of the policy that says so."""

    action: Action
    why: str


class Line(NamedTuple):
    """A mode, and the sentence of the policy that says so."""

    mode: Mode
    why: str


def decide(policy: Policy, circumstances: Circumstances, default: Mode = "fix") -> Decision:
    """Return what an exemption that holds says, else the mode. `default` is the control's own."""
    exemptions = [exemption for exemption in policy.exemptions if _covers(exemption, circumstances)]
    for exemption in exemptions:
        if exemption.holds(circumstances.now):
            return Decision("exempt", f"exempt: {exemption}")
    mode, why = mode_of(policy, circumstances.control, circumstances.account, circumstances.vpc, default)
    expired = "".join(f"; no longer exempt, because it expired: {exemption}" for exemption in exemptions)
    return Decision("exempt" if mode == "off" else mode, why + expired)


def _covers(exemption: Exemption, circumstances: Circumstances) -> bool:
    """Return whether it is about the control, and all the scopes that it gives match."""
    return exemption.control == circumstances.control and all(
        getattr(circumstances, name) == value for name, value in exemption.scope.items()
    )


_CAUTIOUS: Final = ("off", "observe", "fix")  # the most cautious first


def mode_of(policy: Policy, control: str, account: str, vpc: str, default: Mode) -> Line:
    """Return the mode of a control at a place.

    A line that names both decides. Otherwise it is the more cautious of what is said of the place and of the control,
    which is `default` if nothing is said of it; and if nothing is said of either, the mode of everything else. What the
    stack holds no right to is not done, whatever a line says.
    """
    line, granted = _said(policy, control, account, vpc, default), policy.rights.get(control, "fix")
    if _CAUTIOUS.index(granted) < _CAUTIOUS.index(line.mode):
        return Line(granted, f"the stack's parameter {rights_parameter(control)} is {granted}")
    return line


def _said(policy: Policy, control: str, account: str, vpc: str, default: Mode) -> Line:
    """Return the line of the policy that decides."""
    if line := _at(policy.modes.get(control, Modes()), account, vpc, f"control.{control}.mode"):
        return _written(policy, line)
    place = _at(policy.mode, account, vpc, "mode")
    lines = [line for line in (place, *_of_control(policy, control, default, is_placed=bool(place))) if line]
    return _written(policy, min(lines, key=lambda line: _CAUTIOUS.index(line.mode)))


def _at(modes: Modes, account: str, vpc: str, name: str) -> Line | None:
    """Return the line that names the VPC, else the account."""
    for kind, place in (("vpc", vpc), ("account", account)):
        if mode := getattr(modes, kind).get(place):
            return Line(mode, f"{name}.{kind}.{place} is {mode}")
    return None


def _of_control(policy: Policy, control: str, default: Mode, *, is_placed: bool) -> Iterator[Line]:
    """Yield what is said of a control, or what holds without that."""
    if said := policy.modes.get(control, Modes()).default:
        yield Line(said, f"control.{control}.mode is {said}")
        return
    if not is_placed:
        elsewhere = policy.mode.default or "fix"
        yield Line(elsewhere, f"mode.default is {elsewhere}")
    if default != "fix":
        yield Line(default, f"{control} is {default}, unless control.{control}.mode says otherwise")


def _written(policy: Policy, line: Line) -> Line:
    """Return the line, or that nothing is written, if a setting says so."""
    if policy.is_observing and line.mode == "fix":
        return Line("observe", "mode.default is observe")
    return line


class _Moded(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def mode(self) -> Mode: ...


C = TypeVar("C", bound=_Moded)


def switched_on(controls: Iterable[C], policy: Policy) -> tuple[C, ...]:
    """Return the controls that are not off wherever they could look."""
    return tuple(control for control in controls if not _is_off(control, policy))


def _is_off(control: _Moded, policy: Policy) -> bool:
    told = (policy.mode, policy.modes.get(control.id, Modes()))
    accounts = {"", *(account for modes in told for account in modes.account)}
    vpcs = {"", *(vpc for modes in told for vpc in modes.vpc)}
    return all(
        mode_of(policy, control.id, account, vpc, control.mode).mode == "off" for account in accounts for vpc in vpcs
    )
