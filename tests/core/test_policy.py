from __future__ import annotations

from ipaddress import ip_network

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.network import Traffic, public_part
from cloudmend.core.policy import parse_policy


def test_without_settings_the_defaults_hold() -> None:
    policy = parse_policy({})
    assert policy.guarded == (Traffic("tcp", 22, 22), Traffic("tcp", 3389, 3389))
    assert policy.replacement == {4: ip_network("10.0.0.0/8"), 6: ip_network("fd00::/8")}
    assert policy.mode == "fix"


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("22", [Traffic("tcp", 22, 22)]),
        (" 22 , udp/53,", [Traffic("tcp", 22, 22), Traffic("udp", 53, 53)]),
        ("TCP/8000-8100", [Traffic("tcp", 8000, 8100)]),
        ("0-65535", [Traffic("tcp", 0, 65535)]),
    ],
)
def test_guarded_ports_are_ports_and_ranges(text: str, guarded: list[Traffic]) -> None:
    assert list(parse_policy({"CLOUDMEND_GUARDED_PORTS": text}).guarded) == guarded


@pytest.mark.parametrize(
    ("network", "exceeds"),
    [
        ("0.0.0.0/0", True),
        ("11.0.0.0/8", False),
        ("12.0.0.0/7", True),
        ("10.0.0.0/7", False),  # half of it is private
        ("240.0.0.0/4", False),
        ("::/0", True),
        ("2600::/32", False),
        ("2600::/31", True),
        ("fc00::/7", False),
    ],
)
def test_the_limit_is_one_ipv4_8_and_one_ipv6_32_of_public_addresses(network: str, exceeds: bool) -> None:
    limits = parse_policy({}).limits
    assert (public_part(ip_network(network)).size > limits[ip_network(network).version]) is exceeds


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CLOUDMEND_GUARDED_PORTS", "70000", "70000 is not a port"),
        ("CLOUDMEND_GUARDED_PORTS", "22,ssh", "'ssh' is neither a port nor a range"),
        ("CLOUDMEND_GUARDED_PORTS", "25-20", "runs backwards"),
        ("CLOUDMEND_GUARDED_PORTS", "", "no port is guarded"),
        ("CLOUDMEND_GUARDED_PORTS", "-1", "'-1' is neither"),
        ("CLOUDMEND_GUARDED_PORTS", "icmp/8", "'icmp/8' is neither"),
        ("CLOUDMEND_GUARDED_PORTS", "\u0662\u0662", "is neither"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "10.0.0.0/33", "'10.0.0.0/33' is not a CIDR range"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "10.0.0.1/8", "has host bits set"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "0.0.0.0/0", "would itself be at fault"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "12.0.0.0/7", "would itself be at fault"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "fd00::/8", "is IPv6"),
        ("CLOUDMEND_REPLACEMENT_IPV6", "10.0.0.0/8", "is IPv4"),
        ("CLOUDMEND_REPLACEMENT_IPV6", "::/0", "would itself be at fault"),
        ("CLOUDMEND_MODE", "repair", "'repair' is not a mode"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_its_name_and_the_reason(
    variable: str, value: str, said: str
) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({variable: value})
    sentence = str(refusal.value)
    assert sentence.startswith(variable)
    assert said in sentence
    assert "template parameter" in sentence
    assert "Write" in sentence or "Ports are" in sentence
    assert "Nothing was changed" in sentence
