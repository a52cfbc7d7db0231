"""What records tell of a group is what AWS answers about it: followed call by call, against strict security groups."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import FOLLOWED, Step, follow
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall
from cloudmend.core.wrappings import parse_events
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Vpc
from cloudmend.local.ec2_records import record
from event_fixtures import EVENTS
from local.wire_calls import wire_call

VPC = Vpc("vpc-0123456789abcdef0", "172.31.0.0/16", is_default=False)
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD = {**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


class Followed:
    """A group in an account in memory, and what its records tell of it."""

    def __init__(self) -> None:
        self.groups = SecurityGroups("111122223333", "eu-west-1", lambda: [VPC])
        self.facts: GroupFacts | None = GroupFacts(account="111122223333", image={}, group_id="", rules=())
        self.older: tuple[str, ...] = ()
        self._numbers = count()
        created = self.call("CreateSecurityGroup", GroupName="web", Description="test", VpcId=VPC.id)
        self.id: str = created["GroupId"]

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        result = self.groups.call(operation, params)
        call = api_call(record(wire_call(operation, params, result=result, event_id=f"e-{next(self._numbers)}")))
        assert self.facts
        step = follow(self.facts, call)
        self.facts, self.older = step.facts, step.older
        return result

    def unseen(self, operation: str, **params: Any) -> dict[str, Any]:
        """A call that no record tells of."""
        return self.groups.call(operation, params)

    def rows(self, *, is_egress: bool = False) -> list[dict[str, Any]]:
        filters = [{"Name": "group-id", "Values": [self.id]}]
        rows = self.groups.call("DescribeSecurityGroupRules", {"Filters": filters})["SecurityGroupRules"]
        return [row for row in rows if row["IsEgress"] == is_egress]


def api_call(event: Any) -> ApiCall:
    (call,) = parse_events(event)
    assert isinstance(call, ApiCall)
    return call


def known(facts: GroupFacts | None) -> set[tuple[str, str]]:
    assert facts
    return {(rule.id, str(rule)) for rule in facts.ingress}


def as_answered(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["SecurityGroupRuleId"], str(Rule(row))) for row in rows}


permissions = st.builds(
    lambda ports, source: {**ports, **source},
    st.sampled_from(
        [
            SSH,
            {"IpProtocol": "6", "FromPort": 0, "ToPort": 65535},
            {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53},
            {"IpProtocol": "-1"},
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1},
        ]
    ),
    st.sampled_from(
        [
            {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpRanges": [{"CidrIp": "100.68.0.18/18", "Description": "}]},"}, {"CidrIp": "10.0.0.0/8"}]},
            {"Ipv6Ranges": [{"CidrIpv6": "::/0"}], "IpRanges": [{"CidrIp": "1.2.3.4/32"}]},
        ]
    ),
)
operations = st.lists(st.tuples(st.sampled_from(["in", "out", "by id", "by rule", "modify"]), permissions), max_size=8)


@given(operations)
def test_after_any_calls_the_records_tell_the_rules_that_aws_answers(steps: list[tuple[str, dict[str, Any]]]) -> None:
    followed = Followed()
    for what, permission in steps:
        try:
            _do(followed, what, permission)
        except Ec2Error:  # refused: it changed nothing, and its record is none of a success
            continue
        assert known(followed.facts) == as_answered(followed.rows())
        assert not followed.older


def _do(followed: Followed, what: str, permission: dict[str, Any]) -> None:
    rows = followed.rows()
    if what == "in":
        followed.call("AuthorizeSecurityGroupIngress", GroupId=followed.id, IpPermissions=[permission])
    elif what == "out":
        followed.call("AuthorizeSecurityGroupEgress", GroupId=followed.id, IpPermissions=[permission])
    elif what == "by rule":
        followed.call("RevokeSecurityGroupIngress", GroupId=followed.id, IpPermissions=[permission])
    elif rows and what == "by id":
        followed.call(
            "RevokeSecurityGroupIngress", GroupId=followed.id, SecurityGroupRuleIds=[rows[0]["SecurityGroupRuleId"]]
        )
    elif rows and "CidrIpv4" in rows[0]:
        rule = {**SSH, "CidrIpv4": permission["IpRanges"][0]["CidrIp"]}
        update = {"SecurityGroupRuleId": rows[0]["SecurityGroupRuleId"], "SecurityGroupRule": rule}
        followed.call("ModifySecurityGroupRules", GroupId=followed.id, SecurityGroupRules=[update])


def test_an_egress_rule_that_was_modified_is_no_ingress() -> None:
    followed = Followed()
    followed.call("AuthorizeSecurityGroupEgress", GroupId=followed.id, IpPermissions=[WORLD])
    (row,) = [row for row in followed.rows(is_egress=True) if row["IpProtocol"] == "tcp"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23, "CidrIpv4": "0.0.0.0/0"}
    update = {"SecurityGroupRuleId": row["SecurityGroupRuleId"], "SecurityGroupRule": rule}
    followed.call("ModifySecurityGroupRules", GroupId=followed.id, SecurityGroupRules=[update])
    assert known(followed.facts) == set()
    assert not followed.older
    followed.call("RevokeSecurityGroupEgress", GroupId=followed.id, IpPermissions=[{**WORLD, "ToPort": 23}])
    assert followed.facts
    assert followed.facts.rules == ()


def test_a_rule_that_is_older_than_the_records_is_told_as_such() -> None:
    followed = Followed()
    followed.unseen("AuthorizeSecurityGroupIngress", GroupId=followed.id, IpPermissions=[WORLD])
    (rule_id,) = [row["SecurityGroupRuleId"] for row in followed.rows()]
    update = {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {**SSH, "CidrIpv4": "0.0.0.0/1"}}
    followed.call("ModifySecurityGroupRules", GroupId=followed.id, SecurityGroupRules=[update])
    assert followed.older == (rule_id,)
    assert known(followed.facts) == {(rule_id, "tcp/22 from 0.0.0.0/1")}


def test_revoking_what_is_older_than_the_records_is_told_as_such() -> None:
    followed = Followed()
    followed.unseen("AuthorizeSecurityGroupIngress", GroupId=followed.id, IpPermissions=[WORLD])
    followed.call("RevokeSecurityGroupIngress", GroupId=followed.id, IpPermissions=[WORLD])
    assert len(followed.older) == 1
    assert known(followed.facts) == set()


def test_a_group_that_was_deleted_is_gone_and_the_vpc_is_known_of_one_that_was_created() -> None:
    followed = Followed()
    assert followed.facts
    assert followed.facts.vpc_id == VPC.id
    followed.call("DeleteSecurityGroup", GroupId=followed.id)
    assert followed.facts is None


OPENED = {
    "flat",
    "before-2021",
    "hand-made-boto-casing",
    "hand-made-items-an-object",
    "hand-made-lists-in-place-of-items",
    "hand-made-ports-as-strings",
    "request-as-a-string",
    "nested",
    "by-name",
    "modify-one-rule",
    "nested-all-traffic-with-ports-0-to-65535",
    "nested-all-traffic-without-ports",
}


@pytest.mark.parametrize("name", sorted(OPENED))
def test_a_rule_is_found_in_each_of_the_shapes_that_records_have_had(name: str) -> None:
    facts = followed_alone(name).facts
    assert facts
    assert any(rule.traffic.first <= 22 <= rule.traffic.last and rule.source == "0.0.0.0/0" for rule in facts.ingress)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_shape_of_an_event_crashes_it(name: str) -> None:
    for call in parse_events(EVENTS[name]):
        if isinstance(call, ApiCall) and call.name in FOLLOWED:
            assert follow(empty(), call).facts


def test_a_revocation_in_the_flat_form_closes_what_it_describes() -> None:
    opened = followed_alone("flat").facts
    call = api_call(EVENTS["flat"])
    assert opened
    assert follow(opened, replaced(call, "RevokeSecurityGroupIngress")).facts == empty(opened.group_id)


def test_a_source_that_is_no_range_is_an_error_that_says_so() -> None:
    call = ApiCall(
        event_id="e-1",
        source="ec2.amazonaws.com",
        name="AuthorizeSecurityGroupIngress",
        time=None,
        account="111122223333",
        region="eu-west-1",
        request={"groupId": "sg-05fe30eb67c909f27", "cidrIp": "10.0.0.0/33", "ipProtocol": "tcp"},
    )
    with pytest.raises(EventError, match=r"A rule's source is no CIDR range: '10\.0\.0\.0/33'"):
        follow(empty(), call)


def empty(group_id: str = "sg-05fe30eb67c909f27") -> GroupFacts:
    return GroupFacts(account="111122223333", image={}, group_id=group_id, rules=())


def followed_alone(name: str) -> Step:
    return follow(empty(), api_call(EVENTS[name]))


def replaced(call: ApiCall, name: str) -> ApiCall:
    return ApiCall(
        event_id="e-2",
        source=call.source,
        name=name,
        time=call.time,
        account=call.account,
        region=call.region,
        request=call.request,
    )


def test_rules_of_a_response_without_ids_are_told_apart_by_their_place_in_the_request() -> None:
    """Until 2021 the response had none."""
    ranges = {"items": [{"cidrIp": "0.0.0.0/0"}, {"cidrIp": "10.0.0.0/8"}]}
    permission = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": ranges}
    call = ApiCall(
        event_id="e",
        source="ec2.amazonaws.com",
        name="AuthorizeSecurityGroupIngress",
        time=None,
        account="",
        region="",
        request={"ipPermissions": {"items": [permission]}},
    )
    facts = follow(empty(), call).facts
    assert facts is not None
    assert {rule.id: rule.source for rule in facts.rules} == {"e/0": "0.0.0.0/0", "e/1": "10.0.0.0/8"}
