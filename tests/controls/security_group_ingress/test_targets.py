"""Where to look: the group, the prefix list or the Region that an event of EC2's names, in its two encodings."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.security_group_ingress.targets import PREFIX_LIST_EVENTS, targets
from cloudmend.core.errors import EventError
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall, Resource

GROUP = "sg-05fe30eb67c909f27"
LIST = "pl-0d52e8b7136fa94c0"
RULE, RULE_2 = "sgr-0aaaaaaaaaaaaaaa1", "sgr-0aaaaaaaaaaaaaaa2"


def row(rule_id: str) -> dict[str, Any]:
    return {"securityGroupRuleId": rule_id, "groupId": GROUP, "isEgress": False, "ipProtocol": "tcp", "fromPort": 22}


def wrapped(*rules: Any) -> dict[str, Any]:
    several: Any = list(rules) if len(rules) > 1 else rules[0]
    return {"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": several}}


def update(rule_id: str, tag: int) -> dict[str, Any]:
    return {"SecurityGroupRuleId": rule_id, "tag": tag, "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0"}}


NESTED = {
    "groupId": GROUP,
    "ipPermissions": {
        "items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]
    },
}
FLAT = {"groupId": GROUP, "cidrIp": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipPermissions": {}}

SHAPES: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "nested": (NESTED, {"_return": True, "securityGroupRuleSet": {"items": [row(RULE)]}}, (RULE,)),
    "nested, several rules": (NESTED, {"securityGroupRuleSet": {"items": [row(RULE), row(RULE_2)]}}, (RULE, RULE_2)),
    "nested, before 2021": (NESTED, {"_return": True}, ()),
    "flat": (FLAT, {"securityGroupRuleSet": {"items": [row(RULE)]}}, (RULE,)),
    "by name, the id only in the response": (
        {"groupName": "web", "ipPermissions": {}},
        {"securityGroupRuleSet": {"items": [row(RULE)]}},
        (RULE,),
    ),
    "modify, one rule": (wrapped(update(RULE, 1)), {"ModifySecurityGroupRulesResponse": {"return": True}}, (RULE,)),
    "modify, several rules": (wrapped(update(RULE, 1), update(RULE_2, 2)), {}, (RULE, RULE_2)),
    "modify, no rule": ({"ModifySecurityGroupRulesRequest": {"GroupId": GROUP, "SecurityGroupRule": ""}}, {}, ()),
    "a list in place of items": (
        {"groupId": GROUP, "ipPermissions": []},
        {"securityGroupRuleSet": [row(RULE)]},
        (RULE,),
    ),
    "the SDK's casing": ({"GroupId": GROUP, "IpPermissions": []}, None, ()),
    "rows that are no objects": ({"groupId": GROUP}, {"securityGroupRuleSet": {"items": ["x", None, 7]}}, ()),
}


def call(request: Any, response: Any, name: str = "ModifySecurityGroupRules") -> ApiCall:
    detail = {"eventID": "e-1", "eventName": name, "requestParameters": request, "responseElements": response}
    parsed = parse_event({"region": "eu-west-1", "detail": detail})
    assert isinstance(parsed, ApiCall)
    return parsed


@pytest.mark.parametrize(("request_", "response", "rules"), SHAPES.values(), ids=SHAPES.keys())
def test_the_group_and_its_rules_are_found_in_every_shape(request_: Any, response: Any, rules: tuple[str, ...]) -> None:
    assert targets(call(request_, response)) == (Resource(type="AWS::EC2::SecurityGroup", id=GROUP, parts=rules),)


def test_the_most_telling_place_wins() -> None:
    other = "sg-0bbbbbbbbbbbbbbb2"
    response = {"groupId": other, "securityGroupRuleSet": {"items": [{**row(RULE), "groupId": other}]}}
    request = {"groupId": GROUP, "groupName": "web", **wrapped(update(RULE, 1))}
    assert [resource.id for resource in targets(call(request, response))] == [GROUP]
    assert [resource.id for resource in targets(call({"groupName": "web"}, response))] == [other]
    response["groupId"] = GROUP
    assert [resource.id for resource in targets(call({"groupName": "web"}, response))] == [GROUP]


@pytest.mark.parametrize("key", ["groupName", "GroupName"])
def test_a_call_by_name_alone_names_a_group_of_the_default_vpc(key: str) -> None:
    response = {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": RULE}]}}
    assert targets(call({key: "web"}, None)) == (Resource(type="AWS::EC2::SecurityGroup", name="web"),)
    assert targets(call({key: "web"}, response)) == (
        Resource(type="AWS::EC2::SecurityGroup", name="web", parts=(RULE,)),
    )


@pytest.mark.parametrize("name", ["ModifySecurityGroupRules", *sorted(PREFIX_LIST_EVENTS)])
@pytest.mark.parametrize(
    "request_", [None, {}, {"groupId": None}, {"groupId": ["x"]}, {"ipPermissions": {"items": []}}]
)
def test_a_call_that_names_nothing_may_have_changed_anything_in_the_region(request_: Any, name: str) -> None:
    assert targets(call(request_, None, name)) == (Resource(type="AWS::Region", id="eu-west-1"),)


@pytest.mark.parametrize("name", sorted(PREFIX_LIST_EVENTS))
@pytest.mark.parametrize(
    ("request_", "response"),
    [
        ({"{}Request": {"PrefixListId": LIST}}, None),
        ({"prefixListId": LIST}, None),
        ({"PrefixListId": LIST}, None),
        (None, {"{}Response": {"prefixList": {"prefixListId": LIST}}}),
    ],
)
def test_a_changed_prefix_list_is_found_in_every_place(name: str, request_: Any, response: Any) -> None:
    def spelled(shape: Any) -> Any:
        return shape and {key.format(name): value for key, value in shape.items()}

    found = targets(call(spelled(request_), spelled(response), name))
    assert found == (Resource(type="AWS::EC2::PrefixList", id=LIST),)


@pytest.mark.parametrize("group_id", ["[your id]", "sg-", "sg-XYZ", "sg-05fe30eb67c909f27 ", "GROUP_ID", "sg-1*", LIST])
def test_what_is_no_group_id_is_an_error_that_shows_it(group_id: str) -> None:
    with pytest.raises(
        EventError, match=r"is not a group id\. Put an id .* into requestParameters\.groupId"
    ) as refusal:
        targets(call({"groupId": group_id}, None))
    assert repr(group_id) in str(refusal.value)


def test_an_event_without_an_id_is_told_by_its_name() -> None:
    nameless = parse_event({"detail": {"eventName": "X", "requestParameters": {"groupId": "sg-"}}})
    assert isinstance(nameless, ApiCall)
    with pytest.raises(EventError, match=r"^Event \(no id\) \(X\) names the security group 'sg-', which is not"):
        targets(nameless)


def test_what_is_no_prefix_list_id_is_an_error_that_says_where_it_belongs() -> None:
    place = r"requestParameters\.ModifyManagedPrefixListRequest\.PrefixListId"
    with pytest.raises(EventError, match=rf"'{GROUP}', which is not a prefix list id\. Put an id .* into {place}\."):
        targets(call({"prefixListId": GROUP}, None, "ModifyManagedPrefixList"))
