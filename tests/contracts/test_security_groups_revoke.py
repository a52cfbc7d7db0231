"""RevokeSecurityGroupIngress and RevokeSecurityGroupEgress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.backends import Backend, Group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD = [{"CidrIp": "0.0.0.0/0"}]
TEN = [{"CidrIp": "10.0.0.0/8"}]


def test_a_rule_is_revoked_by_its_id_and_told_in_the_answer(ec2: Any, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0", Description="open")["SecurityGroupRuleId"]
    answer = ec2.revoke_security_group_ingress(GroupId=group.id, SecurityGroupRuleIds=[rule_id])
    assert answer["Return"] is True
    assert answer["RevokedSecurityGroupRules"] == [
        {
            "SecurityGroupRuleId": rule_id,
            "GroupId": group.id,
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "CidrIpv4": "0.0.0.0/0",
            "Description": "open",
        }
    ]
    assert group.rules() == []


def test_other_rules_keep_their_ids(ec2: Any, group: Group) -> None:
    gone, stays = (group.open(cidr)["SecurityGroupRuleId"] for cidr in ("0.0.0.0/0", "10.0.0.0/8"))
    ec2.revoke_security_group_ingress(GroupId=group.id, SecurityGroupRuleIds=[gone])
    assert [row["SecurityGroupRuleId"] for row in group.rules()] == [stays]


@pytest.mark.parametrize(
    ("rule_id", "code"),
    [
        ("sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"),
        ("49.15.207.58/32", "InvalidSecurityGroupRuleId.Malformed"),
    ],
)
def test_one_bad_rule_id_keeps_every_rule(ec2: Any, group: Group, rule_id: str, code: str) -> None:
    known = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        ec2.revoke_security_group_ingress(GroupId=group.id, SecurityGroupRuleIds=[known, rule_id])
    assert group.cidrs() == ["0.0.0.0/0"]


def test_a_rule_id_of_another_group_is_not_found(
    ec2: Any, backend: Backend, group: Group, new_group: Callable[[str], Group]
) -> None:
    rule_id = new_group(backend.vpc).open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidSecurityGroupRuleId.NotFound\)"):
        ec2.revoke_security_group_ingress(GroupId=group.id, SecurityGroupRuleIds=[rule_id])


def test_an_egress_rule_id_is_not_found_by_the_ingress_call(ec2: Any, group: Group) -> None:
    rule_id = group.rules(is_egress=True)[0]["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidSecurityGroupRuleId.NotFound\)"):
        ec2.revoke_security_group_ingress(GroupId=group.id, SecurityGroupRuleIds=[rule_id])


def test_a_rule_is_revoked_by_its_permission_whatever_its_description(ec2: Any, group: Group) -> None:
    group.open("0.0.0.0/0", Description="open")
    permission = {"IpProtocol": "TCP", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "1.2.3.4/0"}]}
    answer = ec2.revoke_security_group_ingress(GroupId=group.id, IpPermissions=[permission])
    assert len(answer["RevokedSecurityGroupRules"]) == 1
    assert "UnknownIpPermissions" not in answer
    assert group.rules() == []


def test_a_rule_is_revoked_by_the_flat_form(ec2: Any, group: Group) -> None:
    group.open("0.0.0.0/0")
    ec2.revoke_security_group_ingress(GroupId=group.id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
    assert group.rules() == []


def test_what_the_group_shows_can_be_revoked_as_it_stands(backend: Backend, ec2: Any, group: Group) -> None:
    group.authorize(
        {
            **SSH,
            "IpRanges": WORLD,
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "PrefixListIds": [{"PrefixListId": backend.prefix_list}],
        },
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]},
    )
    ec2.revoke_security_group_ingress(GroupId=group.id, IpPermissions=group.shown()["IpPermissions"])
    assert group.rules() == []


def test_a_revoked_group_source_is_told_by_its_id(ec2: Any, group: Group) -> None:
    permission = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]}
    group.authorize(permission)
    answer = ec2.revoke_security_group_ingress(GroupId=group.id, IpPermissions=[permission])
    assert answer["RevokedSecurityGroupRules"][0]["ReferencedGroupId"] == group.id


@pytest.mark.parametrize(
    "permission",
    [
        {**SSH, "IpRanges": TEN},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23, "IpRanges": WORLD},
        {"IpProtocol": "-1", "IpRanges": WORLD},
    ],
)
def test_one_permission_that_matches_no_rule_keeps_every_rule(
    ec2: Any, group: Group, permission: dict[str, Any]
) -> None:
    group.open("0.0.0.0/0")
    with pytest.raises(ClientError, match=r"\(InvalidPermission.NotFound\).*does not exist in this security"):
        ec2.revoke_security_group_ingress(GroupId=group.id, IpPermissions=[{**SSH, "IpRanges": WORLD}, permission])
    assert group.cidrs() == ["0.0.0.0/0"]


def test_in_the_default_vpc_what_matches_no_rule_is_skipped_and_told(ec2: Any, default_vpc_group: Group) -> None:
    default_vpc_group.open("0.0.0.0/0")
    answer = ec2.revoke_security_group_ingress(
        GroupId=default_vpc_group.id, IpPermissions=[{**SSH, "IpRanges": WORLD + TEN}]
    )
    assert [row["CidrIpv4"] for row in answer["RevokedSecurityGroupRules"]] == ["0.0.0.0/0"]
    (unknown,) = answer["UnknownIpPermissions"]
    assert (unknown["IpProtocol"], unknown["FromPort"], unknown["IpRanges"]) == ("tcp", 22, TEN)
    assert default_vpc_group.rules() == []


def test_the_way_out_is_revoked_by_permission_and_by_id(ec2: Any, default_vpc_group: Group) -> None:
    group = default_vpc_group
    ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=[{**SSH, "IpRanges": TEN}])
    ec2.revoke_security_group_egress(GroupId=group.id, IpPermissions=[{"IpProtocol": "-1", "IpRanges": WORLD}])
    (left,) = group.rules(is_egress=True)
    ec2.revoke_security_group_egress(GroupId=group.id, SecurityGroupRuleIds=[left["SecurityGroupRuleId"]])
    assert group.rules(is_egress=True) == []


@pytest.mark.parametrize("nothing", [{}, {"IpPermissions": []}, {"SecurityGroupRuleIds": []}])
def test_a_call_that_names_no_rule_is_refused(ec2: Any, group: Group, nothing: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"\(MissingParameter\)"):
        ec2.revoke_security_group_ingress(GroupId=group.id, **nothing)


def test_ids_and_permissions_do_not_go_together(ec2: Any, group: Group) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    with pytest.raises(ClientError, match=r"\(InvalidParameterCombination\)"):
        ec2.revoke_security_group_ingress(
            GroupId=group.id, SecurityGroupRuleIds=[rule_id], IpPermissions=[{**SSH, "IpRanges": WORLD}]
        )


@pytest.mark.parametrize("by", ["id", "permission"])
def test_a_dry_run_revokes_nothing(ec2: Any, group: Group, by: str) -> None:
    rule_id = group.open("0.0.0.0/0")["SecurityGroupRuleId"]
    named: dict[str, Any] = {
        "id": {"SecurityGroupRuleIds": [rule_id]},
        "permission": {"IpPermissions": [{**SSH, "IpRanges": WORLD}]},
    }[by]
    with pytest.raises(ClientError, match=r"\(DryRunOperation\)"):
        ec2.revoke_security_group_ingress(GroupId=group.id, DryRun=True, **named)
    assert group.cidrs() == ["0.0.0.0/0"]
