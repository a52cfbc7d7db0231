"""The oracle's own ground: packets whose fate everybody knows."""

from __future__ import annotations

import pytest

from oracle.packets import TCP, UDP, Packet, address, admits, exposure, is_public

SSH = {"IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "198.51.0.0/16"}


@pytest.mark.parametrize(
    ("source", "protocol", "port", "passes"),
    [
        ("198.51.0.0", TCP, 22, True),
        ("198.51.255.255", TCP, 22, True),
        ("198.52.0.0", TCP, 22, False),
        ("198.50.255.255", TCP, 22, False),
        ("198.51.7.7", UDP, 22, False),
        ("198.51.7.7", TCP, 23, False),
    ],
)
def test_a_packet_passes_a_rule_for_its_source_protocol_and_port(
    source: str, protocol: int, port: int, passes: bool
) -> None:
    assert admits(SSH, Packet(4, address(source), protocol, port)) is passes


def test_all_protocols_admit_any_port_and_egress_admits_nothing_in() -> None:
    packet = Packet(4, address("198.51.7.7"), UDP, 9)
    everything = {**SSH, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1}
    assert admits(everything, packet)
    assert not admits({**everything, "IsEgress": True}, packet)


def test_overlapping_rules_are_counted_once() -> None:
    rows = [{**SSH, "CidrIpv4": "8.0.0.0/8"}, {**SSH, "CidrIpv4": "8.0.0.0/7"}]
    assert exposure(rows, 4, TCP, 22) == 2**25


def test_public_is_what_the_internet_routes() -> None:
    assert is_public(4, address("8.8.8.8"))
    assert not is_public(4, address("10.1.2.3"))
    assert is_public(6, address("2606:4700::1111"))
    assert not is_public(6, address("fd00::1"))
