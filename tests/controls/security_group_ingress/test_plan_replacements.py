"""What takes the place of a rule at fault, by each setting, or why nothing does."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.families.groups import Rule, authorize
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.plan import Replacement, modify, replacements
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.model import Request

PORTS = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
TAGS = [{"Key": "a", "Value": "1"}]


def rule(number: int, **source: Any) -> Rule:
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": False, **PORTS, **source})


BLOCKS = tuple(map(ip_network, ("8.8.8.0/24", "172.31.0.0/16", "10.0.0.0/16", "fd00::/56")))
REFUSED = {"unread_vpc": "it was refused"}
TWICE = "revoked because a rule for tcp/22 from 10.0.0.0/8 already exists"


@pytest.mark.parametrize(
    ("replacement", "source", "known", "left", "because"),
    [
        ("revoke", {"CidrIpv4": "0.0.0.0/0"}, {}, None, "revoked because the policy says so"),
        ("vpc", {"CidrIpv4": "0.0.0.0/0"}, {"vpc_blocks": BLOCKS}, "172.31.0.0/16", ""),
        ("vpc", {"CidrIpv4": "0.0.0.0/1"}, {"vpc_blocks": BLOCKS}, "10.0.0.0/16", ""),
        (
            "vpc",
            {"CidrIpv4": "8.0.0.0/8"},
            {"vpc_blocks": BLOCKS},
            None,
            "revoked because the VPC has no private block inside 8.0.0.0/8",
        ),
        ("vpc", {"CidrIpv6": "::/0"}, {"vpc_blocks": BLOCKS}, "fd00::/56", ""),
        (
            "vpc",
            {"CidrIpv4": "0.0.0.0/0"},
            {"vpc_blocks": BLOCKS, **REFUSED},
            None,
            "revoked because the VPC's blocks cannot be read: it was refused",
        ),
        (
            "own",
            {"CidrIpv4": "128.0.0.0/1"},
            {},
            None,
            "revoked because 10.0.0.0/8 does not lie inside 128.0.0.0/1",
        ),
        ("own", {"CidrIpv4": "0.0.0.0/0"}, {}, "10.0.0.0/8", ""),
        (
            "own",
            {"PrefixListId": "pl-1"},
            {},
            None,
            "revoked because its source is a prefix list, and a source cannot change its type",
        ),
    ],
)
def test_a_rule_is_narrowed_as_the_policy_says_or_revoked_with_the_reason(
    replacement: Any, source: dict[str, Any], known: dict[str, Any], left: str | None, because: str
) -> None:
    at_fault = rule(1, **source)
    group = GroupFacts(account="", image={}, group_id="", rules=(at_fault,), **known)
    settings = Settings() if replacement == "own" else Settings(replacement=dict.fromkeys((4, 6), replacement))
    found = replacements(group, ["sgr-1"], settings)
    field = "CidrIpv6" if left and ":" in left else "CidrIpv4"
    assert found == {"sgr-1": Replacement(Rule({**at_fault.row, field: left}) if left else None, because)}


def test_of_rules_that_would_become_equal_one_stays() -> None:
    others = (rule(1, CidrIpv4="0.0.0.0/1"), rule(2, CidrIpv4="8.0.0.0/5"), rule(3, CidrIpv4="10.0.0.0/8"))
    groups = (GroupFacts(account="", image={}, group_id="", rules=others[:count]) for count in (2, 3))
    two, three = (replacements(group, ["sgr-1", "sgr-2"], Settings()) for group in groups)
    assert [two[each].because for each in ("sgr-1", "sgr-2")] == ["", TWICE]
    assert [three[each].because for each in ("sgr-1", "sgr-2")] == [TWICE, TWICE]


def test_a_modify_says_the_whole_of_a_rule() -> None:
    said = {**PORTS, "CidrIpv4": "0.0.0.0/0", "Description": "d"}
    params = {
        "GroupId": "sg-1",
        "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": said}],
    }
    full = rule(1, CidrIpv4="0.0.0.0/0", Description="d", Tags=TAGS)
    assert modify("sg-1", full) == Request("ec2:ModifySecurityGroupRules", params)


@pytest.mark.parametrize(
    ("source", "permission"),
    [
        ({"CidrIpv4": "0.0.0.0/0"}, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}),
        ({"CidrIpv6": "::/0", "Description": ""}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        (
            {"PrefixListId": "pl-1", "Description": "d"},
            {"PrefixListIds": [{"PrefixListId": "pl-1", "Description": "d"}]},
        ),
    ],
)
def test_an_authorize_brings_a_rule_back_with_its_tags(source: dict[str, Any], permission: dict[str, Any]) -> None:
    asked = {"GroupId": "sg-1", "IpPermissions": [{**PORTS, **permission}]}
    assert authorize("sg-1", rule(1, **source)) == Request("ec2:AuthorizeSecurityGroupIngress", asked)
    tagged = {**asked, "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": TAGS}]}
    assert authorize("sg-1", rule(1, **source, Tags=TAGS)) == Request("ec2:AuthorizeSecurityGroupIngress", tagged)
