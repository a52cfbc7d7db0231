"""Random ingress entries of network ACLs, as AWS shows them, and settings under which they are judged."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from hypothesis import strategies as st

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.core.network import Traffic, disjoint

NETWORKS = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "52.0.0.0/8",
    "52.1.0.0/16",
    "52.1.2.0/24",
    "128.0.0.0/1",
    "::/0",
    "2600::/16",
    "fd00::/8",
)
_PORTS = ((22, 22), (20, 25), (22, 3389), (3389, 3389), (1024, 65535), (0, 65535), (80, 80))


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, Any]:
    network = draw(st.sampled_from(NETWORKS))
    protocol = draw(st.sampled_from(["-1", "6", "6", "17", "1", "58", "47"]))
    row: dict[str, Any] = {
        "Ipv6CidrBlock" if ":" in network else "CidrBlock": network,
        "Egress": False,
        "Protocol": protocol,
        "RuleAction": draw(st.sampled_from(["allow", "allow", "deny"])),
    }
    if protocol in ("6", "17"):
        first, last = draw(st.sampled_from(_PORTS))
        row["PortRange"] = {"From": first, "To": last}
    if protocol in ("1", "58"):
        kind = draw(st.sampled_from([-1, 8, 128]))
        row["IcmpTypeCode"] = {"Type": kind, "Code": draw(st.sampled_from([-1, 0])) if kind >= 0 else -1}
    return row


@st.composite
def _lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    gaps = draw(st.lists(st.sampled_from([1, 1, 2, 3, 5, 10, 100]), max_size=7))
    numbers = [sum(gaps[: place + 1]) for place in range(len(gaps))]
    return [{**draw(_rows()), "RuleNumber": number} for number in numbers]


acls = _lists()
_GUARDED = (
    Traffic("tcp", 22, 22),
    Traffic("tcp", 3389, 3389),
    Traffic("udp", 3389, 3389),
    Traffic("tcp", 20, 24),
    Traffic("tcp", 0, 65535),
    Traffic("icmp", 0, 65535),
    Traffic("icmpv6", 0, 65535),
)
guarding = st.builds(
    lambda guarded, ipv4, ipv6, few: RangeSettings(
        guarded=disjoint(guarded),
        replacement={4: ipv4, 6: ipv6},
        limits={4: few, 6: 1 << 88},
    ),
    guarded=st.lists(st.sampled_from(_GUARDED), min_size=1, max_size=4),
    ipv4=st.sampled_from([ip_network("10.0.0.0/8"), ip_network("10.1.0.0/16"), "revoke"]),
    ipv6=st.sampled_from([ip_network("fd00::/8"), "revoke"]),
    few=st.sampled_from([200, 70_000, 1 << 20, 17 << 20]),
)
