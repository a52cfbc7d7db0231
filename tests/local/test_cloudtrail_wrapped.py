"""CloudTrail's second encoding of EC2 calls: the wire's XML, wrapped, and guessed by content."""

from __future__ import annotations

from typing import Any

from cloudmend.local.ec2_records import record
from local.wire_calls import REQUEST_ID, wire_call

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def _modified(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return record(wire_call("ModifySecurityGroupRules", {"GroupId": "sg-1", "SecurityGroupRules": list(rules)}, **more))


def test_one_modified_rule_is_a_bare_object() -> None:
    rule = {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {**SSH, "CidrIpv4": "0.0.0.0/0"}}
    assert _modified(rule)["requestParameters"] == {
        "ModifySecurityGroupRulesRequest": {
            "GroupId": "sg-1",
            "SecurityGroupRule": {
                "SecurityGroupRuleId": "sgr-1",
                "tag": 1,
                "SecurityGroupRule": {
                    "CidrIpv4": "0.0.0.0/0",
                    "FromPort": 22,
                    "ToPort": 22,
                    "IpProtocol": "tcp",
                },
            },
        }
    }


def test_several_modified_rules_are_an_array_with_ordinal_tags() -> None:
    rules = [
        {"SecurityGroupRuleId": f"sgr-{n}", "SecurityGroupRule": {**SSH, "CidrIpv4": "10.0.0.0/8"}} for n in (1, 2)
    ]
    inner = {"CidrIpv4": "10.0.0.0/8", "FromPort": 22, "ToPort": 22, "IpProtocol": "tcp"}
    assert _modified(*rules)["requestParameters"]["ModifySecurityGroupRulesRequest"]["SecurityGroupRule"] == [
        {"SecurityGroupRuleId": "sgr-1", "tag": 1, "SecurityGroupRule": inner},
        {"SecurityGroupRuleId": "sgr-2", "tag": 2, "SecurityGroupRule": inner},
    ]


def test_no_modified_rule_is_an_empty_string() -> None:
    request = _modified()["requestParameters"]["ModifySecurityGroupRulesRequest"]
    assert request == {"GroupId": "sg-1", "SecurityGroupRule": ""}


def test_a_wrapped_value_that_looks_like_a_number_is_one() -> None:
    inner = {"IpProtocol": "-1", "CidrIpv4": "10.0.0.0/8", "Description": "007"}
    rule = {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": inner}
    request = _modified(rule)["requestParameters"]["ModifySecurityGroupRulesRequest"]
    assert request["SecurityGroupRule"]["SecurityGroupRule"] == {**inner, "IpProtocol": -1}


def test_the_response_of_modify_is_wrapped_and_says_only_true() -> None:
    rule = {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {}}
    assert _modified(rule, result={"Return": True})["responseElements"] == {
        "ModifySecurityGroupRulesResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": REQUEST_ID,
            "return": True,
        }
    }


def test_prefix_lists_are_recorded_in_the_wrapper_too() -> None:
    params = {"PrefixListId": "pl-1", "CurrentVersion": 2, "AddEntries": [{"Cidr": "0.0.0.0/0"}]}
    result = {"PrefixList": {"PrefixListId": "pl-1", "OwnerId": "111122223333", "Tags": []}}
    found = record(wire_call("ModifyManagedPrefixList", params, result=result))
    assert found["requestParameters"]["ModifyManagedPrefixListRequest"] == {
        "PrefixListId": "pl-1",
        "CurrentVersion": 2,
        "AddEntry": {"Cidr": "0.0.0.0/0", "tag": 1},
    }
    prefix_list = found["responseElements"]["ModifyManagedPrefixListResponse"]["prefixList"]
    assert prefix_list == {"prefixListId": "pl-1", "ownerId": 111122223333, "tagSet": ""}
