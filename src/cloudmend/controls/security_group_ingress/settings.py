"""The control's settings, as quantities and sets: no spellings."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final, Literal

import msgspec
from msgspec import Struct, field

from cloudmend.core.network import FAMILIES, PUBLIC, AddressSet, Family, Network, Traffic

# A range; the VPC's own block of that family; or nothing, so that the rule is revoked.
Replacement = Network | Literal["vpc", "revoke"]
PrefixLists = Literal["trusted", "resolved"]
UnreadableLists = Literal["report", "revoke"]
Flapping = Literal["narrow", "revoke"]


_GUARDED: Final = (Traffic("tcp", 22, 22), Traffic("tcp", 3389, 3389), Traffic("udp", 3389, 3389))


def _limits() -> Mapping[Family, int]:
    return {4: 1 << 20, 6: 1 << 88}


def _nothing() -> Mapping[Family, AddressSet]:
    return dict.fromkeys(FAMILIES, AddressSet(()))


def _private() -> Mapping[Family, Replacement]:
    return {4: ip_network("10.0.0.0/8"), 6: ip_network("fd00::/8")}


class Settings(Struct, frozen=True, kw_only=True):
    """The limits and replacements of the control. The defaults are those of an empty policy file."""

    guarded: tuple[Traffic, ...] = _GUARDED  # sorted, disjoint
    limits: Mapping[Family, int] = field(default_factory=_limits)  # public addresses; what is above is at fault
    trusted: Mapping[Family, AddressSet] = field(default_factory=_nothing)  # does not count as exposure
    replacement: Mapping[Family, Replacement] = field(default_factory=_private)
    aws_prefix_lists: PrefixLists = "trusted"  # those that AWS owns: trusted without a look, or resolved like any other
    unreadable_prefix_lists: UnreadableLists = "report"  # what becomes of a rule whose list AWS does not show

    flapping: Flapping = "narrow"  # what becomes of a rule that is opened for the third time within an hour

    def exposes(self, network: Network) -> int:
        """Return how many public addresses a network holds that are not trusted."""
        family = network.version
        return ((AddressSet.of([network]) & PUBLIC[family]) - self.trusted[family]).size

    def for_flapping(self) -> Settings:
        """Return the settings for what is opened again and again."""
        return self.revoking() if self.flapping == "revoke" else self

    def revoking(self) -> Settings:
        """Return the same settings, but with every rule at fault revoked."""
        return msgspec.structs.replace(self, replacement=dict.fromkeys(FAMILIES, "revoke"))
