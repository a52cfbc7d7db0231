"""The policy as the house uses it: quantities and sets, no spellings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct

Mode = Literal["fix", "observe", "off"]
Existing = Literal["observe", "fix"]

# What an exemption may be about, and how a person calls it.
SCOPES: Final = {"resource": "resource", "vpc": "VPC", "account": "account", "actor_role": "role"}


class Modes(Struct, frozen=True, kw_only=True):
    """Whether what is at fault is mended, only reported, or not looked at: by account id, by VPC id, and elsewhere."""

    default: Mode | None = None  # None: nothing is said
    account: Mapping[str, Mode] = {}
    vpc: Mapping[str, Mode] = {}


class Choice(Struct, frozen=True, kw_only=True):
    """What becomes of what was at fault before cloudmend was there: by account id, and elsewhere."""

    default: Existing | None = None  # None: nothing is said
    account: Mapping[str, Existing] = {}


class Exemption(Struct, frozen=True, kw_only=True):
    """What is left as it is on purpose, by whom, why, and until when. A scope that is empty is not asked for."""

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
        """Not without a scope, an owner and a reason, and not after it expired. `now` is aware."""
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
        """Return the settings of a control: what the policy says, or its defaults."""
        return self.settings.get(control.id) or control.settings()

    @property
    def tells_vpcs_apart(self) -> bool:
        """Whether what is done may depend on the VPC."""
        modes = (self.mode, *self.modes.values())
        return any(each.vpc for each in modes) or any(exemption.vpc for exemption in self.exemptions)

    @property
    def digest(self) -> str:
        """A text that tells two policies apart."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]
