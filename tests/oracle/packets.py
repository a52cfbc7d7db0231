"""The independent oracle: may this address send a packet to this port? Written from EC2's semantics alone.

It shares no code with cloudmend: addresses are integers, rules are the rows that AWS describes, protocols
are IANA numbers. A count is exact: the address space is cut at every boundary that a rule or a special block
has, and one packet is tried in each piece.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Row = Mapping[str, Any]

TCP, UDP = 6, 17
_NUMBERS = {"icmp": 1, "tcp": TCP, "udp": UDP, "icmpv6": 58}
_BITS = {4: 32, 6: 128}


class Packet(NamedTuple):
    """A packet that arrives: IP version, source address, IANA protocol, destination port (tcp and udp only)."""

    version: int
    source: int
    protocol: int
    port: int


def address(text: str) -> int:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return int.from_bytes(socket.inet_pton(family, text), "big")


def _special(*pairs: str) -> list[tuple[int, int]]:
    return [(address(first), address(last)) for first, _, last in (pair.partition(" ") for pair in pairs)]


NOT_PUBLIC = {
    4: _special(
        "0.0.0.0 0.255.255.255",
        "10.0.0.0 10.255.255.255",
        "100.64.0.0 100.127.255.255",
        "127.0.0.0 127.255.255.255",
        "169.254.0.0 169.254.255.255",
        "172.16.0.0 172.31.255.255",
        "192.0.0.0 192.0.0.255",
        "192.0.2.0 192.0.2.255",
        "192.168.0.0 192.168.255.255",
        "198.18.0.0 198.19.255.255",
        "198.51.100.0 198.51.100.255",
        "203.0.113.0 203.0.113.255",
        "224.0.0.0 255.255.255.255",
    ),
    6: _special(
        ":: 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:: 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
}


def is_public(version: int, source: int) -> bool:
    return not any(first <= source <= last for first, last in NOT_PUBLIC[version])


def admits(row: Row, packet: Packet) -> bool:
    """Whether one ingress rule lets the packet in. Prefix lists and groups are no addresses here."""
    return not row["IsEgress"] and _from_its_source(row, packet) and _to_its_ports(row, packet)


def admitted(rows: Iterable[Row], packet: Packet) -> bool:
    return any(admits(row, packet) for row in rows)


def _block(row: Row) -> tuple[int, int, int] | None:
    """IP version, first and last address of a rule's range."""
    text = row.get("CidrIpv4") or row.get("CidrIpv6")
    if not text:
        return None
    base, _, prefix = text.partition("/")
    version = 6 if ":" in base else 4
    free = _BITS[version] - int(prefix)
    first = (address(base) >> free) << free
    return version, first, first + (1 << free) - 1


def _from_its_source(row: Row, packet: Packet) -> bool:
    block = _block(row)
    return block is not None and block[0] == packet.version and block[1] <= packet.source <= block[2]


def _to_its_ports(row: Row, packet: Packet) -> bool:
    name = row["IpProtocol"]
    if name == "-1":
        return True
    if _NUMBERS.get(name, None if not name.isdigit() else int(name)) != packet.protocol:
        return False
    if packet.protocol not in (TCP, UDP):
        return True
    return bool(row["FromPort"] <= packet.port <= row["ToPort"])


def exposure(rows: Iterable[Row], version: int, protocol: int, port: int) -> int:
    """How many public addresses reach the port through these rules together."""
    rows = list(rows)
    return sum(
        last - first + 1
        for first, last in _pieces(rows, version)
        if is_public(version, first) and admitted(rows, Packet(version, first, protocol, port))
    )


def _pieces(rows: Iterable[Row], version: int) -> Iterator[tuple[int, int]]:
    """The address space, cut so that in each piece all addresses are alike."""
    blocks = [block[1:] for row in rows if (block := _block(row)) and block[0] == version]
    cuts = {0, 1 << _BITS[version]}
    for first, last in [*blocks, *NOT_PUBLIC[version]]:
        cuts |= {first, last + 1}
    ordered = sorted(cuts)
    yield from zip(ordered, (cut - 1 for cut in ordered[1:]), strict=False)


def boundaries(rows: Iterable[Row], version: int) -> list[int]:
    """Addresses at which something changes: where mistakes live."""
    return [edge for piece in _pieces(rows, version) for edge in piece]
