"""The policy of settings, and of settings over a file."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.network import Traffic
from cloudmend.core.policy.model import Modes, Policy
from cloudmend.core.policy.parse import parse_policy
from support import policy, sg_settings


def test_without_settings_and_file_the_defaults_hold() -> None:
    assert policy() == Policy(mode=Modes(default="fix"))


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
        parse_policy({variable: value}, catalog=CATALOG)
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
    settings = sg_settings(FILE, guarded_ports="22", replacement_ipv4="10.0.0.0/8")
    assert settings.guarded == (Traffic("tcp", 22, 22),)
    assert settings.replacement == {4: ip_network("10.0.0.0/8"), 6: ip_network("fd01::/16")}
    assert settings.limits[4] == 2**16


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
    assert parse_policy(empty, FILE, catalog=CATALOG) == policy(FILE)


def test_the_mode_of_the_settings_is_the_default_s() -> None:
    vpcs = policy(FILE).mode.vpc
    assert policy(FILE, mode="fix").mode == Modes(default="fix", vpc=vpcs)


def test_observe_in_the_settings_stops_every_write_whatever_the_file_says() -> None:
    observing = policy(FILE, mode="observe")
    assert observing.is_observing
    assert observing.mode.default == "observe"
