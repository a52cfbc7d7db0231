"""What one call's record leaves of a group, in each shape that records have had."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import Step, claimed_rule, follow
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall

EMPTY = GroupFacts(account="111122223333", image={}, group_id="sg-05fe30eb67c909f27", rules=())
RANGES = {"items": [{"cidrIp": "0.0.0.0/0"}, {"cidrIp": "10.0.0.0/8"}]}
DESCRIBED = {"ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": RANGES}]}}


def told(name: str, request: Any, response: Any = None) -> ApiCall:
    """The record of a call."""
    source = "ec2.amazonaws.com"
    return ApiCall(
        event_id="e",
        source=source,
        name=name,
        time=None,
        account="",
        region="",
        request=request,
        response=response or {},
    )


def row(rule_id: str, cidr: str = "0.0.0.0/0", port: int = 22, *, is_egress: bool = False) -> dict[str, Any]:
    ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    return {"SecurityGroupRuleId": rule_id, "IsEgress": is_egress, **ports, "CidrIpv4": cidr}


KNOWN = (row("sgr-1"), row("sgr-2", is_egress=True), row("sgr-3", port=443))


BEFORE = replace(EMPTY, rules=tuple(map(Rule, KNOWN)))


def test_rules_of_a_response_without_ids_are_told_apart_by_their_place_in_the_request() -> None:
    """Until 2021 the response had none."""
    facts = follow(EMPTY, told("AuthorizeSecurityGroupIngress", DESCRIBED)).facts
    assert facts is not None
    assert [rule.row for rule in facts.rules] == [row("e/0"), row("e/1", "10.0.0.0/8")]


@pytest.mark.parametrize(("name", "is_egress"), [("Ingress", False), ("Egress", True)])
def test_the_ids_of_a_response_count_more_than_the_request(name: str, is_egress: bool) -> None:
    answer = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"}
    response = {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-9", **answer}]}}
    step = follow(BEFORE, told(f"AuthorizeSecurityGroup{name}", DESCRIBED, response))
    assert step.facts is not None
    assert [rule.row for rule in step.facts.rules] == [*KNOWN, row("sgr-9", "10.0.0.0/8", is_egress=is_egress)]
    assert step.older == ()


NAMED = {"items": [{"securityGroupRuleId": "sgr-9"}, {"securityGroupRuleId": "sgr-1"}]}


@pytest.mark.parametrize(
    ("name", "request_", "response", "left", "older"),
    [
        ("Ingress", DESCRIBED, {"revokedSecurityGroupRuleSet": NAMED}, ["sgr-2", "sgr-3"], ("sgr-9",)),
        ("Ingress", {**DESCRIBED, "securityGroupRuleIds": NAMED}, {}, ["sgr-2", "sgr-3"], ("sgr-9",)),
        ("Ingress", {"securityGroupRuleIds": {"items": ["sgr-3", "sgr-8"]}}, {}, ["sgr-1", "sgr-2"], ("sgr-8",)),
        ("Ingress", DESCRIBED, {}, ["sgr-2", "sgr-3"], ()),
        ("Egress", DESCRIBED, {}, ["sgr-1", "sgr-3"], ()),
        (
            "Ingress",
            {"ipProtocol": "udp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"},
            {},
            ["sgr-1", "sgr-2", "sgr-3"],
            ("e/0",),
        ),
        (
            "Ingress",
            {"ipProtocol": "udp", "fromPort": 22, "toPort": 22, "ipRanges": RANGES},
            {},
            ["sgr-1", "sgr-2", "sgr-3"],
            ("e/0", "e/1"),
        ),
    ],
)
def test_revoked_rules_are_those_of_the_response_or_of_the_request_by_id_or_by_what_they_say(
    name: str, request_: Any, response: Any, left: list[str], older: tuple[str, ...]
) -> None:
    step = follow(BEFORE, told(f"RevokeSecurityGroup{name}", request_, response))
    assert step.facts is not None
    assert [rule.id for rule in step.facts.rules] == left
    assert step.older == older


def test_a_modify_changes_what_it_names_and_keeps_the_direction_that_is_known() -> None:
    change = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "CidrIpv4": "10.0.0.0/8"}
    rules = [{"SecurityGroupRuleId": each, "SecurityGroupRule": change} for each in ("sgr-2", "sgr-9")]
    empty_one = {"SecurityGroupRuleId": "sgr-8"}
    wrapped = {"ModifySecurityGroupRulesRequest": {"SecurityGroupRule": [*rules, empty_one]}}
    step = follow(BEFORE, told("ModifySecurityGroupRules", wrapped))
    assert step.facts is not None
    assert [rule.row for rule in step.facts.rules] == [
        KNOWN[0],
        row("sgr-2", "10.0.0.0/8", 23, is_egress=True),
        KNOWN[2],
        row("sgr-9", "10.0.0.0/8", 23),
    ]
    assert step.older == ("sgr-8", "sgr-9")


def test_a_group_that_is_created_is_in_its_vpc_and_one_that_is_deleted_is_gone() -> None:
    assert follow(BEFORE, told("CreateSecurityGroup", {"vpcId": "vpc-1"})) == Step(replace(BEFORE, vpc_id="vpc-1"))
    assert follow(BEFORE, told("CreateSecurityGroup", {})) == Step(BEFORE)
    assert follow(BEFORE, told("DeleteSecurityGroup", {})) == Step(None)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (
            {"ipProtocol": "6", "fromPort": 22, "toPort": 23, "cidrIpv6": "2600:0::1/40"},
            ("tcp", 22, 23, "CidrIpv6", "2600::/40"),
        ),
        (
            {"IpProtocol": "udp", "FromPort": "53", "ToPort": "54", "CidrIpv4": "1.2.3.4/8"},
            ("udp", 53, 54, "CidrIpv4", "1.0.0.0/8"),
        ),
        ({"ipProtocol": "icmp", "fromPort": 8, "toPort": "x", "cidrIp": "::/0"}, ("icmp", 8, -1, "CidrIpv4", "::/0")),
        ({"ipProtocol": "icmpv6", "fromPort": 128, "cidrIpv6": "::/0"}, ("icmpv6", 128, -1, "CidrIpv6", "::/0")),
        (
            {"ipProtocol": "50", "fromPort": 8, "toPort": 8, "prefixListId": "pl-1"},
            ("50", -1, -1, "PrefixListId", "pl-1"),
        ),
        ({"ipProtocol": "-1", "groupId": "sg-1"}, ("-1", -1, -1, "ReferencedGroupInfo", {"GroupId": "sg-1"})),
        (
            {"ipProtocol": "-1", "referencedGroupInfo": {"groupId": "sg-1"}},
            ("-1", -1, -1, "ReferencedGroupInfo", {"GroupId": "sg-1"}),
        ),
        ({"ipProtocol": "-1", "referencedGroupId": "sg-1"}, ("-1", -1, -1, "ReferencedGroupInfo", {"GroupId": "sg-1"})),
    ],
)
def test_a_rule_is_read_in_each_spelling_of_a_record(said: dict[str, Any], fields: tuple[Any, ...]) -> None:
    protocol, first, last, source, value = fields
    assert claimed_rule("sgr-1", said).row == {
        "SecurityGroupRuleId": "sgr-1",
        "IsEgress": False,
        "IpProtocol": protocol,
        "FromPort": first,
        "ToPort": last,
        source: value,
    }


def test_what_is_no_range_is_an_error_that_says_so() -> None:
    with pytest.raises(EventError) as refused:
        claimed_rule("sgr-1", {"ipProtocol": "tcp", "cidrIp": "10.0.0.0/33"})
    assert str(refused.value) == (
        "A rule's source is no CIDR range: '10.0.0.0/33' does not appear to be an IPv4 or IPv6 network."
    )


@pytest.mark.parametrize(
    ("plural", "source", "field", "value"),
    [
        ("ipRanges", {"cidrIp": "1.0.0.0/8"}, "CidrIpv4", "1.0.0.0/8"),
        ("ipv6Ranges", {"cidrIpv6": "::/0"}, "CidrIpv6", "::/0"),
        ("prefixListIds", {"prefixListId": "pl-1"}, "PrefixListId", "pl-1"),
        ("groups", {"groupId": "sg-1"}, "ReferencedGroupInfo", {"GroupId": "sg-1"}),
    ],
)
def test_a_permission_has_a_rule_for_each_of_its_sources(plural: str, source: Any, field: str, value: Any) -> None:
    ports = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    request = {"ipPermissions": {"items": [{**ports, plural: {"items": [source]}}]}}
    facts = follow(EMPTY, told("AuthorizeSecurityGroupIngress", request)).facts
    assert facts is not None
    assert [rule.row[field] for rule in facts.rules] == [value]
