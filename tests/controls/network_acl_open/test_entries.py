"""The entries of a network ACL: which packets a row means, and the rows that a mend makes."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.network_acl_open import CONTROL
from cloudmend.controls.network_acl_open.entries import Entry, columns, entry
from cloudmend.core.model import Json
from cloudmend.core.network import Traffic
from controls.network_acl_open.acls import WORLD, row


@pytest.mark.parametrize(
    ("protocol", "said", "ports"),
    [
        ("6", {"PortRange": {"From": 0, "To": 0}}, (0, 0)),
        ("6", {"PortRange": {"From": 0, "To": 22}}, (0, 22)),
        ("17", {"PortRange": {"From": 22, "To": 80}}, (22, 80)),
        ("6", {"PortRange": {"From": -1, "To": 80}}, (0, 65535)),
        ("6", {"PortRange": {"From": 80, "To": -1}}, (0, 65535)),
        ("6", {"PortRange": {"From": 80}}, (0, 65535)),
        ("6", {"PortRange": {"To": 80}}, (0, 65535)),
        ("6", {"PortRange": {}}, (0, 65535)),
        ("1", {"IcmpTypeCode": {"Type": 8, "Code": 0}}, (2048, 2048)),
        ("1", {"IcmpTypeCode": {"Type": 0, "Code": 3}}, (3, 3)),
        ("58", {"IcmpTypeCode": {"Type": 8, "Code": -1}}, (2048, 2303)),
        ("1", {"IcmpTypeCode": {"Type": 8}}, (2048, 2303)),
        ("1", {"IcmpTypeCode": {"Type": -1, "Code": 0}}, (0, 65535)),
        ("1", {"IcmpTypeCode": {"Code": 0}}, (0, 65535)),
        ("47", {"IcmpTypeCode": {"Type": 8, "Code": 0}}, (0, 65535)),
    ],
)
def test_the_ports_that_a_row_means(protocol: str, said: Json, ports: tuple[int, int]) -> None:
    *_, first, last = CONTROL.form({**row(1, "allow", protocol, WORLD), **said})
    assert (first, last) == ports


@pytest.mark.parametrize(
    ("traffic", "network", "said"),
    [
        (
            Traffic("tcp", 22, 23),
            WORLD,
            {"CidrBlock": WORLD, "Protocol": "6", "PortRange": {"From": 22, "To": 23}},
        ),
        (Traffic("udp", 1, 1), "::/0", {"Ipv6CidrBlock": "::/0", "Protocol": "17", "PortRange": {"From": 1, "To": 1}}),
        (
            Traffic("icmpv6", 0, 65535),
            "::/0",
            {"Ipv6CidrBlock": "::/0", "Protocol": "58", "IcmpTypeCode": {"Type": -1, "Code": -1}},
        ),
    ],
)
def test_a_new_entry_is_an_inbound_row_as_aws_shows_it(traffic: Traffic, network: str, said: Any) -> None:
    made = entry(7, "deny", traffic, ip_network(network)).row
    assert made == {**said, "Egress": False, "RuleAction": "deny", "RuleNumber": 7}


def test_a_narrowed_entry_keeps_the_field_of_its_family() -> None:
    narrowed = Entry(row(1, "allow", "6", "::/0", 22)).narrowed_to(ip_network("fd00::/8"))
    assert narrowed.row == row(1, "allow", "6", "fd00::/8", 22)


@pytest.mark.parametrize(
    ("part", "spans"),
    [
        ((1, 5), [(1, 5)]),
        ((5, 9), [(1, 4), (5, 5)]),
        ((0, 1), [(1, 1), (2, 5)]),
        ((2, 3), [(1, 1), (2, 3), (4, 5)]),
        ((6, 9), [(1, 5)]),
    ],
)
def test_traffic_is_cut_where_a_part_begins_or_ends(part: tuple[int, int], spans: list[tuple[int, int]]) -> None:
    found = columns([Traffic("tcp", *part)], [Traffic("tcp", 1, 5)])
    assert [(each.first, each.last) for each in found] == spans
