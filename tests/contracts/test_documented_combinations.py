"""Parameters that EC2 documents as exclusive or unsupported are refused, and no such sentence is overlooked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contracts.documented import DEFAULT, HERE, OURS, THERE, Filled, sentences
from contracts.test_documented import code_of

# What a sentence that forbids looks like in EC2's documentation.
FORBIDS = re.compile(
    r"can't |cannot |not both|(?:specify|contain|use) either|exactly one|not supported|at the same time", re.IGNORECASE
)
Requests = Callable[[Filled], list[dict[str, Any]]]
DOOR = {"IpProtocol": "udp", "FromPort": 1, "ToPort": 2}
TEN = {"CidrIp": "10.0.0.0/8"}
NESTED = {"IpPermissions": [{**DOOR, "IpRanges": [TEN]}]}
FLAT = {**DOOR, **TEN}
COMBINED, UNSUPPORTED, INVALID = "InvalidParameterCombination", "UnsupportedOperation", "InvalidParameterValue"


def _flat_egress(filled: Filled) -> list[dict[str, Any]]:
    """Give each of the flat parameters, alone and beside what is supported."""
    given = {**FLAT, "SourceSecurityGroupName": "other", "SourceSecurityGroupOwnerId": "111122223333"}
    group = {"GroupId": filled.group}
    return [{**group, **more, name: value} for name, value in given.items() for more in ({}, NESTED)]


def _both_names(filled: Filled) -> list[dict[str, Any]]:
    return [{"GroupId": filled.group, "GroupName": "web", **NESTED}]


def _rules_twice(filled: Filled) -> list[dict[str, Any]]:
    told = [{"SecurityGroupRuleId": filled.rule, "Description": "new"}]
    return [{"GroupId": filled.group, "SecurityGroupRuleDescriptions": told, **NESTED}]


def _revoked_twice(filled: Filled) -> list[dict[str, Any]]:
    ids = {"GroupId": filled.group, "SecurityGroupRuleIds": [filled.rule]}
    return [{**ids, **NESTED}, {**ids, "CidrIp": "10.0.0.0/8"}, {**ids, "SourceSecurityGroupName": "other"}]


def _source_and_traffic(filled: Filled) -> list[dict[str, Any]]:
    source = {"GroupId": filled.other, "SourceSecurityGroupName": "other"}
    return [{**source, name: value} for name, value in FLAT.items()]


def _two_sources(filled: Filled) -> list[dict[str, Any]]:
    sources = [{"CidrIpv4": "10.0.0.0/8"}, {"CidrIpv6": "fd00::/8"}, {"PrefixListId": filled.list}]
    sources.append({"ReferencedGroupId": filled.peer})
    pairs = [{**one, **other} for one in sources for other in sources if one != other]
    updates = [{"SecurityGroupRuleId": filled.rule, "SecurityGroupRule": {**DOOR, **pair}} for pair in pairs]
    return [{"GroupId": filled.group, "SecurityGroupRules": [update]} for update in updates]


def _entries_and_size(filled: Filled) -> list[dict[str, Any]]:
    known, one = {"PrefixListId": filled.list, "MaxEntries": 6}, [{"Cidr": "10.0.0.0/8"}]
    return [{**known, "CurrentVersion": 1, "AddEntries": one}, {**known, "CurrentVersion": 1, "RemoveEntries": one}]


REFUSED: list[tuple[str, str, Requests]] = [
    ("AuthorizeSecurityGroupEgress", UNSUPPORTED, _flat_egress),
    ("RevokeSecurityGroupEgress", UNSUPPORTED, _flat_egress),
    ("RevokeSecurityGroupIngress", UNSUPPORTED, lambda filled: [
        {"GroupId": filled.other, "SourceSecurityGroupName": "other", "SourceSecurityGroupOwnerId": "111122223333"}]),
    ("AuthorizeSecurityGroupIngress", COMBINED, _both_names),
    ("RevokeSecurityGroupIngress", COMBINED, _both_names),
    ("DeleteSecurityGroup", COMBINED, lambda filled: [{"GroupId": filled.other, "GroupName": "other"}]),
    ("UpdateSecurityGroupRuleDescriptionsIngress", COMBINED, _both_names),
    ("UpdateSecurityGroupRuleDescriptionsEgress", COMBINED, _both_names),
    ("UpdateSecurityGroupRuleDescriptionsIngress", COMBINED, _rules_twice),
    ("UpdateSecurityGroupRuleDescriptionsEgress", COMBINED, _rules_twice),
    ("AuthorizeSecurityGroupIngress", COMBINED, lambda filled: [{"GroupId": filled.group, **NESTED, **FLAT}]),
    ("AuthorizeSecurityGroupIngress", COMBINED, _source_and_traffic),
    ("RevokeSecurityGroupIngress", COMBINED, _source_and_traffic),
    ("RevokeSecurityGroupIngress", COMBINED, _revoked_twice),
    ("ModifySecurityGroupRules", COMBINED, _two_sources),
    ("ModifyManagedPrefixList", COMBINED, _entries_and_size),
    ("AuthorizeSecurityGroupIngress", "MissingParameter", lambda filled: [
        {"GroupId": filled.other, "SourceSecurityGroupOwnerId": "111122223333"}]),
    ("CreateManagedPrefixList", INVALID, lambda _: [
        {"PrefixListName": "com.amazonaws.mine", "MaxEntries": 1, "AddressFamily": "IPv4"}]),
    ("CreateSecurityGroup", INVALID, lambda _: [{"GroupName": "sg-mine", "Description": "new", "VpcId": HERE.id}]),
    ("CreateSecurityGroup", "InvalidGroup.Duplicate", lambda _: [
        {"GroupName": "Web", "Description": "new", "VpcId": HERE.id}]),
    ("AssociateSecurityGroupVpc", INVALID, lambda filled: [
        {"GroupId": filled.peer, "VpcId": DEFAULT.id},
        {"GroupId": default_group(filled), "VpcId": HERE.id},
        {"GroupId": filled.group, "VpcId": HERE.id},
        {"GroupId": filled.group, "VpcId": THERE.id}]),
]  # fmt: skip
# Sentences that forbid nothing which a request could hold, and those that EC2 does not keep.
HARMLESS: Mapping[str, str] = {
    "DisassociateSecurityGroupVpc": "a network interface carries the group: test_vpcs_of_groups.py",
    "ModifyManagedPrefixList.MaxEntries": "a size that a group cannot bear: test_prefix_lists_refused.py",
    "IpRanges.CidrIp": "EC2 takes in one permission what DescribeSecurityGroups shows in one",
    "Ipv6Ranges.CidrIpv6": "EC2 takes in one permission what DescribeSecurityGroups shows in one",
    "RevokeSecurityGroupEgress.IpPermissions": "EC2 takes in one permission what DescribeSecurityGroups shows in one",
    "RevokeSecurityGroupIngress.IpPermissions": "EC2 takes in one permission what DescribeSecurityGroups shows in one",
    "DescribeSecurityGroups.GroupNames": "EC2 shows what both name together: test_security_groups_describe.py",
}


def default_group(filled: Filled) -> str:
    named = [{"Name": "vpc-id", "Values": [THERE.id]}, {"Name": "group-name", "Values": ["default"]}]
    (shown,) = filled.model.call("DescribeSecurityGroups", {"Filters": named})["SecurityGroups"]
    group_id: str = shown["GroupId"]
    return group_id


@pytest.mark.parametrize(("operation", "code", "requests"), REFUSED)
def test_what_is_documented_as_exclusive_or_unsupported_is_refused(
    operation: str, code: str, requests: Requests
) -> None:
    filled = Filled()
    for request in requests(filled):
        assert code_of(filled, operation, request) == code, request


def test_no_sentence_that_forbids_is_overlooked() -> None:
    """Such a sentence is of an operation whose refusals are above, or is known to forbid nothing."""
    held = {operation for operation, _, _ in REFUSED}
    forbidding = {name for operation in OURS for name, sentence in sentences(operation) if FORBIDS.search(sentence)}
    overlooked = {name for name in forbidding if name.partition(".")[0] not in held and not _harmless(name)}
    assert overlooked == set()
    assert all(any(name.endswith(known) for name in forbidding | set(OURS)) for known in HARMLESS)


def _harmless(name: str) -> bool:
    return any(name.endswith(known) for known in HARMLESS)


def test_a_page_may_be_asked_for_beside_ids() -> None:
    filled = Filled()
    for operation, given in (
        ("DescribeSecurityGroups", {"GroupIds": [filled.group]}),
        ("DescribeSecurityGroups", {"GroupNames": ["default"]}),
        ("DescribeSecurityGroupRules", {"SecurityGroupRuleIds": [filled.rule]}),
        ("DescribeManagedPrefixLists", {"PrefixListIds": [filled.list]}),
    ):
        (rows,) = filled.model.call(operation, {**given, "MaxResults": 5}).values()
        assert len(rows) == 1
