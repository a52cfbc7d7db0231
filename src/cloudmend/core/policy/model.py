"""The policy as the other modules use it: quantities and sets, no spellings; and what it decides about a finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

RIGHTS: Final = "CLOUDMEND_RIGHTS"  # words like ebs_snapshot_public=observe

Mode = Literal["fix", "observe", "off"]
Existing = Literal["observe", "fix"]

# The possible scopes of an exemption, and their names for a person.
SCOPES: Final = {"resource": "resource", "vpc": "VPC", "account": "account", "actor_role": "role"}
Action = Literal["fix", "observe", "exempt"]
_CAUTIOUS: Final = ("off", "observe", "fix")  # the most cautious first


class Modes(Struct, frozen=True, kw_only=True):
    """The mode for findings (mend, only report, do not look): by account id, by VPC id, and elsewhere."""

    default: Mode | None = None  # None: nothing is said
    account: Mapping[str, Mode] = {}
    vpc: Mapping[str, Mode] = {}


class Choice(Struct, frozen=True, kw_only=True):
    """The treatment of findings from before cloudmend: by account id, and elsewhere."""

    default: Existing | None = None  # None: nothing is said
    account: Mapping[str, Existing] = {}


class Exemption(Struct, frozen=True, kw_only=True):
    """An exemption by the policy: who left what open on purpose, why, and until when.

    A scope that is empty does not count.
    """

    control: str  # its id
    owner: str
    reason: str
    expires: datetime  # aware; the last moment at which it holds
    resource: str = ""
    vpc: str = ""
    account: str = ""
    actor_role: str = ""

    @property
    def scope(self) -> dict[str, str]:
        """The scopes that are given; all must match."""
        return {name: value for name in SCOPES if (value := getattr(self, name))}

    def holds(self, now: datetime) -> bool:
        """Return whether it has a scope, an owner and a reason, and has not expired. `now` is aware."""
        return bool(self.scope and self.owner and self.reason) and now <= self.expires

    def __str__(self) -> str:
        scope = " and ".join(f"{SCOPES[name]} {value}" for name, value in self.scope.items())
        until = f"{self.expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"{scope}, by {self.owner} until {until}: {self.reason}"


class Policy(Struct, frozen=True, kw_only=True):
    """A policy: the settings that decide a mend."""

    mode: Modes  # of all controls; its default is said
    modes: Mapping[str, Modes] = {}  # of one control, by its id
    is_observing: bool = False  # a setting says that nothing is written, whatever the modes are
    rights: Mapping[str, Mode] = {}  # the most that the stack lets a control do, by its id; absent: fix
    existing: Choice = Choice(default="observe")  # of all controls: what becomes of what was there before
    existing_of_control: Mapping[str, Choice] = {}  # of one control, by its id
    exemptions: tuple[Exemption, ...] = ()
    settings: Mapping[str, Any] = {}  # of a control, by its id; of its own type. Absent: its defaults

    def settings_of(self, control: Any) -> Any:
        """Return the settings of a control: the policy's, or its defaults."""
        return self.settings.get(control.id) or control.settings()

    @property
    def tells_vpcs_apart(self) -> bool:
        """True if a decision may depend on the VPC."""
        modes = (self.mode, *self.modes.values())
        return any(each.vpc for each in modes) or any(exemption.vpc for exemption in self.exemptions)

    @property
    def digest(self) -> str:
        """A text that differs between two policies."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def name_of(control_id: str) -> str:
    """Return the part of a logical id that stands for a control: EbsSnapshotPublic for ebs_snapshot_public."""
    return control_id.title().replace("_", "")


def rights_parameter(control_id: str) -> str:
    """Return the name of the template's parameter that says the most that a control may do: fix, observe or off."""
    return f"{name_of(control_id)}Rights"


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
    """Return the mode and the reason: an exemption that holds, otherwise the policy's mode.

    `default` is the control's own mode.
    """
    exemptions = [exemption for exemption in policy.exemptions if _covers(exemption, circumstances)]
    for exemption in exemptions:
        if exemption.holds(circumstances.now):
            return Decision("exempt", f"exempt: {exemption}")
    mode, why = mode_of(policy, circumstances.control, circumstances.account, circumstances.vpc, default)
    expired = "".join(f"; no longer exempt, because it expired: {exemption}" for exemption in exemptions)
    return Decision("exempt" if mode == "off" else mode, why + expired)


def _covers(exemption: Exemption, circumstances: Circumstances) -> bool:
    """Return whether the exemption is about the control, and every scope that it gives matches."""
    return exemption.control == circumstances.control and all(
        getattr(circumstances, name) == value for name, value in exemption.scope.items()
    )


def mode_of(policy: Policy, control: str, account: str, vpc: str, default: Mode) -> Line:
    """Return the mode of a control at a place.

    A line that names both the place and the control decides. Otherwise the more cautious of two modes decides: that of
    the place and that of the control. The control's mode is `default` if no line names the control. If no line names
    either, the mode of everything else decides. Whatever a line says, cloudmend does nothing that the stack holds no
    right to.
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
    """Return the line that names the VPC, otherwise the one that names the account."""
    for kind, place in (("vpc", vpc), ("account", account)):
        if mode := getattr(modes, kind).get(place):
            return Line(mode, f"{name}.{kind}.{place} is {mode}")
    return None


def _of_control(policy: Policy, control: str, default: Mode, *, is_placed: bool) -> Iterator[Line]:
    """Yield the line about a control, or the lines that hold if there is none: of equal modes the first decides."""
    if said := policy.modes.get(control, Modes()).default:
        yield Line(said, f"control.{control}.mode is {said}")
        return
    if not is_placed:
        elsewhere = policy.mode.default or "fix"
        yield Line(elsewhere, f"mode.default is {elsewhere}")
    yield Line(default, f"{control} is {default}, unless control.{control}.mode says otherwise")


def _written(policy: Policy, line: Line) -> Line:
    """Return the line, or a line that forbids writes if a setting does."""
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
    """Return the controls that are not off in every place that they could look at."""
    return tuple(control for control in controls if not _is_off(control, policy))


def _is_off(control: _Moded, policy: Policy) -> bool:
    told = (policy.mode, policy.modes.get(control.id, Modes()))
    accounts = {"", *(account for modes in told for account in modes.account)}
    vpcs = {"", *(vpc for modes in told for vpc in modes.vpc)}
    return all(
        mode_of(policy, control.id, account, vpc, control.mode).mode == "off" for account in accounts for vpc in vpcs
    )
