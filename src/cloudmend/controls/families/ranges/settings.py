"""The settings of controls that limit how many public addresses reach a port, and what takes the place of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct, field

from cloudmend.controls.families.ranges.ports import GUARDED
from cloudmend.core.network import FAMILIES, PUBLIC, AddressSet, Family, Network, Traffic, lies_inside, public_part

# A range; the VPC's own block of that family; or nothing, so that the source is revoked.
Replacement = Network | Literal["vpc", "revoke"]
_Settings = TypeVar("_Settings", bound="RangeSettings")


def _limits() -> Mapping[Family, int]:
    return {4: 1 << 20, 6: 1 << 88}


def _nothing() -> Mapping[Family, AddressSet]:
    return dict.fromkeys(FAMILIES, AddressSet(()))


def _private() -> Mapping[Family, Replacement]:
    return {4: ip_network("10.0.0.0/8"), 6: ip_network("fd00::/8")}


class RangeSettings(Struct, frozen=True, kw_only=True):
    """Limits and replacements. The defaults are those of an empty policy file."""

    guarded: tuple[Traffic, ...] = GUARDED  # sorted, disjoint
    limits: Mapping[Family, int] = field(default_factory=_limits)  # public addresses; what is above is at fault
    trusted: Mapping[Family, AddressSet] = field(default_factory=_nothing)  # does not count as exposure
    replacement: Mapping[Family, Replacement] = field(default_factory=_private)

    def exposes(self, network: Network) -> int:
        """Return how many public addresses a network holds that are not trusted."""
        family = network.version
        return ((AddressSet.of([network]) & PUBLIC[family]) - self.trusted[family]).size

    def opens_guarded(self, traffic: Traffic) -> bool:
        """Return whether any guarded port is in the traffic."""
        return any(traffic.meets(guarded) for guarded in self.guarded)

    def revoking(self: _Settings) -> _Settings:
        """Return the same settings, but with every source at fault revoked."""
        return msgspec.structs.replace(self, replacement=dict.fromkeys(FAMILIES, "revoke"))

    def narrowed(
        self, source: Network, vpc_blocks: Iterable[Network] = (), unread_vpc: str = ""
    ) -> tuple[Network | None, str]:
        """Return the replacement of a source; or None, and the reason why there is none.

        `vpc_blocks` are the own blocks of the resource's VPC. `unread_vpc` says why they are not known.
        """
        replacement = self.replacement[source.version]
        if replacement == "revoke":
            return None, "the policy says so"
        if replacement == "vpc":
            if unread_vpc:
                return None, f"the VPC's blocks cannot be read: {unread_vpc}"
            own = [block for block in vpc_blocks if lies_inside(block, source) and not public_part(block)]
            return (own[0], "") if own else (None, f"the VPC has no private block inside {source}")
        if not lies_inside(replacement, source):
            return None, f"{replacement} does not lie inside {source}"
        return replacement, ""
