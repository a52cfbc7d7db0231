"""The policy as the other modules use it: quantities and sets, no spellings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct

RIGHTS: Final = "CLOUDMEND_RIGHTS"  # words like ebs_snapshot_public=observe

Mode = Literal["fix", "observe", "off"]
Existing = Literal["observe", "fix"]

# The possible scopes of an exemption, and their names for a person.
SCOPES: Final = {"resource": "resource", "vpc": "VPC", "account": "account", "actor_role": "role"}


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
