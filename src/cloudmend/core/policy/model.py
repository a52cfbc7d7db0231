"""The policy as the house uses it: quantities and sets, no spellings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct

from cloudmend.core.network import PUBLIC, AddressSet, Family, Network, Traffic

Mode = Literal["fix", "observe"]
# A range; the VPC's own block of that family; or nothing, so that the rule is revoked.
Replacement = Network | Literal["vpc", "revoke"]
PrefixLists = Literal["trusted", "resolved"]
UnreadableLists = Literal["report", "revoke"]

FAMILIES: Final[tuple[Family, ...]] = (4, 6)

# What an exemption may be about, and how a person calls it.
SCOPES: Final = {"group": "group", "vpc": "VPC", "account": "account", "actor_role": "role"}


class Modes(Struct, frozen=True, kw_only=True):
    """Whether what is at fault is closed or only reported: by control id, account id, VPC id, or by default."""

    default: Mode
    control: Mapping[str, Mode] = {}
    account: Mapping[str, Mode] = {}
    vpc: Mapping[str, Mode] = {}


class Exemption(Struct, frozen=True, kw_only=True):
    """What is left open on purpose, by whom, why, and until when. A scope that is empty is not asked for."""

    owner: str
    reason: str
    expires: datetime  # aware; the last moment at which it holds
    group: str = ""
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
    """What a mend is decided by."""

    guarded: tuple[Traffic, ...]  # sorted, disjoint
    limits: Mapping[Family, int]  # public addresses; what is above is at fault
    trusted: Mapping[Family, AddressSet]  # does not count as exposure
    replacement: Mapping[Family, Replacement]
    aws_prefix_lists: PrefixLists  # those that AWS owns: trusted without a look, or resolved like any other
    unreadable_prefix_lists: UnreadableLists  # what becomes of a rule whose list AWS does not show
    mode: Modes
    exemptions: tuple[Exemption, ...] = ()
    controls: Mapping[str, Any] = {}  # the settings of a control, by its id; of its own type

    def settings_of(self, control: Any) -> Any:
        """Return the settings of a control: what the policy says, or its defaults."""
        if control.settings is Policy:
            return self
        return self.controls.get(control.id) or control.settings()

    @property
    def digest(self) -> str:
        """A text that tells two policies apart."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def exposes(self, network: Network) -> int:
        """How many public addresses a network holds that are not trusted."""
        family = network.version
        return ((AddressSet.of([network]) & PUBLIC[family]) - self.trusted[family]).size
