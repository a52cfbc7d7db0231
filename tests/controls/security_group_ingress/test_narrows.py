"""What no plan for a group may do: each way in which a planner could go wrong is refused, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.families.groups import GROUP, Rule
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import state_of
from cloudmend.core.contract import View, after
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.planning import NOTHING, Plan, check, judge, steps_between
from support import NOW, sg_settings

SG = Resource(type=GROUP, id="sg-05fe30eb67c909f27")
SWEEP = ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account="", region="")


def row(number: int, cidr: str, port: int = 22, *, is_egress: bool = False) -> dict[str, Any]:
    ports = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
    known = {"SecurityGroupRuleId": f"sgr-{number}", "GroupId": SG.id, "IsEgress": is_egress}
    return {**known, **ports, "CidrIpv4": cidr, "Description": "kept"}


ROWS = (row(1, "0.0.0.0/0"), row(2, "192.168.0.0/16"), row(3, "0.0.0.0/0", 0, is_egress=True))


def view(*rows: dict[str, Any]) -> View:
    facts = GroupFacts(account="111122223333", image={}, group_id=SG.id, rules=tuple(map(Rule, rows or ROWS)))
    return View(resource=SG, state=state_of(facts), cause=SWEEP, now=NOW)


def changed(number: int = 1, /, **fields: Any) -> dict[str, Any]:
    """The rule with other fields; without those that are None."""
    whole = {**ROWS[number - 1], **fields}
    return {f"sgr-{number}": {name: value for name, value in whole.items() if value is not None}}


def check_patch(patch: Mapping[str, Any], seen: View) -> None:
    settings = sg_settings()
    then = after(seen.parts, patch)
    steps = steps_between(seen.parts, then)
    found = judge(CONTROL, seen, settings).counted
    check(CONTROL, Plan(view=seen, findings=found, settings=settings, then=then, steps=steps), NOTHING)


@pytest.mark.parametrize("patch", [changed(CidrIpv4="10.0.0.0/8"), changed(CidrIpv4="10.1.2.0/24"), {"sgr-1": None}])
def test_a_plan_that_closes_and_only_narrows_passes(patch: Mapping[str, Any]) -> None:
    check_patch(patch, view())


TEN: dict[str, Any] = {"CidrIpv4": "10.0.0.0/8"}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({}, "leave sgr-1 at fault"),
        (changed(CidrIpv4="0.0.0.0/1"), "leave sgr-1 at fault"),
        (changed(**TEN, FromPort=20), "widen"),
        (changed(**TEN, ToPort=23), "widen"),
        (changed(**TEN, IpProtocol="udp"), "widen"),
        (changed(**TEN, FromPort=20, ToPort=25), "widen"),
        (changed(**TEN, Description=None), "widen"),
        (changed(**TEN, Description="other"), "widen"),
        (changed(CidrIpv4=None), "widen"),
        (changed(CidrIpv4=None, CidrIpv6="fd00::/8"), "widen"),
        (changed(CidrIpv4=None, PrefixListId="pl-1"), "widen"),
        ({**changed(**TEN), **changed(2, **TEN)}, "widen"),
        ({**changed(**TEN), "sgr-2": None}, "touch sgr-2, which is not at fault"),
        ({**changed(**TEN), "sgr-3": changed(3, **TEN)["sgr-3"]}, "widen"),
        ({**changed(**TEN), "sgr-9": row(9, "10.0.0.0/8")}, "widen"),
    ],
)
def test_an_unsafe_plan_is_refused_with_the_reason(patch: Mapping[str, Any], said: str) -> None:
    with pytest.raises(UnsafePlan) as refusal:
        check_patch(patch, view())
    assert said in str(refusal.value)
    assert "Nothing was changed" in str(refusal.value)


@pytest.mark.parametrize(
    "source", [{"CidrIpv6": "::/0"}, {"PrefixListId": "pl-1"}, {"ReferencedGroupInfo": {"GroupId": "sg-1"}}]
)
def test_an_update_that_leaves_out_the_source_is_refused(source: dict[str, Any]) -> None:
    with_source = {**ROWS[0], **source}
    del with_source["CidrIpv4"]
    bare = {name: value for name, value in with_source.items() if name not in source}
    with pytest.raises(UnsafePlan, match="would widen what is there"):
        check_patch({"sgr-1": bare}, view(with_source))


def test_all_the_rules_that_a_plan_would_leave_open_are_named() -> None:
    with pytest.raises(
        UnsafePlan, match=r"^The plan would leave sgr-1, sgr-4 at fault\. Nothing was changed\. This is a"
    ):
        check_patch({}, view(row(1, "0.0.0.0/0"), row(4, "0.0.0.0/1")))


def test_a_plan_that_touches_what_is_exempt_is_refused() -> None:
    seen = replace(view(row(1, "0.0.0.0/0"), row(4, "0.0.0.0/1")), exempt=frozenset({"sgr-4"}))
    both = {"sgr-1": None, "sgr-4": None}
    with pytest.raises(UnsafePlan, match="would touch sgr-4, which is exempt"):
        check_patch(both, seen)
