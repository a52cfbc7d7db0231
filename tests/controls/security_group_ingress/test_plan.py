"""The plan as a value: which calls would be sent, which take them back, and why a rule is not narrowed."""

from __future__ import annotations

from typing import Any, NamedTuple

from cloudmend.controls.families.groups import GROUP, Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import state_of
from cloudmend.controls.security_group_ingress.plan import replacements
from cloudmend.core.contract import State, after
from cloudmend.core.model import Resource
from cloudmend.core.planning import calls
from cloudmend.core.ports import Call
from support import sg_settings

PORT = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
TEN = {**PORT, "CidrIpv4": "10.0.0.0/8"}
SG = Resource(type=GROUP, id="sg-1")


class Planned(NamedTuple):
    """What is sent, what takes it back, and why each rule is not narrowed, by id."""

    sent: list[Call]
    back: list[Call]
    because: dict[str, str]


def rule(number: int, **fields: Any) -> Rule:
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": False, **PORT, **fields})


def planned(*rules: Rule, at_fault: tuple[int, ...] | None = None) -> Planned:
    """The plan for a group with these rules; all of them are at fault, unless told."""
    parts = [rule.id for rule in rules] if at_fault is None else [f"sgr-{number}" for number in at_fault]
    state = state_of(GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=rules))
    found = replacements(state.context, parts, sg_settings())
    then = after(state.parts, {part: each.rule and each.rule.row for part, each in found.items()})
    sent = list(calls(CONTROL, SG, state, then))
    back = list(calls(CONTROL, SG, State(then, context=state.context), state.parts))
    because = {part: each.because for part, each in found.items()}
    return Planned([bare(call) for call in sent], [bare(call) for call in back], because)


def bare(call: Call) -> Call:
    return Call(call.service, call.operation, call.params)


def modify(*updates: tuple[int, dict[str, Any]]) -> Call:
    rules = [{"SecurityGroupRuleId": f"sgr-{number}", "SecurityGroupRule": fields} for number, fields in updates]
    return Call("ec2", "ModifySecurityGroupRules", {"GroupId": "sg-1", "SecurityGroupRules": rules})


def revoke(*numbers: int) -> Call:
    ids = [f"sgr-{number}" for number in numbers]
    return Call("ec2", "RevokeSecurityGroupIngress", {"GroupId": "sg-1", "SecurityGroupRuleIds": ids})


def authorize(tags: dict[str, Any] | None = None, **ranges: Any) -> Call:
    permission = {**PORT, **ranges}
    params = {"GroupId": "sg-1", "IpPermissions": [permission], **(tags or {})}
    return Call("ec2", "AuthorizeSecurityGroupIngress", params)


WORLD = {"CidrIpv4": "0.0.0.0/0"}
WORLD_AGAIN = authorize(IpRanges=[{"CidrIp": "0.0.0.0/0"}])


def test_a_rule_is_narrowed_in_place_with_its_description() -> None:
    sent, back, because = planned(rule(1, **WORLD, Description="ssh"))
    assert sent == [modify((1, {**TEN, "Description": "ssh"}))]
    assert back == [modify((1, {**PORT, **WORLD, "Description": "ssh"}))]
    assert because == {"sgr-1": ""}


def test_a_rule_from_a_prefix_list_is_revoked_and_comes_back_with_description_and_tags() -> None:
    tags = [{"Key": "team", "Value": "net"}]
    sent, back, because = planned(rule(1, PrefixListId="pl-1", Description="ssh", Tags=tags))
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]}
    assert sent == [revoke(1)]
    assert back == [authorize(tagged, PrefixListIds=[{"PrefixListId": "pl-1", "Description": "ssh"}])]
    assert because["sgr-1"] == "revoked because its source is a prefix list, and a source cannot change its type"


def test_a_rule_without_description_and_tags_comes_back_without_them() -> None:
    _, back, because = planned(rule(1, CidrIpv4="128.0.0.0/1", Description="", Tags=[]))
    assert back == [authorize(IpRanges=[{"CidrIp": "128.0.0.0/1"}])]
    assert because["sgr-1"] == "revoked because 10.0.0.0/8 does not lie inside 128.0.0.0/1"


def test_a_rule_in_whose_place_another_stands_is_revoked() -> None:
    sent, back, because = planned(rule(1, CidrIpv4="10.0.0.0/8"), rule(2, **WORLD), at_fault=(2,))
    assert (sent, back) == ([revoke(2)], [WORLD_AGAIN])
    assert because["sgr-2"] == "revoked because a rule for tcp/22 from 10.0.0.0/8 already exists"


def test_of_two_rules_that_would_become_equal_the_second_is_revoked() -> None:
    assert planned(rule(1, **WORLD), rule(2, CidrIpv4="0.0.0.0/1")).sent == [modify((1, TEN)), revoke(2)]


def test_the_order_of_the_findings_decides_which_of_them_that_is_and_not_the_ids() -> None:
    found = planned(rule(1, CidrIpv4="0.0.0.0/1"), rule(2, **WORLD), at_fault=(2, 1))
    assert found.sent == [modify((2, TEN)), revoke(1)]


def test_several_changes_of_a_kind_are_one_call_each_way_in_which_they_can_be() -> None:
    six = {"CidrIpv6": "::/0"}
    sent, back, _ = planned(
        rule(1, **WORLD), rule(2, **six), rule(3, PrefixListId="pl-3"), rule(4, PrefixListId="pl-4")
    )
    assert sent == [modify((1, TEN), (2, {**PORT, "CidrIpv6": "fd00::/8"})), revoke(3, 4)]
    assert back == [
        modify((1, {**PORT, **WORLD}), (2, {**PORT, **six})),
        *(authorize(PrefixListIds=[{"PrefixListId": f"pl-{number}"}]) for number in (3, 4)),
    ]


def test_only_what_is_at_fault_is_changed() -> None:
    several = rule(1, **WORLD), rule(2, **WORLD, FromPort=443, ToPort=443)
    assert planned(*several, at_fault=(1,)).sent == [modify((1, TEN))]
    assert planned(rule(1, **WORLD), at_fault=()) == ([], [], {})
