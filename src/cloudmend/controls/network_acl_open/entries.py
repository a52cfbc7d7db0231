"""The ingress entries of a network ACL, as AWS shows them, and the packets that each admits or denies.

The first entry by its number that matches a packet decides. A packet that no entry matches is denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from ipaddress import ip_network
from itertools import pairwise
from typing import Any, Final, Literal

from msgspec import Struct

from cloudmend.core.model import Json
from cloudmend.core.network import ALL_PORTS, AddressSet, Family, Network, Span, Traffic, protocol_name

LAST: Final = 32766  # the highest number that is free to use: AWS's own entries have higher ones
_NUMBERS: Final = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
ICMP: Final = ("icmp", "icmpv6")
_CODES: Final = 256  # of one type of ICMP
_EVERY: Final = -1  # AWS's number for every type, every code and every port
Action = Literal["allow", "deny"]


class Entry(Struct, frozen=True, dict=True):
    """A row of DescribeNetworkAcls, and its meaning."""

    row: Json

    @property
    def number(self) -> int:
        return int(self.row["RuleNumber"])

    @property
    def is_allow(self) -> bool:
        return bool(self.row["RuleAction"] == "allow")

    @cached_property
    def network(self) -> Network:
        return ip_network(self.row.get("CidrBlock") or self.row["Ipv6CidrBlock"], strict=False)

    @property
    def family(self) -> Family:
        return self.network.version

    @cached_property
    def addresses(self) -> AddressSet:
        return AddressSet.of([self.network])

    @cached_property
    def traffic(self) -> Traffic:
        """The traffic that matches. Each type and code of ICMP counts as a port: the type times 256, plus the code."""
        protocol = protocol_name(self.row["Protocol"])
        return Traffic(protocol, *_ports(protocol, self.row))

    def matches(self, traffic: Traffic) -> bool:
        """Return whether all of the traffic matches, which must be of one protocol."""
        return self.traffic & traffic == traffic

    def narrowed_to(self, network: Network) -> Entry:
        """Return the same entry from another network of the same family."""
        return Entry({**self.row, _cidr_field(network): str(network)})

    def __str__(self) -> str:
        return f"{str(self.row['RuleAction']).upper()} {_words(self.traffic)} from {self.network}"


def entry(number: int, action: Action, traffic: Traffic, network: Network) -> Entry:
    """Return a new ingress entry, as AWS shows it."""
    row = {
        _cidr_field(network): str(network),
        "Egress": False,
        "Protocol": _NUMBERS[traffic.protocol],
        "RuleAction": action,
        "RuleNumber": number,
    }
    if traffic.protocol in ICMP:
        return Entry({**row, "IcmpTypeCode": {"Type": _EVERY, "Code": _EVERY}})
    return Entry({**row, "PortRange": {"From": traffic.first, "To": traffic.last}})


def form(row: Json) -> list[Any]:
    """Return all of an entry that is not AWS's own spelling, so that two can be compared."""
    found, traffic = Entry(row), Entry(row).traffic
    return [found.number, found.is_allow, str(found.network), traffic.protocol, traffic.first, traffic.last]


def admitted(entries: Iterable[Entry], family: Family, traffic: Traffic) -> AddressSet:
    """Return the addresses whose packets the entries admit, for traffic in which no entry begins or ends."""
    decided, found = AddressSet(()), AddressSet(())
    for each in in_order(entries, family):
        if each.matches(traffic):
            found = AddressSet.union([found, each.addresses - decided]) if each.is_allow else found
            decided = AddressSet.union([decided, each.addresses])
    return found


def in_order(entries: Iterable[Entry], family: Family) -> list[Entry]:
    """Return the entries of one family, in the order in which they decide."""
    return sorted((each for each in entries if each.family == family), key=lambda each: each.number)


def columns(parts: Iterable[Traffic], within: Iterable[Traffic]) -> Iterator[Traffic]:
    """Cut traffic wherever a part begins or ends, so that each part has all of a piece, or nothing of it."""
    parts = tuple(parts)
    for whole in within:
        cuts = {cut for part in parts if part.meets(whole) for cut in (part.first, part.last + 1)}
        starts = [whole.first, *sorted(cut for cut in cuts if whole.first < cut <= whole.last), whole.last + 1]
        yield from (Traffic(whole.protocol, first, after - 1) for first, after in pairwise(starts))


def _cidr_field(network: Network) -> str:
    return "CidrBlock" if network.version == 4 else "Ipv6CidrBlock"


def _ports(protocol: str, row: Json) -> Span:
    if protocol in ("tcp", "udp"):
        return _of_range(row.get("PortRange") or {})
    return _of_icmp(row.get("IcmpTypeCode") or {}) if protocol in ICMP else ALL_PORTS


def _of_range(ports: Mapping[str, int]) -> Span:
    first, last = ports.get("From", _EVERY), ports.get("To", _EVERY)
    return (first, last) if first >= 0 and last >= 0 else ALL_PORTS


def _of_icmp(icmp: Mapping[str, int]) -> Span:
    kind, code = icmp.get("Type", _EVERY), icmp.get("Code", _EVERY)
    if kind < 0:
        return ALL_PORTS
    return (kind * _CODES + code,) * 2 if code >= 0 else (kind * _CODES, kind * _CODES + _CODES - 1)


def _words(traffic: Traffic) -> str:
    if traffic.protocol in ICMP and (traffic.first, traffic.last) != ALL_PORTS:
        code = "" if traffic.last > traffic.first else f" code {traffic.first % _CODES}"
        return f"{traffic.protocol} type {traffic.first // _CODES}{code}"
    return str(traffic)
