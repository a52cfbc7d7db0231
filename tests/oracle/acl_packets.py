"""The oracle of network ACLs: is this packet admitted? Written from EC2's semantics alone, over AWS's rows.

It shares no code with cloudmend. The first row by its number that matches decides; a packet that none matches is
denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from oracle.packets import NOT_PUBLIC, TCP, UDP, address, is_public

Row = Mapping[str, Any]
_BITS = {4: 32, 6: 128}
_ICMP = (1, 58)


class AclPacket(NamedTuple):
    """A packet that arrives: IP version, source, IANA protocol, and the destination port, or the type of ICMP."""

    version: int
    source: int
    protocol: int
    port: int
    code: int = 0  # of ICMP


def admits(rows: Iterable[Row], packet: AclPacket) -> bool:
    """Return whether the inbound rows let the packet in."""
    for row in sorted(rows, key=lambda row: int(row["RuleNumber"])):
        if not row["Egress"] and _matches(row, packet):
            return bool(row["RuleAction"] == "allow")
    return False


def decider(rows: Iterable[Row], packet: AclPacket) -> Row | None:
    """Return the row that decides about the packet."""
    inbound = (row for row in sorted(rows, key=lambda row: int(row["RuleNumber"])) if not row["Egress"])
    return next((row for row in inbound if _matches(row, packet)), None)


def block(row: Row) -> tuple[int, int, int]:
    """IP version, first and last address of a row's range."""
    base, _, prefix = (row.get("CidrBlock") or row["Ipv6CidrBlock"]).partition("/")
    version = 6 if ":" in base else 4
    free = _BITS[version] - int(prefix)
    first = (address(base) >> free) << free
    return version, first, first + (1 << free) - 1


def _matches(row: Row, packet: AclPacket) -> bool:
    version, first, last = block(row)
    if version != packet.version or not first <= packet.source <= last:
        return False
    protocol = int(row["Protocol"])
    if protocol == -1:
        return True
    if protocol != packet.protocol:
        return False
    if protocol in (TCP, UDP):
        return bool(row["PortRange"]["From"] <= packet.port <= row["PortRange"]["To"])
    if protocol in _ICMP:
        kind, code = row["IcmpTypeCode"]["Type"], row["IcmpTypeCode"]["Code"]
        return kind in (-1, packet.port) and (kind == -1 or code in (-1, packet.code))
    return True


def sources(rows: Iterable[Row], version: int) -> list[tuple[int, int]]:
    """The address space, cut so that in each piece all addresses are alike: first and last address."""
    cuts = {0, 1 << _BITS[version]}
    for row in rows:
        if block(row)[0] == version:
            cuts |= {block(row)[1], block(row)[2] + 1}
    for first, last in NOT_PUBLIC[version]:
        cuts |= {first, last + 1}
    ordered = sorted(cuts)
    return [(first, end - 1) for first, end in pairwise(ordered)]


def exposure(rows: Iterable[Row], version: int, protocol: int, port: int, code: int = 0) -> int:
    """Return the number of public addresses that reach the port, or send the type of ICMP."""
    rows = list(rows)
    return sum(
        last - first + 1
        for first, last in sources(rows, version)
        if is_public(version, first) and admits(rows, AclPacket(version, first, protocol, port, code))
    )
