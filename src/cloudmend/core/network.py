"""Sets of addresses and of ports: what "the world" means, in exact integer arithmetic."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Family = Literal[4, 6]
FAMILIES: Final[tuple[Family, ...]] = (4, 6)
Network = IPv4Network | IPv6Network

Span = tuple[int, int]  # first and last member, both included

_ALL_IPV4: Final = 2**32

_NOT_PUBLIC_IPV4: Final = (
    # IANA IPv4 Special-Purpose Address Registry (RFC 6890 and later): every block not globally reachable.
    # Written out because `ipaddress.is_private` changed its meaning between Python versions.
    "0.0.0.0/8",  # this network, RFC 791
    "10.0.0.0/8",  # private use, RFC 1918
    "100.64.0.0/10",  # shared address space, RFC 6598
    "127.0.0.0/8",  # loopback, RFC 1122
    "169.254.0.0/16",  # link-local, RFC 3927
    "172.16.0.0/12",  # private use, RFC 1918
    "192.0.0.0/24",  # IETF protocol assignments, RFC 6890
    "192.0.2.0/24",  # documentation, RFC 5737
    "192.168.0.0/16",  # private use, RFC 1918
    "198.18.0.0/15",  # benchmarking, RFC 2544
    "198.51.100.0/24",  # documentation, RFC 5737
    "203.0.113.0/24",  # documentation, RFC 5737
    "224.0.0.0/4",  # multicast, RFC 5771
    "240.0.0.0/4",  # reserved, RFC 1112
)
_GLOBAL_UNICAST_IPV6: Final = "2000::/3"  # RFC 4291
_NOT_PUBLIC_IPV6: Final = (
    "2001:db8::/32",  # documentation, RFC 3849
    "3fff::/20",  # documentation, RFC 9637
)


class AddressSet(Struct, frozen=True):
    """A set of addresses of one family, as sorted spans that neither overlap nor touch."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, networks: Iterable[Network]) -> AddressSet:
        """The union of networks, which must all be of one family."""
        return cls(tuple(_merged((int(n.network_address), int(n.broadcast_address)) for n in networks)))

    @property
    def size(self) -> int:
        """How many addresses; exact, up to 2**128."""
        return sum(last - first + 1 for first, last in self.spans)

    @classmethod
    def union(cls, sets: Iterable[AddressSet]) -> AddressSet:
        sets = tuple(sets)
        return sets[0] if len(sets) == 1 else cls(tuple(_merged(span for part in sets for span in part.spans)))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __and__(self, other: AddressSet) -> AddressSet:
        pairs = ((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans)
        return AddressSet(tuple((first, last) for first, last in pairs if first <= last))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(tuple(gap for span in self.spans for gap in _gaps(span, other.spans)))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """The same members, sorted, as few spans as possible."""
    ordered = sorted(spans)
    if not ordered:
        return
    first, last = ordered[0]
    for start, end in ordered[1:]:
        if start > last + 1:
            yield first, last
            first, last = start, end
        else:
            last = max(last, end)
    yield first, last


def readable(count: int) -> str:
    """Return a number of addresses as text. One above all of IPv4 is told as a power of two: nobody reads 38 digits."""
    if count <= _ALL_IPV4:
        return f"{count:,}"
    power = count.bit_length() - 1
    return f"2^{power}" if count == 1 << power else f"more than 2^{power}"


def public_addresses(count: int) -> str:
    """Return a number of public addresses as text, with the noun."""
    return f"{readable(count)} public {'address' if count == 1 else 'addresses'}"


def _gaps(span: Span, holes: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of a span without the holes, which are sorted and disjoint."""
    start, end = span
    for first, last in holes:
        if first > end:
            break
        if start < first:
            yield start, first - 1
        start = max(start, last + 1)
    if start <= end:
        yield start, end


def _networks(*texts: str) -> AddressSet:
    return AddressSet.of(ip_network(text) for text in texts)


PUBLIC: Final[dict[Family, AddressSet]] = {
    4: _networks("0.0.0.0/0") - _networks(*_NOT_PUBLIC_IPV4),
    6: _networks(_GLOBAL_UNICAST_IPV6) - _networks(*_NOT_PUBLIC_IPV6),
}


@lru_cache(maxsize=4096)
def public_part(network: Network) -> AddressSet:
    """The public addresses of a network."""
    return AddressSet.of([network]) & PUBLIC[network.version]


def lies_inside(inner: Network, outer: Network) -> bool:
    """Return whether every address of `inner` is one of `outer`; false across families."""
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner.subnet_of(outer)
    return False


# IANA protocol numbers that EC2 shows by name, and its word for "all".
_PROTOCOL_NAMES: Final = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
ALL_PROTOCOLS: Final = "-1"
ALL_PORTS: Final[Span] = (0, 65535)


def protocol_name(text: str | int) -> str:
    """EC2's canonical form: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, else the number as text."""
    lowered = str(text).strip().lower()
    return _PROTOCOL_NAMES.get(lowered, lowered)


class Traffic(Struct, frozen=True, order=True):
    """A protocol and an inclusive range of its ports: `tcp/22`, `tcp/20-25`; `-1` is all protocols."""

    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        if self.protocol == ALL_PROTOCOLS:
            return "all traffic"
        if self.protocol not in ("tcp", "udp"):
            return f"protocol {self.protocol}" if self.protocol.isdigit() else self.protocol
        ports = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol}/{ports}"

    def meets(self, other: Traffic) -> bool:
        """Return whether the two have anything in common."""
        return (
            self.first <= other.last
            and other.first <= self.last
            and (self.protocol == other.protocol or ALL_PROTOCOLS in (self.protocol, other.protocol))
        )

    def __and__(self, other: Traffic) -> Traffic | None:
        """Return what both admit; None where they have nothing in common."""
        if not self.meets(other):
            return None
        protocol = other.protocol if self.protocol == ALL_PROTOCOLS else self.protocol
        return Traffic(protocol, max(self.first, other.first), min(self.last, other.last))


def rule_traffic(protocol: str, from_port: int, to_port: int) -> Traffic:
    """Return what a rule admits, from EC2's fields.

    Ports count for tcp and udp only: ICMP's fields are type and code, and any other protocol is
    admitted whole. A tcp or udp rule without ports (-1) is taken to admit them all.
    """
    if protocol in ("tcp", "udp") and from_port >= 0 and to_port >= 0:
        return Traffic(protocol, from_port, to_port)
    return Traffic(protocol, *ALL_PORTS)


def disjoint(traffic: Iterable[Traffic]) -> tuple[Traffic, ...]:
    """The same traffic, sorted, as few ranges as possible."""
    spans: dict[str, list[Span]] = {}
    for each in traffic:
        spans.setdefault(each.protocol, []).append((each.first, each.last))
    return tuple(Traffic(protocol, *span) for protocol in sorted(spans) for span in _merged(spans[protocol]))
