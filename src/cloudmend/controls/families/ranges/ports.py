"""Guarded ports as a policy spells them: numbers, ranges, protocols, and named sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.core.network import ALL_PORTS, Traffic, disjoint
from cloudmend.core.policy.location import Key, Location, Refused, Review, did_you_mean

GUARDED: Final = (Traffic("tcp", 22, 22), Traffic("tcp", 3389, 3389), Traffic("udp", 3389, 3389))
PROTOCOLS: Final = ("tcp", "udp", "icmp", "icmpv6")
Items = Sequence[tuple[int | str, Location]]  # each item with the place where it stands
_WEB: Final = (Traffic("tcp", 80, 80), Traffic("tcp", 443, 443))
_PORTS: Final = re.compile(r"(?:(tcp|udp)/)?(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


class PortSet(Struct, frozen=True):
    """Ports that belong together, and who says so."""

    source: str
    ports: tuple[Traffic, ...]


def _tcp(*ports: int) -> tuple[Traffic, ...]:
    return tuple(Traffic("tcp", port, port) for port in ports)


NAMED_SETS: Final = {
    "remote-admin": PortSet(
        "IANA's service names (ssh, telnet, exec, login, shell, ms-wbt-server, wsman, wsmans, rfb) and RFC 6143: "
        "VNC listens on 5900 plus the display's number, here 0 to 99",
        (
            *_tcp(22, 23),  # ssh, telnet
            Traffic("tcp", 512, 514),  # exec, login, shell: the r-commands
            *_tcp(3389, 5985, 5986),  # RDP, WinRM over HTTP and over HTTPS
            Traffic("udp", 3389, 3389),  # RDP's second transport
            Traffic("tcp", 5900, 5999),  # VNC
        ),
    ),
    "high-risk": PortSet(
        "AWS Security Hub, control EC2.19: unrestricted access to ports with high risk",
        _tcp(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601)
        + _tcp(8080, 8088, 8888, 9200, 9300),
    ),
    "all-but-web": PortSet(
        "AWS Security Hub, control EC2.18, whose default lets tcp 80 and 443 be open and nothing else",
        (
            Traffic("tcp", 0, 79),
            Traffic("tcp", 81, 442),
            Traffic("tcp", 444, 65535),
            Traffic("udp", *ALL_PORTS),
        ),
    ),
}


def read_guarded(items: Items, whole: Key, review: Review) -> tuple[Traffic, ...]:
    """Return what the items name together, sorted and disjoint; `whole` is the place of the list."""
    if not items and not review.refuses(whole):
        review.refuse(whole, "no port is guarded", "Write at least one, for example 22,3389.")
    read = [review.attempt((), _traffic, str(item).strip().lower(), location) for item, location in items]
    guarded = disjoint(traffic for each in read for traffic in each)
    for port in _WEB:
        if any(port.meets(part) for part in guarded):
            review.warn(
                whole,
                f"{port} is guarded, so a web server or load balancer that serves the public there is cut off",
                "Leave it out, or write all-but-web for everything else.",
            )
    return guarded


def _traffic(item: str, location: Location) -> Iterable[Traffic]:
    if item in NAMED_SETS:
        return NAMED_SETS[item].ports
    if item in PROTOCOLS:
        return (Traffic(item, *ALL_PORTS),)
    return (_range(item, location),)


def _range(item: str, location: Location) -> Traffic:
    match = _PORTS.fullmatch(item)
    if match is None:
        raise Refused(
            location,
            f"{item!r} is neither a port nor a range, protocol or named set",
            f"Write 22, 8000-8100, udp/53, tcp or a set. {did_you_mean(item, [*NAMED_SETS, *PROTOCOLS])}",
        )
    first, last = int(match[2]), int(match[3] or match[2])
    if last > ALL_PORTS[1]:
        raise Refused(location, f"{last} is not a port", "Ports are 0 to 65535.")
    if first > last:
        raise Refused(location, f"the range {item} runs backwards", f"Write {last}-{first}.")
    if last == 0:
        raise Refused(location, "nothing listens on port 0", f"Write {match[1] or 'tcp'} to guard all ports.")
    return Traffic(match[1] or "tcp", first, last)
