"""What a stored request does to the rules of a group: a mend that would do anything else is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.plan import check_effect, effects
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Request

PORT = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD = {**PORT, "CidrIpv4": "0.0.0.0/0", "Description": "kept"}
TEN = {**WORLD, "CidrIpv4": "10.0.0.0/8"}


def rule(number: int, *, is_egress: bool = False, **fields: Any) -> Rule:
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": is_egress, **(fields or WORLD)})


RULES = {"sgr-1": rule(1), "sgr-2": rule(2, is_egress=True)}


def modify(rule_id: str, **fields: Any) -> Request:
    updates = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": fields}]
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": "sg-1", "SecurityGroupRules": updates})


def revoke(*rule_ids: str) -> Request:
    return Request("ec2:RevokeSecurityGroupIngress", {"GroupId": "sg-1", "SecurityGroupRuleIds": list(rule_ids)})


def check(request: Request) -> None:
    for rule_id, after in effects(request, RULES):
        check_effect(RULES[rule_id], after)


@pytest.mark.parametrize("request_", [modify("sgr-1", **TEN), revoke("sgr-1")])
def test_a_rule_that_is_narrowed_or_revoked_is_believed(request_: Request) -> None:
    check(request_)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (modify("sgr-1", **{**TEN, "FromPort": 20, "ToPort": 25}), "change FromPort, ToPort of sgr-1"),
        (modify("sgr-1", **{**TEN, "IpProtocol": "udp"}), "change IpProtocol of sgr-1"),
        (modify("sgr-1", **PORT, CidrIpv4="10.0.0.0/8"), "change Description of sgr-1"),
        (modify("sgr-1", **PORT, Description="kept"), "widen sgr-1 from 0.0.0.0/0 to None"),
        (modify("sgr-1", **PORT, Description="kept", CidrIpv6="fd00::/8"), "widen sgr-1"),
        (modify("sgr-1", **PORT, Description="kept", PrefixListId="pl-1"), "change PrefixListId of sgr-1"),
        *(
            (modify("sgr-1", **{key: value for key, value in TEN.items() if key != field}), f"change {field} of sgr-1")
            for field in ("IpProtocol", "FromPort", "ToPort")
        ),
        (revoke("sgr-2"), "change the egress rule sgr-2"),
        (revoke("sgr-9"), "change sgr-9 twice, or a rule that the group does not have"),
        (Request("ec2:DeleteSecurityGroup", {}), "call ec2:DeleteSecurityGroup"),
    ],
)
def test_anything_else_is_refused_with_the_reason(request_: Request, said: str) -> None:
    with pytest.raises(UnsafePlan) as refusal:
        check(request_)
    assert said in str(refusal.value)
    assert "Nothing was changed" in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("CidrIpv6", "::/0"), ("PrefixListId", "pl-1"), ("ReferencedGroupInfo", {"GroupId": "sg-2"})],
)
def test_a_source_that_a_modify_leaves_out_is_gone(field: str, value: Any) -> None:
    before = Rule({"SecurityGroupRuleId": "sgr-1", "IsEgress": False, **PORT, field: value})
    ((_, after),) = effects(modify("sgr-1", **PORT, CidrIpv4="10.0.0.0/8"), {"sgr-1": before})
    assert after is not None
    assert field not in after.row
