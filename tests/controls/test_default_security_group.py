"""Default security groups: what counts, who uses them, what is sent, and which events are about them."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.default_security_group import CONTROL
from cloudmend.core.contract import Finding, NoSettings, State, View, after
from cloudmend.core.model import ApiCall, Json, Resource, Step
from cloudmend.core.planning import calls, plan, same_parts
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

ID, OTHER, VPC = "sg-0123456789abcdef0", "sg-0123456789abcdef1", "vpc-1"
GROUP = Resource(type="AWS::EC2::SecurityGroup", id=ID, account=ACCOUNT, region=REGION)
HERE: dict[str, Any] = {"account": ACCOUNT, "region": REGION}


def rule(number: int, *, egress: bool = False, **source: Any) -> Json:
    said = {"SecurityGroupRuleId": f"sgr-{number}", "GroupId": ID, "GroupOwnerId": ACCOUNT, "IsEgress": egress}
    return {**said, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, **source}


def member(group_id: str = ID) -> Json:
    return {"ReferencedGroupInfo": {"GroupId": group_id, "UserId": ACCOUNT}}


SELF = rule(1, **member())
OUT = rule(2, egress=True, CidrIpv4="0.0.0.0/0")
TAGGED = {**rule(3, **member(OTHER)), "Description": "the web", "Tags": [{"Key": "team", "Value": "web"}]}
OPEN = rule(4, CidrIpv4="0.0.0.0/0")
LISTED = rule(5, PrefixListId="pl-1")
OUT_TO_LIST = rule(6, egress=True, PrefixListId="pl-1")


class Ec2:
    """A Reader that answers what it is asked, with one group, its rules, and its interfaces."""

    def __init__(self, *rules: Json, name: str = "default", interfaces: int = 0, **row: Any) -> None:
        groups = [{"GroupId": ID, "GroupName": name, "VpcId": VPC, "OwnerId": ACCOUNT, **row}]
        users = [{"NetworkInterfaceId": f"eni-{number}", "Groups": [{"GroupId": ID}]} for number in range(interfaces)]
        others = [{"NetworkInterfaceId": "eni-of-another", "Groups": [{"GroupId": OTHER}]}]
        self.answers = {
            "SecurityGroups": groups,
            "SecurityGroupRules": list(rules),
            "NetworkInterfaces": [*others, *users],
        }
        self.asked: list[Call] = []

    def begin(self, read: Any) -> Any:
        return read

    def rows(self, call: Call, key: str, **_: Any) -> Any:
        self.asked.append(call)
        return self.answers[key]


def read(*rules: Json, **of: Any) -> State | None:
    reader: Any = Ec2(*rules, **of)
    return CONTROL.read(GROUP, reader, NoSettings())


def view(*rules: Json, **of: Any) -> View:
    state = read(*rules, **of)
    assert state
    return View(resource=GROUP, state=state, cause=call("Sweep"), now=NOW)


def judged(*rules: Json, **of: Any) -> list[Finding]:
    return list(CONTROL.judge(view(*rules, **of), NoSettings()))


def call(name: str, request: Any = None, response: Any = None) -> ApiCall:
    here = {"source": "ec2.amazonaws.com", "event_id": "one", "time": NOW, **HERE}
    return ApiCall(name=name, request=request or {}, response=response or {}, **here)


def sent(now: State, then: Any) -> list[tuple[str, Json]]:
    return [(each.operation, each.params) for each in calls(CONTROL, GROUP, now, then)]


def test_aws_s_own_two_rules_count_and_so_does_all_egress() -> None:
    found = judged(OUT, SELF, OUT_TO_LIST)
    assert [(each.part, each.mended, each.is_due) for each in found] == [
        ("sgr-1", None, True),
        ("sgr-2", None, True),
        ("sgr-6", None, True),
    ]
    assert found[0].why == (
        "the default security group of a VPC allows all traffic from its own members, and should allow nothing"
    )
    assert "all traffic to 0.0.0.0/0" in found[1].why


def test_ingress_from_ranges_and_prefix_lists_is_another_control_s_and_no_mend_touches_it() -> None:
    state = read(OPEN, LISTED, SELF)
    assert state
    assert list(state.parts) == ["sgr-1"]
    assert sent(state, {}) == [("RevokeSecurityGroupIngress", {"GroupId": ID, "SecurityGroupRuleIds": ["sgr-1"]})]
    assert judged(OPEN, LISTED) == []


@pytest.mark.parametrize(
    ("interfaces", "told"), [(1, "(eni-0)"), (2, "(eni-0 and 1 more)"), (1200, "(eni-0 and 1,199 more)")]
)
def test_golden_case_38_a_group_that_an_interface_uses_is_only_reported(interfaces: int, told: str) -> None:
    found = judged(SELF, OUT, interfaces=interfaces)
    assert {each.restraint for each in found} == {f"a network interface uses it {told}, so its rules may be needed"}
    assert not any(each.is_due for each in found)


def test_golden_case_38_an_unused_group_is_emptied_with_a_call_for_each_direction_and_stays() -> None:
    seen = view(SELF, OUT, TAGGED)
    made = plan(CONTROL, seen, judged(SELF, OUT, TAGGED), NoSettings())
    assert made.then == {}
    assert sent(seen.state, made.then) == [
        ("RevokeSecurityGroupIngress", {"GroupId": ID, "SecurityGroupRuleIds": ["sgr-1", "sgr-3"]}),
        ("RevokeSecurityGroupEgress", {"GroupId": ID, "SecurityGroupRuleIds": ["sgr-2"]}),
    ]


def test_golden_case_38_the_undo_brings_each_rule_back_with_its_description_and_tags() -> None:
    emptied = State({}, context=())
    back = after({}, {row["SecurityGroupRuleId"]: row for row in (SELF, OUT, TAGGED)})
    any_, pair = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1}, {"GroupId": ID, "UserId": ACCOUNT}
    tags = [{"ResourceType": "security-group-rule", "Tags": TAGGED["Tags"]}]
    web = {"GroupId": OTHER, "UserId": ACCOUNT, "Description": "the web"}
    assert sent(emptied, back) == [
        (
            "AuthorizeSecurityGroupIngress",
            {"GroupId": ID, "IpPermissions": [{**any_, "UserIdGroupPairs": [pair]}]},
        ),
        (
            "AuthorizeSecurityGroupEgress",
            {"GroupId": ID, "IpPermissions": [{**any_, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
        ),
        (
            "AuthorizeSecurityGroupIngress",
            {"GroupId": ID, "IpPermissions": [{**any_, "UserIdGroupPairs": [web]}], "TagSpecifications": tags},
        ),
    ]


def test_a_rule_under_a_new_id_is_the_same_and_one_of_another_direction_or_group_is_not() -> None:
    anew = {**SELF, "SecurityGroupRuleId": "sgr-9"}
    assert same_parts(CONTROL, {"sgr-1": SELF, "sgr-2": OUT}, {"sgr-2": OUT, "sgr-9": anew})
    assert not same_parts(CONTROL, {"sgr-1": SELF}, {"sgr-1": {**SELF, "IsEgress": True}})
    assert not same_parts(CONTROL, {"sgr-1": SELF}, {"sgr-1": {**SELF, **member(OTHER)}})
    assert not same_parts(CONTROL, {"sgr-1": SELF}, {})


def test_a_group_of_another_name_is_none_of_this_control_s() -> None:
    reader: Any = Ec2(SELF, OUT, name="web")
    assert CONTROL.read(GROUP, reader, NoSettings()) is None
    assert [each.operation for each in reader.asked] == ["DescribeSecurityGroups"]


def test_its_owner_and_vpc_are_known() -> None:
    state = read(SELF, OwnerId="444455556666")
    assert state
    assert (state.owner, state.labels) == ("444455556666", {"vpc": VPC})


def permitted(**sources: Any) -> Json:
    return {"groupId": ID, "ipPermissions": {"items": [{"ipProtocol": "tcp", **sources}]}}


def modified(**rule_: Any) -> Json:
    row = {"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": rule_}
    return {"ModifySecurityGroupRulesRequest": {"GroupId": ID, "SecurityGroupRule": row}}


RANGE = {"items": [{"cidrIp": "0.0.0.0/0"}]}
PAIR = {"items": [{"groupId": OTHER}]}


@pytest.mark.parametrize(
    ("name", "request_", "response", "is_about"),
    [
        ("AuthorizeSecurityGroupIngress", permitted(ipRanges=RANGE, groups={}), {}, False),
        ("AuthorizeSecurityGroupIngress", permitted(ipRanges=RANGE, groups=PAIR), {}, True),
        ("AuthorizeSecurityGroupIngress", permitted(groups=PAIR), {}, True),
        ("AuthorizeSecurityGroupIngress", {"groupId": ID, "cidrIp": "0.0.0.0/0", "ipPermissions": {}}, {}, False),
        ("AuthorizeSecurityGroupIngress", {"groupId": ID, "sourceSecurityGroupName": "web"}, {}, True),
        (
            "AuthorizeSecurityGroupIngress",
            {"groupId": ID},
            {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-1", "referencedGroupInfo": {}}]}},
            False,
        ),
        (
            "AuthorizeSecurityGroupIngress",
            {"groupId": ID},
            {
                "securityGroupRuleSet": {
                    "items": [{"securityGroupRuleId": "sgr-1", "referencedGroupInfo": {"groupId": OTHER}}]
                }
            },
            True,
        ),
        ("AuthorizeSecurityGroupEgress", permitted(ipRanges=RANGE), {}, True),
        ("ModifySecurityGroupRules", modified(CidrIpv4="0.0.0.0/0"), {}, False),
        ("ModifySecurityGroupRules", modified(ReferencedGroupId=OTHER), {}, True),
    ],
)
def test_an_event_of_ranges_alone_wakes_only_the_control_of_ranges(
    name: str, request_: Json, response: Json, is_about: bool
) -> None:
    found = resources(CONTROL, call(name, request_, response))
    assert [each.id for each in found] == [ID] * is_about


def test_the_rules_that_an_event_names_are_those_from_groups_and_egress() -> None:
    rows = [
        {"securityGroupRuleId": "sgr-1", "cidrIpv4": "0.0.0.0/0", "isEgress": False},
        {"securityGroupRuleId": "sgr-2", "referencedGroupInfo": {"groupId": OTHER}, "isEgress": False},
        {"securityGroupRuleId": "sgr-3", "cidrIpv4": "0.0.0.0/0", "isEgress": True},
    ]
    event = call("AuthorizeSecurityGroupIngress", {"groupId": ID}, {"securityGroupRuleSet": {"items": rows}})
    (found,) = resources(CONTROL, event)
    assert found.parts == ("sgr-2", "sgr-3")
    assert CONTROL.unseen
    assert CONTROL.unseen(event, found, {"parts": {"sgr-2": SELF}}) == {"sgr-3": "sgr-3"}
    assert CONTROL.unseen(event, found, None) == {ID: f"{ID} itself"}


@pytest.mark.parametrize(
    ("name", "response", "found"),
    [
        ("CreateVpc", {"vpc": {"vpcId": VPC}}, ("AWS::EC2::VPC", VPC)),
        ("CreateDefaultVpc", {"CreateDefaultVpcResponse": {"vpc": {"vpcId": VPC}}}, ("AWS::EC2::VPC", VPC)),
        ("CreateVpc", {}, ("AWS::EC2::SecurityGroup", "")),
        ("AuthorizeSecurityGroupIngress", {}, ("AWS::EC2::SecurityGroup", "")),
    ],
)
def test_a_new_vpc_leads_to_its_group_and_an_event_that_names_nothing_to_the_region(
    name: str, response: Json, found: tuple[str, str]
) -> None:
    assert [(each.type, each.id) for each in resources(CONTROL, call(name, {}, response))] == [found]


NAMED = {"Name": "group-name", "Values": ["default"]}


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (Resource(type="AWS::EC2::VPC", id=VPC, **HERE), [{"Name": "vpc-id", "Values": [VPC]}]),
        (GROUP, [{"Name": "group-id", "Values": [ID]}]),
        (Resource(type="AWS::EC2::SecurityGroup", name="default", **HERE), []),
    ],
)
def test_what_an_event_names_leads_to_a_default_group_with_one_call(target: Resource, more: list[Any]) -> None:
    reader: Any = Ec2()
    assert CONTROL.every
    (found,) = CONTROL.every(target, reader, NoSettings())
    assert found == Resource(type="AWS::EC2::SecurityGroup", id=ID, account=ACCOUNT)
    assert reader.asked == [Call("ec2", "DescribeSecurityGroups", {"Filters": [NAMED, *more]})]


def test_a_group_that_an_event_names_otherwise_leads_nowhere_without_a_call() -> None:
    reader: Any = Ec2()
    assert CONTROL.every
    assert list(CONTROL.every(Resource(type="AWS::EC2::SecurityGroup", name="web", **HERE), reader, NoSettings())) == []
    assert reader.asked == []


@pytest.mark.parametrize(
    ("row", "is_listed"),
    [
        ({}, False),
        ({"IpPermissions": [{"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}]}, False),
        ({"IpPermissions": [{"UserIdGroupPairs": [{"GroupId": ID}]}]}, True),
        ({"IpPermissionsEgress": [{"IpProtocol": "-1"}]}, True),
    ],
)
def test_a_sweep_lists_the_groups_that_allow_anything_with_one_call(row: Json, is_listed: bool) -> None:
    reader: Any = Ec2(**row)
    assert CONTROL.every
    found = list(CONTROL.every(Resource(type="AWS::Region", id=REGION, **HERE), reader, NoSettings()))
    assert len(found) == is_listed
    assert reader.asked == [Call("ec2", "DescribeSecurityGroups", {"Filters": [NAMED]})]


def test_several_groups_are_read_with_three_calls() -> None:
    reader: Any = Ec2(SELF, OUT)
    assert CONTROL.read_many
    states = CONTROL.read_many([GROUP, Resource(type=GROUP.type, id=OTHER, **HERE)], reader, NoSettings())
    assert list(states) == [ID]
    assert [each.operation for each in reader.asked] == [
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribeNetworkInterfaces",
    ]


def test_what_was_done_and_what_is_clear_is_said_in_words() -> None:
    assert CONTROL.did
    assert CONTROL.clear
    assert CONTROL.did(Step("sgr-1", SELF, None)) == "revoked all traffic from its own members"
    assert CONTROL.did(Step("sgr-3", None, TAGGED)) == f"authorized all traffic from {OTHER}"
    assert CONTROL.clear(GROUP, None, NoSettings()) == "it is not the default security group of a VPC"
    told = "no default security group allows anything, but for ingress from ranges and prefix lists"
    assert CONTROL.clear(GROUP, read(OPEN), NoSettings()) == told
    assert CONTROL.clear(Resource(type="AWS::Region", id=REGION), None, NoSettings()) == told


def test_the_rights_are_to_revoke_and_a_person_s_to_authorize() -> None:
    assert {right.action for right in CONTROL.writes} == {
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    }
    tagging = next(right for right in CONTROL.undoes if right.action == "ec2:CreateTags")
    assert tagging.conditions == {
        "StringEquals": {"ec2:CreateAction": ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"]}
    }
