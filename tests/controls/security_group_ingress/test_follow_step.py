"""A group as its records tell it: its rules, since when each is known, and which states are judged alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.groups import GROUP, Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency
from cloudmend.controls.security_group_ingress.follow import FOLLOW, state_of
from cloudmend.core.contract import Followed, State
from cloudmend.core.model import ApiCall, Resource
from support import ACCOUNT, NOW, policy, settings_in

SG = Resource(type=GROUP, id="sg-05fe30eb67c909f27", account=ACCOUNT)
LATER = NOW + timedelta(hours=1)


def row(rule_id: str, cidr: str = "0.0.0.0/0", *, is_egress: bool = False) -> dict[str, Any]:
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    return {"SecurityGroupRuleId": rule_id, "IsEgress": is_egress, **ports, "CidrIpv4": cidr}


def call(name: str, *rows: dict[str, Any], **request: Any) -> ApiCall:
    """The record of a call whose response has these rules."""
    told = [{key[0].lower() + key[1:]: value for key, value in each.items()} for each in rows]
    response = {"securityGroupRuleSet": {"items": told}}
    ids: dict[str, Any] = {"time": NOW, "account": ACCOUNT, "region": "eu-west-1"}
    return ApiCall(event_id="e", source="ec2.amazonaws.com", name=name, request=request, response=response, **ids)


def facts(*rows: dict[str, Any], **known: Any) -> GroupFacts:
    recency = Recency(known_since={key.replace("_", "-"): time for key, time in known.items()})
    return GroupFacts(account=ACCOUNT, image={}, group_id=SG.id, rules=tuple(map(Rule, rows)), recency=recency)


def state(*rows: dict[str, Any], vpc: str = "", **known: Any) -> State:
    parts = {each["SecurityGroupRuleId"]: each for each in rows if not each["IsEgress"]}
    context = replace(facts(*rows, **known), vpc_id=vpc)
    return State(parts, context=context, owner=ACCOUNT, labels={"vpc": vpc} if vpc else {})


def test_a_state_has_the_ingress_rules_the_owner_and_the_vpc_if_it_is_known() -> None:
    rows = (row("sgr-1"), row("sgr-2", is_egress=True))
    assert state_of(facts(*rows)) == state(*rows)
    assert state_of(replace(facts(*rows), vpc_id="vpc-1")) == state(*rows, vpc="vpc-1")


def test_what_a_call_adds_or_changes_is_known_since_then_and_what_it_leaves_since_before() -> None:
    before = state(row("sgr-1"), row("sgr-2"), sgr_1=NOW, sgr_2=NOW)
    opened = call("AuthorizeSecurityGroupIngress", row("sgr-2", "10.0.0.0/8"), row("sgr-3"))
    after = state(row("sgr-1"), row("sgr-2", "10.0.0.0/8"), row("sgr-3"), sgr_1=NOW, sgr_2=LATER, sgr_3=LATER)
    assert FOLLOW.step(before, SG, opened, LATER) == Followed(after)


def test_of_a_group_that_is_first_heard_of_its_call_is_all_that_is_known() -> None:
    opened = call("AuthorizeSecurityGroupIngress", row("sgr-1"))
    assert FOLLOW.step(None, SG, opened, NOW) == Followed(state(row("sgr-1"), sgr_1=NOW))
    made = call("CreateSecurityGroup", vpcId="vpc-1")
    assert FOLLOW.step(None, SG, made, NOW) == Followed(state(vpc="vpc-1"))


def test_of_a_group_without_rules_and_vpc_nothing_need_be_known() -> None:
    closed = call("RevokeSecurityGroupIngress", securityGroupRuleIds={"items": ["sgr-1", "sgr-9"]})
    assert FOLLOW.step(state(row("sgr-1"), sgr_1=NOW), SG, closed, LATER) == Followed(None, ("sgr-9",))
    both = state(row("sgr-1"), row("sgr-2"), sgr_1=NOW, sgr_2=NOW)
    assert FOLLOW.step(both, SG, closed, LATER) == Followed(state(row("sgr-2"), sgr_2=NOW), ("sgr-9",))
    assert FOLLOW.step(both, SG, call("DeleteSecurityGroup"), LATER) == Followed(None)


def test_states_are_alike_whatever_their_ids_and_times_if_the_order_of_age_is_the_same() -> None:
    wide, narrow = "0.0.0.0/0", "10.0.0.0/8"
    one = state(row("sgr-1", wide), row("sgr-2", narrow), sgr_1=NOW, sgr_2=LATER)
    same = state(row("sgr-3", wide), row("sgr-4", narrow), sgr_3=LATER, sgr_4=LATER + (LATER - NOW))
    assert FOLLOW.alike(one) == FOLLOW.alike(same)
    others = (
        state(row("sgr-1", wide), row("sgr-2", narrow), sgr_1=LATER, sgr_2=NOW),
        state(row("sgr-1", wide), row("sgr-2", narrow), sgr_1=NOW, sgr_2=NOW),
        state(row("sgr-1", wide), row("sgr-2", narrow), sgr_1=NOW),
        state(row("sgr-1", wide), row("sgr-2", narrow), sgr_2=NOW),
        state(row("sgr-1", wide), row("sgr-2", narrow)),
        state(row("sgr-1", narrow), row("sgr-2", wide), sgr_1=NOW, sgr_2=LATER),
    )
    assert len({FOLLOW.alike(each) for each in (one, *others)}) == 1 + len(others)
    assert hash(FOLLOW.alike(one)) == hash(FOLLOW.alike(same))


OWN_BLOCK = "The policy narrows to the VPC's own block, which the records do not show. Here such a rule is revoked."
VPCS = "The policy distinguishes VPCs, but the records show the VPC only of groups that were created in them."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", []),
        (f'control.{CONTROL.id}.replacement.ipv6 = "vpc"', [OWN_BLOCK]),
        ('mode.vpc.vpc-0123456789abcdef0 = "observe"', [VPCS]),
    ],
)
def test_what_the_records_are_too_poor_for_is_told(text: str, told: list[str]) -> None:
    assert FOLLOW.caveats
    assert list(FOLLOW.caveats(settings_in(policy(text)), policy(text))) == told
