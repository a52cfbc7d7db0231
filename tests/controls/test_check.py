"""The plan's check: each way in which a planner could go wrong is refused, and nothing is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.decide import check_parts
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Change, Edit, Finding, Plan, Request
from support import policy

GROUP = "sg-05fe30eb67c909f27"


def rule(number: int, cidr: str, port: int = 22, *, is_egress: bool = False) -> Rule:
    return Rule(
        {
            "SecurityGroupRuleId": f"sgr-{number}",
            "GroupId": GROUP,
            "IsEgress": is_egress,
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "CidrIpv4": cidr,
            "Description": "kept",
        }
    )


FACTS = GroupFacts(
    account="111122223333",
    image={},
    group_id=GROUP,
    rules=(rule(1, "0.0.0.0/0"), rule(2, "192.168.0.0/16"), rule(3, "0.0.0.0/0", 0, is_egress=True)),
)


def modify(rule_id: str = "sgr-1", **fields: Any) -> Request:
    whole = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "10.0.0.0/8",
        "Description": "kept",
        **fields,
    }
    rules = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": {k: v for k, v in whole.items() if v is not None}}]
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": GROUP, "SecurityGroupRules": rules})


def revoke(*rule_ids: str) -> Request:
    return Request("ec2:RevokeSecurityGroupIngress", {"GroupId": GROUP, "SecurityGroupRuleIds": list(rule_ids)})


def plan(*requests: Request) -> Plan:
    return Plan(tuple(Change(request=request, inverse=(), edits=()) for request in requests))


@pytest.mark.parametrize("request_", [modify(), modify(CidrIpv4="10.1.2.0/24"), revoke("sgr-1")])
def test_a_plan_that_closes_and_only_narrows_passes(request_: Request) -> None:
    CONTROL.check(FACTS, plan(request_), policy())


@pytest.mark.parametrize(
    ("plan_", "said"),
    [
        (plan(), "leave sgr-1 at fault"),
        (plan(modify(CidrIpv4="0.0.0.0/1")), "leave sgr-1 at fault"),
        (plan(modify(FromPort=20)), "change FromPort of sgr-1"),
        (plan(modify(ToPort=23)), "change ToPort of sgr-1"),
        (plan(modify(IpProtocol="udp")), "change IpProtocol of sgr-1"),
        (plan(modify(IpProtocol=None)), "change IpProtocol of sgr-1"),
        (plan(modify(FromPort=None)), "change FromPort of sgr-1"),
        (plan(modify(ToPort=None)), "change ToPort of sgr-1"),
        (plan(modify(CidrIpv4=None)), "widen sgr-1 from 0.0.0.0/0 to None"),
        (plan(modify(FromPort=20, ToPort=25)), "change FromPort, ToPort of sgr-1"),
        (plan(modify(Description=None)), "change Description of sgr-1"),
        (plan(modify(Description="other")), "change Description of sgr-1"),
        (plan(modify(CidrIpv4=None, CidrIpv6="fd00::/8")), "widen sgr-1"),
        (plan(modify(CidrIpv4=None, PrefixListId="pl-1")), "change PrefixListId of sgr-1"),
        (plan(modify(), modify("sgr-2")), "widen sgr-2 from 192.168.0.0/16 to 10.0.0.0/8"),
        (plan(modify(), revoke("sgr-3")), "change the egress rule sgr-3"),
        (plan(modify(), revoke("sgr-9")), "change sgr-9 twice, or a rule that the group does not have"),
        (plan(revoke("sgr-1"), revoke("sgr-1")), "change sgr-1 twice"),
        (plan(Request("ec2:DeleteSecurityGroup", {})), "call ec2:DeleteSecurityGroup"),
    ],
)
def test_an_unsafe_plan_is_refused_with_the_reason(plan_: Plan, said: str) -> None:
    with pytest.raises(UnsafePlan) as refusal:
        CONTROL.check(FACTS, plan_, policy())
    assert said in str(refusal.value)
    assert "Nothing was changed" in str(refusal.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"CidrIpv6": "::/0"}, "widen sgr-1 from ::/0 to None"),
        ({"PrefixListId": "pl-1"}, "change PrefixListId of sgr-1"),
        ({"ReferencedGroupInfo": {"GroupId": "sg-1"}}, "change ReferencedGroupInfo of sgr-1"),
    ],
)
def test_an_update_that_leaves_out_the_source_takes_it_away(source: dict[str, Any], said: str) -> None:
    row = {**FACTS.rules[0].row, **source}
    del row["CidrIpv4"]
    facts = msgspec.structs.replace(FACTS, rules=(Rule(row),))
    with pytest.raises(UnsafePlan, match=f"would {said}"):
        CONTROL.check(facts, plan(modify(CidrIpv4=None)), policy())


def test_all_the_rules_that_a_plan_would_leave_open_are_named() -> None:
    facts = msgspec.structs.replace(FACTS, rules=(rule(1, "0.0.0.0/0"), rule(4, "0.0.0.0/1")))
    with pytest.raises(
        UnsafePlan, match=r"^The plan would leave sgr-1, sgr-4 at fault\. Nothing was changed\. This is a"
    ):
        CONTROL.check(facts, plan(), policy())


FINDING = Finding(part="sgr-1", why="open")
EDIT = Edit(part="sgr-1", before="a", after="b", did="", why="open")
OTHER = Edit(part="sgr-2", before="a", after="b", did="", why="open")
CHANGE = Change(request=modify(), inverse=(), edits=(EDIT,))
OTHER_CHANGE = Change(request=modify("sgr-2"), inverse=(), edits=(OTHER,))


def with_(**fields: Any) -> Plan:
    return Plan((msgspec.structs.replace(CHANGE, **fields),))


def test_a_plan_for_what_is_at_fault_passes() -> None:
    check_parts(with_(pieces=(CHANGE,), otherwise=CHANGE), (FINDING,))


@pytest.mark.parametrize(
    "plan_",
    [
        Plan(()),
        Plan((CHANGE, CHANGE)),
        Plan((CHANGE, OTHER_CHANGE)),
        Plan((OTHER_CHANGE,)),
        with_(pieces=(OTHER_CHANGE,)),
        with_(pieces=(CHANGE, OTHER_CHANGE)),
        with_(otherwise=OTHER_CHANGE),
        with_(pieces=(msgspec.structs.replace(CHANGE, otherwise=OTHER_CHANGE),)),
    ],
)
def test_a_plan_that_misses_doubles_or_touches_other_parts_is_refused(plan_: Plan) -> None:
    with pytest.raises(UnsafePlan, match="Nothing was changed"):
        check_parts(plan_, (FINDING,))


def test_a_plan_for_other_parts_is_refused_with_both_lists() -> None:
    with pytest.raises(UnsafePlan) as refusal:
        check_parts(Plan((OTHER_CHANGE, CHANGE)), (FINDING,))
    assert str(refusal.value) == (
        "The plan touches ['sgr-1', 'sgr-2'] but what is at fault is ['sgr-1']. Nothing was changed. "
        "This is a bug of cloudmend: please report it with this line."
    )
