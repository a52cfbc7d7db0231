"""UpdateSecurityGroupRuleDescriptionsIngress and -Egress."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.backends import Group

DOOR = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def _permission(cidr: str, **told: str) -> dict[str, Any]:
    return {**DOOR, "IpRanges": [{"CidrIp": cidr, **told}]}


def _told(group: Group) -> list[str | None]:
    return [row.get("Description") for row in group.rules()]


def test_a_description_is_replaced_by_the_rule_s_id_and_nothing_else_is_touched(ec2: Any, group: Group) -> None:
    changed, kept = (group.open(cidr, Description="old")["SecurityGroupRuleId"] for cidr in ("10.0.0.0/8", "fd00::/8"))
    before = group.rules()
    new = [{"SecurityGroupRuleId": changed, "Description": "new"}]
    answer = ec2.update_security_group_rule_descriptions_ingress(GroupId=group.id, SecurityGroupRuleDescriptions=new)

    assert answer["Return"] is True
    assert group.rules() == [{**before[0], "Description": "new"}, before[1]]
    assert before[1]["SecurityGroupRuleId"] == kept


def test_a_description_is_replaced_by_the_rule_s_permission(ec2: Any, group: Group) -> None:
    group.open("10.0.0.0/8", Description="old")
    group.open("10.0.0.0/16", Description="old")
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group.id, IpPermissions=[_permission("10.0.0.0/16", Description="new")]
    )
    assert _told(group) == ["old", "new"]


@pytest.mark.parametrize("told", [{}, {"Description": ""}])
def test_without_a_description_there_is_none_from_then_on(ec2: Any, group: Group, told: dict[str, str]) -> None:
    rule = group.open("10.0.0.0/8", Description="old")["SecurityGroupRuleId"]
    new = [{"SecurityGroupRuleId": rule, **told}]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group.id, SecurityGroupRuleDescriptions=new)
    assert _told(group) == [None]


def test_the_way_out_is_described_by_the_other_call(ec2: Any, default_vpc_group: Group) -> None:
    group = default_vpc_group
    (out,) = group.rules(is_egress=True)
    new = [{"SecurityGroupRuleId": out["SecurityGroupRuleId"], "Description": "the way out"}]
    with pytest.raises(ClientError, match=r"\(InvalidSecurityGroupRuleId.NotFound\)"):
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group.id, SecurityGroupRuleDescriptions=new)
    ec2.update_security_group_rule_descriptions_egress(GroupName=group.name, SecurityGroupRuleDescriptions=new)

    assert [row.get("Description") for row in group.rules(is_egress=True)] == ["the way out"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"IpPermissions": [_permission("10.0.0.0/16", Description="new")]}, "InvalidPermission.NotFound"),
        ({"SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": "sgr-0123456789abcdef0"}]},
         "InvalidSecurityGroupRuleId.NotFound"),
        ({"IpPermissions": [_permission("10.0.0.0/8", Description="who?")]}, "InvalidParameterValue"),
        ({}, "MissingParameter"),
        ({"IpPermissions": [], "SecurityGroupRuleDescriptions": []}, "MissingParameter"),
    ],
)  # fmt: skip
def test_what_names_no_rule_or_says_what_may_not_be_said_changes_nothing(
    ec2: Any, group: Group, request_: dict[str, Any], code: str
) -> None:
    group.open("10.0.0.0/8", Description="old")
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group.id, **request_)
    assert _told(group) == ["old"]
