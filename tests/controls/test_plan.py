"""The plan as a value: which requests would be sent, how each is taken back, and what is told of it."""

from __future__ import annotations

from typing import Any

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.model import Change, Edit, Finding, Request
from support import policy

GONE = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound"})
PORT = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
TEN = {**PORT, "CidrIpv4": "10.0.0.0/8"}


def rule(number: int, **fields: Any) -> Rule:
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": False, **PORT, **fields})


def changes(*rules: Rule, at_fault: tuple[int, ...] | None = None) -> tuple[Change, ...]:
    """The changes for a group with these rules; all of them are at fault, unless told."""
    parts = [rule.id for rule in rules] if at_fault is None else [f"sgr-{number}" for number in at_fault]
    findings = tuple(Finding(part=part, why=f"{part} is open") for part in parts)
    facts = GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=rules)
    return CONTROL.plan(facts, findings, policy()).changes


def modify(*updates: tuple[int, dict[str, Any]]) -> Request:
    rules = [{"SecurityGroupRuleId": f"sgr-{number}", "SecurityGroupRule": fields} for number, fields in updates]
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": "sg-1", "SecurityGroupRules": rules})


def revoke(*numbers: int) -> Request:
    ids = [f"sgr-{number}" for number in numbers]
    return Request("ec2:RevokeSecurityGroupIngress", {"GroupId": "sg-1", "SecurityGroupRuleIds": ids})


def authorize(tags: dict[str, Any] | None = None, **ranges: Any) -> Request:
    permission = {**PORT, **ranges}
    params = {"GroupId": "sg-1", "IpPermissions": [permission], **(tags or {})}
    return Request("ec2:AuthorizeSecurityGroupIngress", params)


WORLD = {"CidrIpv4": "0.0.0.0/0"}
WORLD_AGAIN = authorize(IpRanges=[{"CidrIp": "0.0.0.0/0"}])


def test_a_rule_is_narrowed_and_where_aws_refuses_that_revoked() -> None:
    (change,) = changes(rule(1, **WORLD, Description="ssh"))
    assert change.request == modify((1, {**TEN, "Description": "ssh"}))
    assert change.inverse == (modify((1, {**PORT, **WORLD, "Description": "ssh"})),)
    assert change.settled == GONE
    assert change.edits == (
        Edit(
            part="sgr-1",
            before="tcp/22 from 0.0.0.0/0",
            after="tcp/22 from 10.0.0.0/8",
            did="narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8",
            why="sgr-1 is open",
        ),
    )
    assert change.otherwise
    assert (change.otherwise.request, change.otherwise.settled) == (revoke(1), GONE)


def test_a_rule_from_a_prefix_list_is_revoked_and_comes_back_with_description_and_tags() -> None:
    tags = [{"Key": "team", "Value": "net"}]
    (change,) = changes(rule(1, PrefixListId="pl-1", Description="ssh", Tags=tags))
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]}
    assert (change.request, change.settled) == (revoke(1), GONE)
    assert change.inverse == (authorize(tagged, PrefixListIds=[{"PrefixListId": "pl-1", "Description": "ssh"}]),)
    assert change.edits == (
        Edit(
            part="sgr-1",
            before="tcp/22 from pl-1",
            after="",
            did="revoked tcp/22 from pl-1",
            why="sgr-1 is open; revoked because its source is a prefix list, and a source cannot change its type",
        ),
    )


def test_a_rule_without_description_and_tags_comes_back_without_them() -> None:
    (change,) = changes(rule(1, CidrIpv4="128.0.0.0/1", Description="", Tags=[]))
    assert change.inverse == (authorize(IpRanges=[{"CidrIp": "128.0.0.0/1"}]),)
    assert change.edits[0].why.endswith("; revoked because 10.0.0.0/8 does not lie inside 128.0.0.0/1")


def test_a_rule_in_whose_place_another_stands_is_revoked() -> None:
    (change,) = changes(rule(1, CidrIpv4="10.0.0.0/8"), rule(2, **WORLD), at_fault=(2,))
    assert (change.request, change.inverse) == (revoke(2), (WORLD_AGAIN,))
    assert change.edits[0].why.endswith("; revoked because a rule for tcp/22 from 10.0.0.0/8 already exists")


def test_of_two_rules_that_would_become_equal_the_second_is_revoked() -> None:
    narrowed, revoked = changes(rule(1, **WORLD), rule(2, CidrIpv4="0.0.0.0/1"))
    assert (narrowed.request, revoked.request) == (modify((1, TEN)), revoke(2))


def test_the_order_of_the_findings_decides_which_of_them_that_is_and_not_the_ids() -> None:
    narrowed, revoked = changes(rule(1, CidrIpv4="0.0.0.0/1"), rule(2, **WORLD), at_fault=(2, 1))
    assert (narrowed.request, revoked.request) == (modify((2, TEN)), revoke(1))


def test_several_changes_of_a_kind_are_one_call_each_way_in_which_they_can_be() -> None:
    six = {"CidrIpv6": "::/0"}
    narrowed, revoked = changes(
        rule(1, **WORLD), rule(2, **six), rule(3, PrefixListId="pl-3"), rule(4, PrefixListId="pl-4")
    )
    assert narrowed.request == modify((1, TEN), (2, {**PORT, "CidrIpv6": "fd00::/8"}))
    assert narrowed.inverse == (modify((1, {**PORT, **WORLD}), (2, {**PORT, **six})),)
    assert [piece.request for piece in narrowed.pieces] == [
        modify((1, TEN)),
        modify((2, {**PORT, "CidrIpv6": "fd00::/8"})),
    ]
    assert revoked.request == revoke(3, 4)
    assert revoked.inverse == tuple(authorize(PrefixListIds=[{"PrefixListId": f"pl-{number}"}]) for number in (3, 4))
    assert [piece.request for piece in revoked.pieces] == [revoke(3), revoke(4)]
    assert [edit.part for change in (narrowed, revoked) for edit in change.edits] == [
        "sgr-1",
        "sgr-2",
        "sgr-3",
        "sgr-4",
    ]


def test_only_what_is_at_fault_is_changed() -> None:
    changed = changes(rule(1, **WORLD), rule(2, **WORLD, FromPort=443, ToPort=443), at_fault=(1,))
    assert [change.request for change in changed] == [modify((1, TEN))]
    assert changes(rule(1, **WORLD), at_fault=()) == ()
