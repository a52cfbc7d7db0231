"""The policy of settings, and of settings over a file."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from cloudmend.core.errors import PolicyError
from cloudmend.core.network import AddressSet, Traffic
from cloudmend.core.policy import Modes, parse_policy


def test_without_settings_and_file_the_defaults_hold() -> None:
    policy = parse_policy({})
    assert policy.guarded == (Traffic("tcp", 22, 22), Traffic("tcp", 3389, 3389), Traffic("udp", 3389, 3389))
    assert policy.limits == {4: 2**20, 6: 2**88}
    assert policy.trusted == {4: AddressSet(()), 6: AddressSet(())}
    assert policy.replacement == {4: ip_network("10.0.0.0/8"), 6: ip_network("fd00::/8")}
    assert policy.aws_prefix_lists == "trusted"
    assert policy.mode == Modes(default="fix")
    assert policy.exemptions == ()


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("22", [Traffic("tcp", 22, 22)]),
        (" 22 , udp/53,", [Traffic("tcp", 22, 22), Traffic("udp", 53, 53)]),
        ("TCP/8000-8100", [Traffic("tcp", 8000, 8100)]),
        ("0-65535", [Traffic("tcp", 0, 65535)]),
        ("22,22", [Traffic("tcp", 22, 22)]),
        ("high-risk,all-but-web,tcp", [Traffic("tcp", 0, 65535), Traffic("udp", 0, 65535)]),
    ],
)
def test_guarded_ports_are_ports_and_ranges(text: str, guarded: list[Traffic]) -> None:
    assert list(parse_policy({"CLOUDMEND_GUARDED_PORTS": text}).guarded) == guarded


@pytest.mark.parametrize(
    ("network", "exceeds"),
    [
        ("0.0.0.0/0", True),
        ("11.0.0.0/12", False),
        ("12.0.0.0/11", True),
        ("172.0.0.0/11", False),  # half of it is private
        ("240.0.0.0/4", False),
        ("::/0", True),
        ("2600::/40", False),
        ("2600::/39", True),
        ("fc00::/7", False),
    ],
)
def test_the_limit_is_one_ipv4_12_and_one_ipv6_40_of_public_addresses(network: str, exceeds: bool) -> None:
    assert (parse_policy({}).exposes(each := ip_network(network)) > parse_policy({}).limits[each.version]) is exceeds


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CLOUDMEND_GUARDED_PORTS", "70000", "70000 is not a port"),
        ("CLOUDMEND_GUARDED_PORTS", "22,ssh", "'ssh' is neither a port nor a range"),
        ("CLOUDMEND_GUARDED_PORTS", "25-20", "runs backwards"),
        ("CLOUDMEND_GUARDED_PORTS", ",", "no port is guarded"),
        ("CLOUDMEND_GUARDED_PORTS", "-1", "'-1' is neither"),
        ("CLOUDMEND_GUARDED_PORTS", "icmp/8", "'icmp/8' is neither"),
        ("CLOUDMEND_GUARDED_PORTS", "\u0662\u0662", "is neither"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "10.0.0.0/33", "'10.0.0.0/33' is not a CIDR range"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "10.0.0.1/8", "has bits set beyond its mask"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "0.0.0.0/0", "would be let in by every mend"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "192.186.0.0/16", "would be let in by every mend"),
        ("CLOUDMEND_REPLACEMENT_IPV4", "fd00::/8", "is IPv6"),
        ("CLOUDMEND_REPLACEMENT_IPV6", "10.0.0.0/8", "is IPv4"),
        ("CLOUDMEND_REPLACEMENT_IPV6", "::/0", "would be let in by every mend"),
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
    assert any(advice in sentence for advice in ("Write", "Ports are", "Did you mean"))
    assert sentence.endswith("\nThe policy was refused; nothing uses it.")


FILE = """
guarded = [23]
limits.ipv4 = "/16"
replacement = { ipv4 = "192.168.0.0/16", ipv6 = "fd01::/16" }

[mode]
default = "observe"
vpc = { vpc-0123456789abcdef0 = "observe", vpc-0123456789abcdef1 = "fix" }
"""


def test_settings_override_what_the_file_says_and_leave_the_rest() -> None:
    policy = parse_policy({"CLOUDMEND_GUARDED_PORTS": "22", "CLOUDMEND_REPLACEMENT_IPV4": "10.0.0.0/8"}, FILE)
    assert policy.guarded == (Traffic("tcp", 22, 22),)
    assert policy.replacement == {4: ip_network("10.0.0.0/8"), 6: ip_network("fd01::/16")}
    assert policy.limits[4] == 2**16


def test_a_setting_that_is_empty_leaves_it_to_the_file() -> None:
    empty = dict.fromkeys(
        (
            "CLOUDMEND_GUARDED_PORTS",
            "CLOUDMEND_REPLACEMENT_IPV4",
            "CLOUDMEND_REPLACEMENT_IPV6",
            "CLOUDMEND_MODE",
        ),
        "",
    )
    assert parse_policy(empty, FILE) == parse_policy({}, FILE)


def test_the_mode_of_the_settings_is_the_default_s() -> None:
    vpcs = parse_policy({}, FILE).mode.vpc
    assert parse_policy({"CLOUDMEND_MODE": "fix"}, FILE).mode == Modes(default="fix", vpc=vpcs)


def test_observe_in_the_settings_stops_every_write_whatever_the_file_says() -> None:
    assert parse_policy({"CLOUDMEND_MODE": "observe"}, FILE).mode == Modes(default="observe")


def test_a_setting_is_held_against_the_file_s_trusted_networks() -> None:
    setting = {"CLOUDMEND_REPLACEMENT_IPV4": "52.0.0.0/15"}
    with pytest.raises(PolicyError, match=r"^CLOUDMEND_REPLACEMENT_IPV4 .* holds 131,072 public addresses"):
        parse_policy(setting, FILE)
    assert parse_policy(setting, f"{FILE}[trusted]\nipv4 = ['52.0.0.0/8']").replacement[4] == ip_network("52.0.0.0/15")
