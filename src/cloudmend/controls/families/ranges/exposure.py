"""The entries of a resource that together open a guarded port to more public addresses than the limit, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.core.exposure import Opening, at_fault
from cloudmend.core.network import AddressSet, Family, Network, Traffic, public_addresses, public_part, readable

_NAMED_PORTS: Final = 4  # how many of them a sentence names


class Excess(Struct, frozen=True):
    """An opening at fault, by its place among all. `told` says how far it opens which ports, and the limit.

    `alone`: it is over the limit by itself, so that no other opening could be mended in its place.
    """

    index: int
    alone: bool
    told: str


def exposed(networks: Iterable[Network], family: Family, settings: RangeSettings) -> AddressSet:
    """Return the public addresses of networks of one family, without those that are trusted."""
    public = AddressSet.union(public_part(network) for network in networks)
    return public - settings.trusted[family] if settings.trusted[family] else public


def excesses(openings: Sequence[Opening], family: Family, settings: RangeSettings, others: str) -> Iterator[Excess]:
    """Yield the openings of one family that must be mended.

    If some are too wide together only, the first ones must be mended, until the rest is within the limit. `others` is
    the noun of the rest in a sentence: "the group's other rules".
    """
    limit = settings.limits[family]
    if sum(opening.addresses.size for opening in openings) <= limit:
        return
    for index, together in at_fault(openings, settings.guarded, limit).items():
        opening = openings[index]
        size, ports = opening.addresses.size, guarded_ports(opening.traffic, settings)
        yield Excess(index, size > limit, reason(ports, size, together, limit, others))


def reason(ports: str, size: int, together: int, limit: int, others: str) -> str:
    """Return how far an entry opens some ports, and the limit; if only all are over it, how far they open them."""
    with_others = f", and with {others} to {readable(together)}" if size <= limit else ""
    return f"opens {ports} to {public_addresses(size)}{with_others}; the limit is {readable(limit)}"


def all_clear(settings: RangeSettings, not_counted: Iterable[str] = (), of: str = "") -> str:
    """Return what holds if nothing is at fault, for a sentence: the ports that were judged, and the limit.

    `not_counted` names what is left out besides trusted networks; `of` says whose ports are judged: " of an instance".
    """
    limits = f"{readable(settings.limits[4])} public IPv4 or {readable(settings.limits[6])} public IPv6 addresses"
    trusted = ("trusted networks",) if any(settings.trusted.values()) else ()
    left_out = " or ".join((*trusted, *not_counted))
    besides = f", not counting {left_out}" if left_out else ""
    return f"no guarded port{of} ({few(settings.guarded)}) is open to more than {limits}{besides}"


def guarded_ports(traffic: Traffic, settings: RangeSettings) -> str:
    """Return what of the traffic is guarded, in words; the first few by name."""
    return few([common for part in settings.guarded if (common := traffic & part)])


def few(ports: Sequence[Traffic]) -> str:
    """Return ports in words; the first few by name."""
    named = ", ".join(map(str, ports[:_NAMED_PORTS]))
    more = len(ports) - _NAMED_PORTS
    return f"{named} and {more} more" if more > 0 else named
