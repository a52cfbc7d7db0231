"""What the keys of a policy file mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_network
from pathlib import Path

import pytest

import cloudmend
from cloudmend.core.network import PUBLIC, AddressSet, Traffic
from cloudmend.core.policy import Exemption, Modes, Policy, parse_policy
from cloudmend.core.policy.guarded import NAMED_SETS

CONTROLS = ["security_group_ingress"]


def policy(text: str) -> Policy:
    return parse_policy({}, text, controls=CONTROLS)


def test_the_packaged_file_says_what_holds_without_one() -> None:
    packaged = Path(cloudmend.__file__).with_name("policy.toml").read_text(encoding="utf-8")
    assert policy(packaged) == parse_policy({})


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
    assert " ".join(map(str, policy(f"guarded = {guarded}").guarded)) == traffic


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
    assert policy(f"{replacement}[limits]\n{limits}").limits == addresses


def test_trusted_networks_are_the_union_of_each_family() -> None:
    trusted = policy('[trusted]\nipv4 = ["52.0.0.0/9", "52.128.0.0/9"]\nipv6 = ["2600::/32"]').trusted
    assert trusted == {
        4: AddressSet.of([ip_network("52.0.0.0/8")]),
        6: AddressSet.of([ip_network("2600::/32")]),
    }


def test_a_trusted_network_does_not_count_as_exposure() -> None:
    trusting = policy('[trusted]\nipv4 = ["52.0.0.0/7"]')
    assert trusting.exposes(ip_network("52.0.0.0/6")) == 2**25
    assert trusting.exposes(ip_network("0.0.0.0/0")) == PUBLIC[4].size - 2**25
    assert trusting.exposes(ip_network("52.0.0.0/7")) == 0


def test_a_replacement_may_be_wider_than_the_limit_where_it_is_trusted() -> None:
    trusting = policy('trusted.ipv4 = ["52.0.0.0/7"]\nreplacement.ipv4 = "52.0.0.0/7"')
    assert trusting.replacement[4] == ip_network("52.0.0.0/7")


@pytest.mark.parametrize("word", ["vpc", "revoke"])
def test_a_replacement_may_be_a_word(word: str) -> None:
    assert policy(f'[replacement]\nipv4 = "{word}"').replacement == {4: word, 6: ip_network("fd00::/8")}


def test_aws_s_own_prefix_lists_may_be_resolved() -> None:
    assert policy('aws_prefix_lists = "resolved"').aws_prefix_lists == "resolved"


def test_modes_are_by_control_account_and_vpc() -> None:
    text = """
    [mode]
    default = "observe"
    control.security_group_ingress = "fix"
    account = { 111122223333 = "fix" }
    vpc = { vpc-0123456789abcdef0 = "observe" }
    """
    assert policy(text).mode == Modes(
        default="observe",
        control={"security_group_ingress": "fix"},
        account={"111122223333": "fix"},
        vpc={"vpc-0123456789abcdef0": "observe"},
    )


EXEMPTION = """
[[exemption]]
owner = " network-team "
reason = "No VPN yet"
group = "sg-0123456789abcdef0"
actor_role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Break-Glass"
expires = {expires}
"""


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        ("2030-06-30", datetime(2030, 6, 30, 23, 59, 59, 999999, UTC)),
        ("9999-12-31", datetime.max.replace(tzinfo=UTC)),
        ("2030-06-30T12:00:00Z", datetime(2030, 6, 30, 12, tzinfo=UTC)),
        ("2030-06-30 12:00:00+02:00", datetime(2030, 6, 30, 12, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_an_exemption_ends_at_a_moment_or_with_the_end_of_a_day_in_utc(expires: str, until: datetime) -> None:
    (exemption,) = policy(EXEMPTION.format(expires=expires)).exemptions
    assert exemption == Exemption(
        owner="network-team",
        reason="No VPN yet",
        expires=until,
        group="sg-0123456789abcdef0",
        actor_role="arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Break-Glass",
    )
    assert exemption.holds(until)
    if until.year < 9999:
        assert not exemption.holds(until + timedelta(microseconds=1))


@pytest.mark.parametrize("lacking", ["owner", "reason", "group"])
def test_an_exemption_without_owner_reason_or_scope_does_not_hold(lacking: str) -> None:
    given = {"owner": "team", "reason": "vendor", "group": "sg-0123456789abcdef0", lacking: ""}
    until = datetime(2030, 6, 30, tzinfo=UTC)
    assert not Exemption(expires=until, **given).holds(until)
