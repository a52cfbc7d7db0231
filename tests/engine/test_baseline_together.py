"""The baseline of rules that are too wide only together: a sweep that knows no event takes the new rule first.

The limit is a /12: of three /13, one must go.
"""

from __future__ import annotations

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.standing import StandingResource
from cloudmend.local.ec2.checks import Ec2Error
from engine.test_baseline import UNIT, Stack
from support import ingress, ipv4, policy

OLD = ("11.0.0.0/13", "11.8.0.0/13", "11.16.0.0/13")
NEW = "13.0.0.0/13"  # sorts behind the old ones, which decides between rules of one age


@pytest.fixture
def stack() -> Stack:
    return Stack()


def sources(stack: Stack, group_id: str) -> set[str]:
    return {source for *_, source in ingress(stack.rules(group_id))}


def old(stack: Stack) -> tuple[str, ...]:
    (found,) = stack.ledger.standing(UNIT)
    assert isinstance(found, StandingResource)
    return found.old


def test_a_sweep_narrows_the_rule_whose_event_was_lost_and_not_an_old_one(stack: Stack) -> None:
    group = stack.group(ipv4(22, *OLD))
    stack.sweep()
    stack.open(group, ipv4(22, NEW))
    (record,) = stack.sweep()
    assert record.status == "mended"
    assert sources(stack, group) == set(OLD)
    assert "this rule is younger than others, so it goes first" in record.edits[0].why
    assert [each.status for each in stack.sweep()] == ["observed"]


def test_the_new_rule_goes_first_though_an_old_one_is_wider(stack: Stack) -> None:
    group = stack.group(ipv4(22, "11.0.0.0/12", *OLD[:1], "12.0.0.0/13"))
    stack.sweep()
    stack.open(group, ipv4(22, "14.0.0.0/14"))
    stack.sweep()
    assert sources(stack, group) == {"11.0.0.0/12", *OLD[:1], "12.0.0.0/13"}


def test_what_an_event_names_before_the_first_sweep_and_cannot_be_mended_is_not_old(stack: Stack) -> None:
    group = stack.group(ipv4(22, *OLD))
    named = stack.open(group, ipv4(22, NEW))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    for operation in ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"):
        stack.groups.before[operation] = refuse
    assert stack.told(group, *named).status == "open"
    assert set(old(stack)) == {f"tcp/22 from {each}" for each in OLD}
    stack.groups.before.clear()
    stack.sweep()
    assert sources(stack, group) == set(OLD)


def test_an_old_rule_that_was_gone_for_a_sweep_is_new_when_it_comes_back(stack: Stack) -> None:
    group = stack.group(ipv4(22, *OLD))
    stack.sweep()
    kept = next(iter(stack.stands(group))).removeprefix("tcp/22 from ")
    gone, *others = (each for each in OLD if each != kept)
    rule = next(row["SecurityGroupRuleId"] for row in stack.rules(group) if row.get("CidrIpv4") == gone)
    stack.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    stack.open(group, ipv4(3389, "0.0.0.0/0"))
    stack.sweep()
    assert f"tcp/22 from {gone}" not in old(stack)
    stack.open(group, ipv4(22, gone, "9.0.0.0/16"))
    stack.sweep()
    assert gone not in sources(stack, group)
    assert {kept, *others} <= sources(stack, group)


def test_a_group_of_a_thousand_rules_has_room_in_the_ledger() -> None:
    """An item of DynamoDB takes 400 KB."""
    stack = Stack(rule_quota=1_000)
    ranges = [f"2001:db8:{number:x}:ffff:ffff:ffff:ffff:fff0/124" for number in range(998)]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 3389, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    permission["Ipv6Ranges"] += [{"CidrIpv6": each} for each in ranges]  # type: ignore[operator]
    stack.group(permission)
    stack.sweep()
    (found,) = stack.ledger.standing(UNIT)
    assert isinstance(found, StandingResource)
    assert len(found.old) == 999
    assert len(msgspec.json.encode(found)) < 100_000


def test_a_control_that_does_not_judge_by_age_keeps_nothing_but_its_baseline(stack: Stack) -> None:
    stack.group(ipv4(22, *OLD))
    careless = msgspec.structs.replace(CONTROL, by_age=False)
    engine.sweep(controls=[careless], policy=policy(), world=stack.world)
    assert old(stack) == ()
