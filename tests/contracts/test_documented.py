"""Our EC2 held against botocore's own documentation of it: filters, ids, required and exclusive parameters, bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.wire import decode, ec2_model
from contracts.documented import ACCOUNT, HERE, OURS, S3, THERE, Filled, documented_filters, sentences

FILTERED = sorted(documented_filters())
ALL_FILTERS = frozenset().union(*documented_filters().values())
# Taken though botocore does not list it: Terraform's data source aws_ec2_managed_prefix_lists filters by tags.
TAKEN_BESIDES = {"DescribeManagedPrefixLists": {"tag"}}
NOBODY = ("nobody", "sg-0123456789abcdef0")  # the latter where an id is wanted
ACCOUNTS = {"UserId", "SourceSecurityGroupOwnerId"}


@pytest.fixture
def filled() -> Filled:
    return Filled()


def code_of(filled: Filled, operation: str, params: dict[str, Any]) -> str:
    """The code of a refusal; "" for what is taken. Nothing is changed."""
    try:
        filled.model.call(operation, {**params, "DryRun": True})
    except Ec2Error as error:
        return "" if error.code == "DryRunOperation" else error.code
    raise AssertionError("a dry run has no answer")


def values(filled: Filled, operation: str) -> dict[str, str]:
    """A value for each documented filter, that of something in the Region."""
    web = {"group-id": filled.group, "owner-id": ACCOUNT, "group-name": "web", "description": "of web"}
    of_rules = {
        "cidr": "192.0.2.0/24",
        "ipv6-cidr": "2001:db8::/32",
        "prefix-list-id": filled.list,
        "group-id": filled.peer,
        "group-name": "peer",
        "user-id": ACCOUNT,
        "from-port": "1001",
        "to-port": "1002",
        "protocol": "tcp",
    }
    lists = {"prefix-list-id": filled.list, "prefix-list-name": "offices", "owner-id": ACCOUNT}
    both = {f"{way}ip-permission.{name}": value for way in ("", "egress.") for name, value in of_rules.items()}
    regions = {"region-name": "eu-west-1", "endpoint": "ec2.eu-west-1.amazonaws.com", "opt-in-status": "opt-in-*"}
    return {
        "DescribeSecurityGroups": {**web, **both, "vpc-id": HERE.id, "tag": "web", "tag-key": "team"},
        "DescribeSecurityGroupRules": {"group-id": filled.group, "security-group-rule-id": filled.rule, "tag": "web"},
        "DescribeManagedPrefixLists": lists,
        "DescribePrefixLists": {"prefix-list-id": S3, "prefix-list-name": "*.s3"},
        "GetSecurityGroupsForVpc": {**web, "primary-vpc-id": HERE.id},
        "DescribeSecurityGroupVpcAssociations": {
            "group-id": filled.group, "group-owner-id": ACCOUNT, "state": "associated",
            "vpc-id": THERE.id, "vpc-owner-id": ACCOUNT,
        },
        "DescribeTags": {
            "key": "team", "value": "web", "resource-id": filled.rule, "resource-type": "security-group", "tag": "net"
        },
        "DescribeRegions": regions,
    }[operation]  # fmt: skip


def found(filled: Filled, operation: str, name: str, value: str) -> list[Any]:
    """The rows that pass one filter."""
    named = "tag:team" if name == "tag" else name
    required = {key: each for key, each in filled.requests()[operation].items() if key == "VpcId"}
    answer = filled.model.call(operation, {**required, "Filters": [{"Name": named, "Values": [value]}]})
    (rows,) = (rows for rows in answer.values() if isinstance(rows, list))
    return list(rows)


@pytest.mark.parametrize("operation", FILTERED)
def test_each_documented_filter_is_taken_and_selects(filled: Filled, operation: str) -> None:
    known = values(filled, operation)
    assert set(known) == documented_filters()[operation]
    assert [name for name, value in known.items() if not found(filled, operation, name, value)] == []
    assert [name for name in known if found(filled, operation, name, NOBODY[name == "group-id"])] == []


@pytest.mark.parametrize("operation", FILTERED)
def test_a_filter_that_is_documented_elsewhere_or_nowhere_is_refused(filled: Filled, operation: str) -> None:
    taken = documented_filters()[operation] | TAKEN_BESIDES.get(operation, set())
    for name in sorted((ALL_FILTERS - taken) | {"tag:", "colour"}):
        with pytest.raises(Ec2Error, match="InvalidParameterValue"):
            found(filled, operation, name, NOBODY[0])


def test_the_filter_of_rules_by_group_takes_ids_alone(filled: Filled) -> None:
    """So a test of moto's has it, which was run against AWS itself."""
    for value in ("foobar", "sg-*", filled.group[:-1]):
        with pytest.raises(Ec2Error, match=f"InvalidGroupId.Malformed: The security group ID '{re.escape(value)}' is"):
            found(filled, "DescribeSecurityGroupRules", "group-id", value)


