"""AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress: what they store and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
RDP = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389}
TEN = [{"CidrIp": "10.0.0.0/8"}]
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def test_the_answer_holds_a_row_for_each_source(group: Group) -> None:
    rows = group.authorize({**SSH, "IpRanges": WORLD + TEN, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]})
    assert [row.get("CidrIpv4") or row.get("CidrIpv6") for row in rows] == ["0.0.0.0/0", "10.0.0.0/8", "::/0"]
    assert len({row["SecurityGroupRuleId"] for row in rows}) == 3


def test_the_answer_holds_the_rows_of_every_permission(group: Group) -> None:
    rows = group.authorize({**SSH, "IpRanges": WORLD}, {**RDP, "IpRanges": WORLD})
    assert [row["FromPort"] for row in rows] == [22, 3389]


def test_a_row_says_everything_about_its_rule(group: Group) -> None:
    (row,) = group.authorize({**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "open"}]})
    rule_id = row["SecurityGroupRuleId"]
    assert row.pop("SecurityGroupRuleArn").endswith(f":security-group-rule/{rule_id}")
    assert row == {
        "SecurityGroupRuleId": rule_id,
        "GroupId": group.id,
        "GroupOwnerId": group.shown()["OwnerId"],
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "0.0.0.0/0",
        "Description": "open",
        "Tags": [],
    }


def test_the_flat_form_opens_the_same_rule(ec2: Any, group: Group) -> None:
    ec2.authorize_security_group_ingress(GroupId=group.id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    assert group.shown()["IpPermissions"][0]["IpRanges"] == WORLD


def test_the_flat_form_with_a_source_group_opens_every_port(ec2: Any, default_vpc_group: Group) -> None:
    ec2.authorize_security_group_ingress(GroupId=default_vpc_group.id, SourceSecurityGroupName=default_vpc_group.name)
    assert {(row["IpProtocol"], row["FromPort"], row["ToPort"]) for row in default_vpc_group.rules()} == {
        ("tcp", 0, 65535),
        ("udp", 0, 65535),
        ("icmp", -1, -1),
    }


def test_a_group_of_the_default_vpc_is_found_by_name(ec2: Any, default_vpc_group: Group) -> None:
    ec2.authorize_security_group_ingress(GroupName=default_vpc_group.name, IpPermissions=[{**SSH, "IpRanges": TEN}])
    assert default_vpc_group.cidrs() == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("100.68.0.18/18", "100.68.0.0/18"),
        ("1.2.3.4/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::1/32", "2001:db8::/32"),
        ("::1/0", "::/0"),
    ],
)
def test_cidrs_are_stored_in_their_canonical_form(group: Group, sent: str, stored: str) -> None:
    row = group.open(sent)
    assert (row.get("CidrIpv4") or row.get("CidrIpv6")) == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("6", "tcp"), ("TCP", "tcp"), ("17", "udp"), ("Udp", "udp"), ("1", "icmp"), ("58", "icmpv6")],
)
def test_protocols_are_stored_by_name(group: Group, sent: str, stored: str) -> None:
    (row,) = group.authorize({"IpProtocol": sent, "FromPort": 8, "ToPort": 8, "IpRanges": TEN})
    assert row["IpProtocol"] == stored


@pytest.mark.parametrize("protocol", ["-1", "50"])
def test_a_protocol_without_ports_shows_none_whatever_was_sent(group: Group, protocol: str) -> None:
    (row,) = group.authorize({"IpProtocol": protocol, "FromPort": 22, "ToPort": 22, "IpRanges": TEN})
    (permission,) = group.shown()["IpPermissions"]
    assert (row["IpProtocol"], row["FromPort"], row["ToPort"]) == (protocol, -1, -1)
    assert not permission.keys() & {"FromPort", "ToPort"}


def test_icmpv6_may_leave_out_type_and_code(group: Group) -> None:
    (row,) = group.authorize({"IpProtocol": "icmpv6", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]})
    assert (row["FromPort"], row["ToPort"]) == (-1, -1)


def test_every_documented_character_may_stand_in_a_description(group: Group) -> None:
    description = "aZ0 ._-:/()#,@[]+=&;{}!$*" + "d" * 230
    assert group.open("10.0.0.0/8", Description=description)["Description"] == description


def test_ingress_and_egress_have_their_own_quotas(ec2: Any, group: Group) -> None:
    group.authorize({**SSH, "IpRanges": [{"CidrIp": f"10.0.{number}.0/24"} for number in range(60)]})
    rows = ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=[{**SSH, "IpRanges": TEN}])
    assert rows["SecurityGroupRules"][0]["IsEgress"] is True


def test_a_group_and_a_prefix_list_can_be_sources(backend: Backend, group: Group) -> None:
    rows = group.authorize(
        {
            **SSH,
            "UserIdGroupPairs": [{"GroupId": group.id, "Description": "members"}],
            "PrefixListIds": [{"PrefixListId": backend.prefix_list}],
        }
    )
    owner = group.shown()["OwnerId"]
    assert rows[0]["ReferencedGroupInfo"] == {"GroupId": group.id, "UserId": owner}
    assert rows[1]["PrefixListId"] == backend.prefix_list
    (permission,) = group.shown()["IpPermissions"]
    assert permission["UserIdGroupPairs"] == [{"GroupId": group.id, "UserId": owner, "Description": "members"}]
    assert permission["PrefixListIds"] == [{"PrefixListId": backend.prefix_list}]


def test_tags_of_the_call_are_the_tags_of_each_rule(group: Group) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    group.authorize(
        {**SSH, "IpRanges": WORLD + TEN},
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )
    assert [row["Tags"] for row in group.rules()] == [tags, tags]
