"""ModifySecurityGroupRules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def test_a_rule_is_replaced_and_keeps_its_id_and_its_tags(group: Group) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    (row,) = group.authorize(
        {**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "open"}]},
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )
    group.modify((row["SecurityGroupRuleId"], {**SSH, "CidrIpv4": "10.0.0.0/8", "Description": "open"}))
    assert group.rules() == [{**row, "CidrIpv4": "10.0.0.0/8"}]


def test_the_answer_says_true_and_nothing_else(ec2: Any, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    rule = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {**SSH, "CidrIpv4": "10.0.0.0/8"}}
    answer = ec2.modify_security_group_rules(GroupId=group.id, SecurityGroupRules=[rule])
    assert answer.keys() == {"Return", "ResponseMetadata"}
    assert answer["Return"] is True


def test_an_ipv6_rule_is_narrowed(group: Group) -> None:
    rule_id = group.open("::/0")["SecurityGroupRuleId"]
    group.modify((rule_id, {**SSH, "CidrIpv6": "FD00::1/8"}))
    assert group.rules()[0]["CidrIpv6"] == "fd00::/8"


def test_the_stored_cidr_is_canonical(group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    group.modify((rule_id, {**SSH, "CidrIpv4": "100.68.0.18/18"}))
    assert group.cidrs() == ["100.68.0.0/18"]


def test_protocol_and_ports_can_change(group: Group) -> None:
    rule_id = group.open("10.0.0.0/8")["SecurityGroupRuleId"]
    group.modify((rule_id, {"IpProtocol": "17", "FromPort": 53, "ToPort": 54, "CidrIpv4": "10.0.0.0/8"}))
    (row,) = group.rules()
    assert (row["IpProtocol"], row["FromPort"], row["ToPort"]) == ("udp", 53, 54)


def test_a_rule_for_all_protocols_needs_no_ports(group: Group) -> None:
    (row,) = group.authorize({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
    group.modify((row["SecurityGroupRuleId"], {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"}))
    assert group.cidrs() == ["10.0.0.0/8"]


def test_an_omitted_description_is_cleared(group: Group) -> None:
    rule_id = group.open("0.0.0.0/0", Description="open")["SecurityGroupRuleId"]
    group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}))
    assert "Description" not in group.rules()[0]


def test_a_description_alone_can_change(group: Group) -> None:
    rule_id = group.open("10.0.0.0/8", Description="old")["SecurityGroupRuleId"]
    group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8", "Description": "new"}))
    assert group.rules()[0]["Description"] == "new"


def test_prefix_list_and_group_rules_are_modified_too(backend: Backend, group: Group) -> None:
    listed, grouped = group.authorize(
        {**SSH, "PrefixListIds": [{"PrefixListId": backend.prefix_list}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]},
    )
    group.modify(
        (
            listed["SecurityGroupRuleId"],
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListId": backend.prefix_list},
        ),
        (grouped["SecurityGroupRuleId"], {**SSH, "ReferencedGroupId": group.id}),
    )
    assert sorted(row["FromPort"] for row in group.rules()) == [22, 443]


def test_an_egress_rule_is_modified_in_the_same_call_as_an_ingress_rule(group: Group) -> None:
    way_in = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    way_out = group.rules(is_egress=True)[0]["SecurityGroupRuleId"]
    group.modify(
        (way_in, {**SSH, "CidrIpv4": "10.0.0.0/8"}),
        (way_out, {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8"}),
    )
    assert [row["CidrIpv4"] for row in group.rules() + group.rules(is_egress=True)[:1]] == ["10.0.0.0/8"] * 2


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("0.0.0.0/0", {"CidrIpv6": "fd00::/8"}),
        ("::/0", {"CidrIpv4": "10.0.0.0/8"}),
        ("0.0.0.0/0", {"PrefixListId": "a prefix list"}),
        ("::/0", {"ReferencedGroupId": "the group"}),
    ],
)
def test_the_type_of_the_source_cannot_change(
    backend: Backend, group: Group, was: str, becomes: dict[str, str]
) -> None:
    rule_id = group.open(was)["SecurityGroupRuleId"]
    ids = {"a prefix list": backend.prefix_list, "the group": group.id}
    source = {kind: ids.get(value, value) for kind, value in becomes.items()}
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*Invalid rule type for security group"):
        group.modify((rule_id, {**SSH, **source}))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({**SSH}, "MissingParameter"),
        ({**SSH, "CidrIpv4": "10.0.0.0/8", "CidrIpv6": "fd00::/8"}, "InvalidParameterCombination"),
        ({"FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "CidrIpv4": "10.0.0.0/8"}, "InvalidParameterValue"),
        ({**SSH, "CidrIpv4": "10.0.0.0/40"}, "InvalidParameterValue"),
        ({**SSH, "CidrIpv4": "10.0.0.0/8", "Description": "who?"}, "InvalidParameterValue"),
        ({}, "MissingParameter"),
    ],
)
def test_a_rule_like_this_is_refused(group: Group, rule: dict[str, Any], code: str) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        group.modify((rule_id, rule))
    assert group.cidrs() == ["0.0.0.0/0"]


def test_a_rule_that_would_equal_another_is_refused(group: Group) -> None:
    group.open("10.0.0.0/8", Description="stands")
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidPermission.Duplicate\).*peer: 10.0.0.0/8, TCP"):
        group.modify((rule_id, {**SSH, "CidrIpv4": "10.1.2.3/8"}))


def test_two_rules_of_one_call_cannot_become_equal(group: Group) -> None:
    halves = [group.open(cidr)["SecurityGroupRuleId"] for cidr in ("0.0.0.0/1", "128.0.0.0/1")]
    with pytest.raises(ClientError, match=r"\(InvalidPermission.Duplicate\)"):
        group.modify(*((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}) for rule_id in halves))
    assert group.cidrs() == ["0.0.0.0/1", "128.0.0.0/1"]


def test_the_same_change_in_the_other_direction_is_no_duplicate(ec2: Any, group: Group) -> None:
    ec2.authorize_security_group_egress(
        GroupId=group.id, IpPermissions=[{**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    )
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}))
    assert group.cidrs() == ["10.0.0.0/8"]


def test_a_batch_with_one_refused_rule_changes_none(group: Group) -> None:
    first, second = (group.open("0.0.0.0/0", port=port)["SecurityGroupRuleId"] for port in (22, 3389))
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\)"):
        group.modify((first, {**SSH, "CidrIpv4": "10.0.0.0/8"}), (second, {**SSH, "CidrIpv4": "world"}))
    assert group.cidrs() == ["0.0.0.0/0", "0.0.0.0/0"]


def test_a_rule_named_twice_in_one_call_is_refused(group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidParameterValue\).*must not appear multiple times"):
        group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}), (rule_id, {**SSH, "CidrIpv4": "10.0.0.0/9"}))


@pytest.mark.parametrize(
    ("rule_id", "code"),
    [
        ("sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"),
        ("sg-0123456789abcdef0", "InvalidSecurityGroupRuleId.Malformed"),
        ("10.0.0.0/8", "InvalidSecurityGroupRuleId.Malformed"),
    ],
)
def test_a_rule_id_like_this_is_refused(group: Group, rule_id: str, code: str) -> None:
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}))


def test_a_rule_of_another_group_is_not_found(
    backend: Backend, group: Group, new_group: Callable[[str], Group]
) -> None:
    rule_id = new_group(backend.vpc).open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidSecurityGroupRuleId.NotFound\)"):
        group.modify((rule_id, {**SSH, "CidrIpv4": "10.0.0.0/8"}))


def test_a_call_without_rules_is_refused(group: Group) -> None:
    with pytest.raises(ClientError, match=r"\(MissingParameter\)"):
        group.modify()


def test_a_call_without_a_group_is_refused(ec2: Any) -> None:
    rule = {"SecurityGroupRuleId": "sgr-0123456789abcdef0", "SecurityGroupRule": SSH}
    with pytest.raises(ClientError, match=r"\(MissingParameter\).*groupId"):
        ec2.modify_security_group_rules(GroupId="", SecurityGroupRules=[rule])


def test_a_full_group_can_be_modified(group: Group) -> None:
    ranges = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(60)]
    rows = group.authorize({**SSH, "IpRanges": ranges})
    group.modify((rows[0]["SecurityGroupRuleId"], {**SSH, "CidrIpv4": "192.168.0.0/16"}))
    assert "192.168.0.0/16" in group.cidrs()


def test_a_dry_run_modifies_nothing(ec2: Any, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    rule = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {**SSH, "CidrIpv4": "10.0.0.0/8"}}
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        ec2.modify_security_group_rules(GroupId=group.id, SecurityGroupRules=[rule], DryRun=True)
    assert group.cidrs() == ["0.0.0.0/0"]