@pytest.mark.parametrize("operation", OURS)
def test_each_operation_takes_its_documented_form(filled: Filled, operation: str) -> None:
    assert code_of(filled, operation, filled.requests()[operation]) == ""


@pytest.mark.parametrize("operation", OURS)
def test_without_a_required_parameter_there_is_no_answer(filled: Filled, operation: str) -> None:
    request = filled.requests()[operation]
    for name in ec2_model().operation_model(operation).input_shape.required_members:
        assert code_of(filled, operation, {key: value for key, value in request.items() if key != name}) == (
            "MissingParameter"
        ), name


@pytest.mark.parametrize("operation", OURS)
def test_an_undocumented_parameter_is_refused_by_its_name(operation: str) -> None:
    with pytest.raises(Ec2Error, match="UnknownParameter: The parameter Colour is not recognized"):
        decode(f"Action={operation}&Colour=red")


@pytest.mark.parametrize("operation", OURS)
def test_each_id_that_is_malformed_is_refused_as_such(filled: Filled, operation: str) -> None:
    """Wherever it stands: on its own, in a list, or in a rule."""
    members = ec2_model().operation_model(operation).input_shape.members
    for name, examples in filled.ids().items():
        for example in examples if name in members else ():
            request = _alone(filled.requests()[operation], name)
            for spoiled, was in _spoiled(example):
                code = code_of(filled, operation, {**request, name: _like(members[name].type_name, spoiled)})
                assert code.endswith(".Malformed"), (operation, name, was, code)


def test_the_ids_that_are_spoiled_are_all_that_the_documentation_has(filled: Filled) -> None:
    """A new parameter that holds an id is to be added to the examples."""
    known = set(filled.ids()) | {"VpcPeeringConnectionId", "ReferencedGroupId", "SecurityGroupRuleId"}
    documented = {name.rpartition(".")[2] for operation in OURS for name, _ in sentences(operation)}
    assert {name for name in documented if re.fullmatch(r"\w*(Id|Ids)", name)} - known == ACCOUNTS


@pytest.mark.parametrize("operation", OURS)
def test_the_documented_bounds_of_a_number_or_a_list_hold(filled: Filled, operation: str) -> None:
    request, members = filled.requests()[operation], ec2_model().operation_model(operation).input_shape.members
    for name, shape in members.items():
        if shape.type_name == "integer" and "max" in shape.metadata:
            low, high = shape.metadata["min"], shape.metadata["max"]
            assert [code_of(filled, operation, {**request, name: number}) for number in (low, high)] == ["", ""]
            for number in (low - 1, high + 1):
                assert code_of(filled, operation, {**request, name: number}) == "InvalidParameterValue"
        if shape.type_name == "list" and "max" in shape.metadata:
            entries = [{"Cidr": f"10.{number}.0.0/16"} for number in range(shape.metadata["max"] + 1)]
            assert code_of(filled, operation, {**request, name: entries}) == "InvalidParameterValue"


def _alone(request: dict[str, Any], name: str) -> dict[str, Any]:
    """The request without what may not stand beside a parameter."""
    rules = {"IpPermissions", "SecurityGroupRuleIds", "SecurityGroupRuleDescriptions"}
    return {key: value for key, value in request.items() if not (name in rules and key in rules)}


def _like(kind: str, value: Any) -> Any:
    """GroupId is a list in one operation."""
    return [value] if kind == "list" and not isinstance(value, list) else value


def _spoiled(value: Any) -> Iterator[tuple[Any, str]]:
    """The value with one of its ids cut short, once for each; and what that id was."""
    if isinstance(value, str) and re.fullmatch(r"(sg|sgr|pl|vpc|pcx)-[0-9a-f]+", value):
        yield value[:-1], value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        for spoiled, was in _spoiled(each):
            copy = deepcopy(value)
            copy[key] = spoiled
            yield copy, was
