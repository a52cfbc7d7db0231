"""AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress: what they refuse, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
RDP = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389}
TEN = [{"CidrIp": "10.0.0.0/8"}]
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def test_a_group_of_another_vpc_is_not_found_by_name(ec2: Any, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\).*does not exist in default VPC"):
        ec2.authorize_security_group_ingress(GroupName=group.name, IpPermissions=[{**SSH, "IpRanges": TEN}])


@pytest.mark.parametrize(
    "cidr",
    [
        "10.0.0.0/33",
        "10.0.0.0",
        "10.0.0/8",
        "010.0.0.0/8",
        "10.0.0.0/255.0.0.0",
        "world",
        "2001:db8::/129",
        "fe80::1%eth0/10",
    ],
)
def test_a_malformed_cidr_is_refused(group: Group, cidr: str) -> None:
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*CIDR block {cidr} is malformed"):
        group.open(cidr)


def test_an_ipv6_block_in_the_place_of_an_ipv4_block_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*CIDR block ::/0 is malformed"):
        group.authorize({**SSH, "IpRanges": [{"CidrIp": "::/0"}]})


@pytest.mark.parametrize("protocol", ["all", "esp", "256", "-2", ""])
def test_an_unknown_protocol_is_refused(group: Group, protocol: str) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*rotocol"):
        group.authorize({"IpProtocol": protocol, "FromPort": 22, "ToPort": 22, "IpRanges": TEN})


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ({}, "Must specify both from and to ports with TCP/UDP"),
        ({"FromPort": 22}, "Must specify both from and to ports with TCP/UDP"),
        ({"FromPort": -1, "ToPort": -1}, r"port \(-1\) out of range"),
        ({"FromPort": 22, "ToPort": 65536}, r"port \(65536\) out of range"),
        ({"FromPort": 443, "ToPort": 80}, r"Invalid TCP/UDP port range \(443:80\)"),
    ],
)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_ports_like_these_are_refused(group: Group, protocol: str, ports: dict[str, int], words: str) -> None:
    with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*{words}"):
        group.authorize({"IpProtocol": protocol, **ports, "IpRanges": TEN})


@pytest.mark.parametrize(
    "ports",
    [
        {},
        {"FromPort": 0, "ToPort": 65535},
        {"FromPort": -1, "ToPort": 0},
        {"FromPort": 256, "ToPort": -1},
    ],
)
def test_icmp_types_and_codes_like_these_are_refused(group: Group, ports: dict[str, int]) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*ICMP"):
        group.authorize({"IpProtocol": "icmp", **ports, "IpRanges": TEN})


@pytest.mark.parametrize("description", ["naïve", "who?", "it's", "d" * 256])
def test_a_description_outside_the_documented_set_is_refused(group: Group, description: str) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*Invalid rule description"):
        group.open("10.0.0.0/8", Description=description)


@pytest.mark.parametrize(
    ("permission", "peer"),
    [
        ({**SSH, "IpRanges": WORLD}, "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW"),
        ({"IpProtocol": "-1", "IpRanges": WORLD}, "peer: 0.0.0.0/0, ALL, ALLOW"),
        ({"IpProtocol": "50", "IpRanges": WORLD}, "peer: 0.0.0.0/0, protocol: 50, ALLOW"),
        (
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": WORLD},
            "peer: 0.0.0.0/0, ICMP, type: 8, code: ALL, ALLOW",
        ),
    ],
)
def test_a_rule_that_stands_already_is_refused_in_these_words(
    group: Group, permission: dict[str, Any], peer: str
) -> None:
    group.authorize(permission)
    with pytest.raises(ClientError, match=rf'\(InvalidPermission.Duplicate\).*the specified rule "{peer}" already'):
        group.authorize(permission)


def test_another_description_or_spelling_makes_no_other_rule(group: Group) -> None:
    group.open("0.0.0.0/0", Description="one")
    with pytest.raises(ClientError, match=r"\(InvalidPermission.Duplicate\)"):
        group.authorize({"IpProtocol": "6", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "9.9.9.9/0"}]})


def test_a_permission_twice_in_one_call_is_refused(group: Group) -> None:
    with pytest.raises(
        ClientError, match=r"\(InvalidParameterValue\).*The same permission must not appear multiple times"
    ):
        group.authorize({**SSH, "IpRanges": WORLD}, {**SSH, "IpRanges": [{"CidrIp": "1.1.1.1/0"}]})
    assert group.rules() == []


def test_a_call_with_one_refused_permission_adds_none(group: Group) -> None:
    group.open("0.0.0.0/0", port=3389)
    with pytest.raises(ClientError, match=r"\(InvalidPermission.Duplicate\)"):
        group.authorize({**SSH, "IpRanges": WORLD}, {**RDP, "IpRanges": WORLD})
    assert [row["FromPort"] for row in group.rules()] == [3389]


def test_sixty_rules_fit_in_each_family_and_no_more(group: Group) -> None:
    ipv4 = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(60)]
    ipv6 = [{"CidrIpv6": f"2001:db8:{number:x}::/48"} for number in range(60)]
    group.authorize({**SSH, "IpRanges": ipv4, "Ipv6Ranges": ipv6})
    for cidr in ("10.1.0.0/24", "2001:db8:ffff::/48"):
        with pytest.raises(ClientError, match=r"\(RulesPerSecurityGroupLimitExceeded\)"):
            group.open(cidr)


def test_a_prefix_list_counts_as_its_greatest_number_of_entries(backend: Backend, group: Group) -> None:
    group.authorize({**SSH, "IpRanges": [{"CidrIp": f"10.0.{number}.0/24"} for number in range(51)]})
    with pytest.raises(ClientError, match=r"\(RulesPerSecurityGroupLimitExceeded\)"):
        group.authorize({**SSH, "PrefixListIds": [{"PrefixListId": backend.prefix_list}]})


def test_a_referenced_group_counts_in_both_families(group: Group) -> None:
    ipv6 = [{"CidrIpv6": f"2001:db8:{number:x}::/48"} for number in range(60)]
    group.authorize({**SSH, "Ipv6Ranges": ipv6})
    with pytest.raises(ClientError, match=r"\(RulesPerSecurityGroupLimitExceeded\)"):
        group.authorize({**SSH, "UserIdGroupPairs": [{"GroupId": group.id}]})


def test_the_default_way_out_stands_already(ec2: Any, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidPermission.Duplicate\).*0.0.0.0/0, ALL, ALLOW"):
        ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": WORLD}])


def test_egress_has_no_flat_form(ec2: Any, group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(UnsupportedOperation\).*CidrIp"):
        ec2.authorize_security_group_egress(
            GroupId=group.id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
        )


def test_a_source_group_of_another_vpc_is_refused(
    backend: Backend, group: Group, new_group: Callable[[str], Group]
) -> None:
    stranger = new_group(backend.default_vpc)
    with pytest.raises(ClientError, match=r"\(InvalidGroup.NotFound\).*belong to different networks"):
        group.authorize({**SSH, "UserIdGroupPairs": [{"GroupId": stranger.id}]})


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({"UserIdGroupPairs": [{"GroupId": "sg-0123456789abcdef0"}]}, "InvalidGroup.NotFound"),
        ({"UserIdGroupPairs": [{"GroupId": "10.0.0.0/8"}]}, "InvalidGroupId.Malformed"),
        ({"UserIdGroupPairs": [{"Description": "nobody"}]}, "MissingParameter"),
        ({"PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]}, "InvalidPrefixListID.NotFound"),
        ({"PrefixListIds": [{"PrefixListId": "list"}]}, "InvalidPrefixListId.Malformed"),
        ({}, "MissingParameter"),
    ],
)
def test_a_source_like_this_is_refused(group: Group, source: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        group.authorize({**SSH, **source})


def test_a_call_without_permissions_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(MissingParameter\).*ipPermissions"):
        group.authorize()


def test_a_block_and_a_source_group_do_not_go_together(ec2: Any, default_vpc_group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterCombination\)"):
        ec2.authorize_security_group_ingress(
            GroupId=default_vpc_group.id,
            SourceSecurityGroupName=default_vpc_group.name,
            CidrIp="0.0.0.0/0",
        )


def test_nested_and_flat_permissions_do_not_go_together(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterCombination\)"):
        group.authorize({**SSH, "IpRanges": TEN}, CidrIp="0.0.0.0/0")


def test_a_dry_run_adds_nothing(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)") as refusal:
        group.authorize({**SSH, "IpRanges": WORLD}, DryRun=True)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert group.rules() == []


def test_a_dry_run_of_what_would_be_refused_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\)"):
        group.authorize({**SSH, "IpRanges": [{"CidrIp": "world"}]}, DryRun=True)
