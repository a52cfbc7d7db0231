"""What the settings of the control of security groups mean, as a file and as a template's parameters write them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.ranges.ports import NAMED_SETS
from cloudmend.controls.security_group_ingress.keys import KEYS
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import PolicyError
from cloudmend.core.network import PUBLIC, AddressSet, Traffic
from support import sg_settings


def test_without_settings_and_file_the_defaults_hold() -> None:
    settings = sg_settings()
    assert settings == Settings()
    assert settings.guarded == (Traffic("tcp", 22, 22), Traffic("tcp", 3389, 3389), Traffic("udp", 3389, 3389))
    assert settings.limits == {4: 2**20, 6: 2**88}
    assert settings.trusted == {4: AddressSet(()), 6: AddressSet(())}
    assert settings.replacement == {4: ip_network("10.0.0.0/8"), 6: ip_network("fd00::/8")}
    assert settings.aws_prefix_lists == "trusted"


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
    assert list(sg_settings(guarded_ports=text).guarded) == guarded


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
    assert (Settings().exposes(each := ip_network(network)) > Settings().limits[each.version]) is exceeds


@pytest.mark.parametrize(
    ("guarded", "traffic"),
    [
        ("[22]", "tcp/22"),
        ('["22"]', "tcp/22"),
        ('["8000-8100", "udp/53"]', "tcp/8000-8100 udp/53"),
        ('["tcp"]', "tcp/0-65535"),
        ('["UDP", "icmp", "icmpv6"]', "icmp icmpv6 udp/0-65535"),
        ("[3389, 22, 23]", "tcp/22-23 tcp/3389"),
        ('["20-25", "22-30"]', "tcp/20-30"),
        ('["remote-admin", 22]', "tcp/22-23 tcp/512-514 tcp/3389 tcp/5900-5999 udp/3389"),
        ('["all-but-web"]', "tcp/0-79 tcp/81-442 tcp/444-65535 udp/0-65535"),
    ],
)
def test_guarded_takes_ports_ranges_protocols_and_sets(guarded: str, traffic: str) -> None:
    assert " ".join(map(str, sg_settings(f"guarded = {guarded}").guarded)) == traffic


def test_high_risk_is_the_list_of_security_hub_s_ec2_19() -> None:
    listed = "20 21 22 23 25 110 135 143 445 1433 1434 3000 3306 3389 4333 5000 5432 5500 5601 8080 8088 8888 9200 9300"
    expected = {Traffic("tcp", int(port), int(port)) for port in listed.split()}
    assert set(NAMED_SETS["high-risk"].ports) == expected


@pytest.mark.parametrize("port", [22, 23, 3389, 5900, 5985, 5986])
def test_remote_admin_holds_what_gives_a_shell_or_a_screen(port: int) -> None:
    assert any(ports & Traffic("tcp", port, port) for ports in NAMED_SETS["remote-admin"].ports)


@pytest.mark.parametrize(
    ("protocol", "port", "open_to_all"), [("tcp", 80, True), ("tcp", 443, True), ("udp", 443, False)]
)
def test_all_but_web_leaves_tcp_80_and_443_alone(protocol: str, port: int, open_to_all: bool) -> None:
    guarded = any(ports & Traffic(protocol, port, port) for ports in NAMED_SETS["all-but-web"].ports)
    assert guarded is not open_to_all


@pytest.mark.parametrize("name", NAMED_SETS)
def test_a_named_set_says_where_it_is_from(name: str) -> None:
    assert NAMED_SETS[name].source


@pytest.mark.parametrize(
    ("limits", "addresses"),
    [
        ('ipv4 = "/8"', {4: 2**24, 6: 2**88}),
        ('ipv4 = "/32"', {4: 1, 6: 2**88}),
        ("ipv4 = 256", {4: 256, 6: 2**88}),
        ('ipv6 = "/48"', {4: 2**20, 6: 2**80}),
        ("ipv6 = 1208925819614629174706176", {4: 2**20, 6: 2**80}),
    ],
)
def test_a_limit_is_a_prefix_length_or_a_number_of_addresses(limits: str, addresses: dict[int, int]) -> None:
    replacement = '[replacement]\nipv4 = "revoke"\nipv6 = "revoke"\n'
    assert sg_settings(f"{replacement}[limits]\n{limits}").limits == addresses


def test_trusted_networks_are_the_union_of_each_family() -> None:
    trusted = sg_settings('[trusted]\nipv4 = ["52.0.0.0/9", "52.128.0.0/9"]\nipv6 = ["2600::/32"]').trusted
    assert trusted == {
        4: AddressSet.of([ip_network("52.0.0.0/8")]),
        6: AddressSet.of([ip_network("2600::/32")]),
    }


def test_a_trusted_network_does_not_count_as_exposure() -> None:
    trusting = sg_settings('[trusted]\nipv4 = ["52.0.0.0/7"]')
    assert trusting.exposes(ip_network("52.0.0.0/6")) == 2**25
    assert trusting.exposes(ip_network("0.0.0.0/0")) == PUBLIC[4].size - 2**25
    assert trusting.exposes(ip_network("52.0.0.0/7")) == 0


def test_a_replacement_may_be_wider_than_the_limit_where_it_is_trusted() -> None:
    trusting = sg_settings('trusted.ipv4 = ["52.0.0.0/7"]\nreplacement.ipv4 = "52.0.0.0/7"')
    assert trusting.replacement[4] == ip_network("52.0.0.0/7")


@pytest.mark.parametrize("word", ["vpc", "revoke"])
def test_a_replacement_may_be_a_word(word: str) -> None:
    assert sg_settings(f'[replacement]\nipv4 = "{word}"').replacement == {4: word, 6: ip_network("fd00::/8")}


def test_aws_s_own_prefix_lists_may_be_resolved() -> None:
    assert sg_settings('aws_prefix_lists = "resolved"').aws_prefix_lists == "resolved"


def test_a_setting_is_held_against_the_file_s_trusted_networks() -> None:
    setting = {"replacement_ipv4": "52.0.0.0/15"}
    with pytest.raises(PolicyError, match=r"^CLOUDMEND_REPLACEMENT_IPV4 .* holds 131,072 public addresses"):
        sg_settings(**setting)
    assert sg_settings("trusted.ipv4 = ['52.0.0.0/8']", **setting).replacement[4] == ip_network("52.0.0.0/15")


def test_settings_are_written_as_a_file_has_them() -> None:
    text = """
    [control.security_group_ingress]
    guarded = [22, "8000-8100"]
    aws_prefix_lists = "resolved"
    unreadable_prefix_lists = "revoke"
    flapping = "revoke"
    limits = { ipv4 = 256, ipv6 = "/64" }
    trusted = { ipv4 = ["198.51.100.0/24", "8.8.8.0/24"], ipv6 = ["2600::/64"] }
    replacement = { ipv4 = "vpc", ipv6 = "revoke" }
    """
    assert KEYS.write(sg_settings(text)) == {
        "guarded": ["tcp/22", "tcp/8000-8100"],
        "aws_prefix_lists": "resolved",
        "unreadable_prefix_lists": "revoke",
        "flapping": "revoke",
        "limits": {"ipv4": 256, "ipv6": 1 << 64},
        "trusted": {"ipv4": ("8.8.8.0/24", "198.51.100.0/24"), "ipv6": ("2600::/64",)},
        "replacement": {"ipv4": "vpc", "ipv6": "revoke"},
    }


def test_what_flaps_is_revoked_only_if_the_policy_says_so() -> None:
    own = sg_settings(replacement_ipv4="172.16.0.0/12")
    assert own.revoking() == replace(own, replacement={4: "revoke", 6: "revoke"})
    assert own.for_flapping() == own
    assert replace(own, flapping="revoke").for_flapping() == replace(own.revoking(), flapping="revoke")
