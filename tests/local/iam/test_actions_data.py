"""AWS's own names of actions, resource types and condition keys, held against every right and call of cloudmend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from moto.core.utils import get_service_model

from cloudmend.cli.build.trim import OPERATIONS
from cloudmend.controls import every
from cloudmend.core.contract import Control, Right
from cloudmend.local.iam.actions import required
from cloudmend.local.iam.actions_names import actions_of
from cloudmend.local.iam.actions_transactions import ITEMS
from cloudmend.local.iam.resources_described import ApiCall, Undescribed
from local.iam.test_actions import CALLS as DOCUMENTED
from local.iam.test_actions import asked
from walkthrough.template import RESOURCES, actions, of_type, unwrapped
from write_actions import SERVICES, TABLE, definitions, table

ACCOUNT, REGION = "111122223333", "eu-west-1"
# Keys of the request that AWS takes in every policy, whatever the action.
GLOBAL = (
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceAccount",
    "aws:SourceArn",
)
REQUESTS = re.compile(r'Request\(\s*"([a-z0-9]+):([A-Za-z]+)"')


@cache
def data() -> dict[str, Any]:
    return definitions()


def rights(control: Control[Any]) -> Iterator[Right]:
    for group in (control.reads, control.writes, control.undoes, control.looks, control.follows, control.asks):
        yield from group


RIGHTS = [(control.id, right) for control in every() for right in rights(control)]
CALLS = {
    (service, operation)
    for path in Path("src/cloudmend").rglob("*.py")
    for service, operation in REQUESTS.findall(path.read_text(encoding="utf-8"))
} | {(service, operation) for service, operations in OPERATIONS.items() for operation in operations}


def privilege(action: str) -> dict[str, Any]:
    prefix, _, name = action.partition(":")
    found: dict[str, Any] = data()[prefix]["privileges"][name]
    return found


def arns_of(action: str) -> list[str]:
    """The ARNs of an action's resource types, or none if it has none."""
    known = data()[action.partition(":")[0]]["resources"]
    return [known[kind]["arn"] for kind in privilege(action)["resource_types"] if kind]


def keys_of(action: str) -> set[str]:
    """The condition keys that AWS has for an action, and for the resources of its types."""
    known = data()[action.partition(":")[0]]["resources"]
    types = privilege(action)["resource_types"]
    named = {key for kind in types.values() for key in kind["condition_keys"]}
    return named | {key for kind in types if kind for key in known[kind]["condition_keys"]}


def is_known(action: str, key: str) -> bool:
    patterns = [re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(each)) for each in keys_of(action)]
    return key in GLOBAL or any(re.fullmatch(each, key, re.IGNORECASE) for each in patterns)


def fits(pattern: str, arn: str) -> bool:
    """Whether a pattern of a policy can match ARNs of a type, field by field, as far as its fixed beginning."""
    own, theirs = pattern.split(":", 5), re.sub(r"\$\{\w+\}", "*", arn).split(":", 5)
    same = all(ours == that or "*" in (ours, that) for ours, that in zip(own[:3], theirs[:3], strict=True))
    start, kind = own[5].split("*")[0], theirs[5].split("*")[0]
    return same and (start.startswith(kind) or kind.startswith(start)) and bool(own[4]) is bool(theirs[4])


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of the template's own roles and policies, with the name of what holds it."""
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name, policy in of_type(kind).items():
            yield from ((name, unwrapped(each)[1]) for each in policy["PolicyDocument"]["Statement"])
    for name, role in of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", ()):
            yield from ((name, unwrapped(each)[1]) for each in policy["PolicyDocument"]["Statement"])


BOTOCORE_NAMES = {"elasticmapreduce": "emr", "tag": "resourcegroupstaggingapi"}  # by the prefix of the actions
STATEMENTS = [(name, each) for name, each in allowed()]


def test_a_condition_key_has_a_list_of_values_where_aws_says_so() -> None:
    types = {key: each["type"] for service in SERVICES for key, each in data()[service]["conditions"].items()}
    found = [each for service, operation, params, _ in DOCUMENTED for each in asked(service, operation, params)]
    keys = {(key, isinstance(value, list)) for each in found for key, value in each.context.items()}
    assert {(key, types[key].startswith("ArrayOf")) for key, _ in keys if key in types} == {
        (key, several) for key, several in keys if key in types
    }


def test_the_table_is_what_the_data_of_the_package_says() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(data()), "write it anew: make generate"


def test_the_table_has_every_service_that_cloudmend_calls() -> None:
    described = {BOTOCORE_NAMES.get(name, name) for name in SERVICES} | {"s3control"}  # whose actions are those of s3
    assert {service for service, _ in CALLS} <= described


@pytest.mark.parametrize(("service", "operation"), sorted(CALLS))
def test_each_call_of_cloudmend_has_actions(service: str, operation: str) -> None:
    call = ApiCall(service, operation, {}, ACCOUNT, REGION)
    assert (service, operation) in ITEMS or list(actions_of(call))


@pytest.mark.parametrize("service", [BOTOCORE_NAMES.get(name, name) for name in SERVICES])
def test_a_call_without_parameters_needs_a_right_or_is_granted_to_nobody(service: str) -> None:
    for operation in get_service_model(service).operation_names:
        with suppress(Undescribed):
            assert required(ApiCall(service, operation, {}, ACCOUNT, REGION)), operation


@pytest.mark.parametrize(("control", "right"), RIGHTS, ids=lambda each: each if isinstance(each, str) else each.action)
def test_each_right_of_a_control_is_the_action_of_its_call(control: str, right: Right) -> None:
    service, operation = right.call
    if not right.operation and right.action == "s3:PutBucketPublicAccessBlock":
        operation = "PutPublicAccessBlock"  # the right to put back is named by its action alone
    assert list(actions_of(ApiCall(service, operation, {}, ACCOUNT, REGION))) == [right.action], control


@pytest.mark.parametrize(("control", "right"), RIGHTS, ids=lambda each: each if isinstance(each, str) else each.action)
def test_each_condition_key_of_a_right_exists_for_its_action(control: str, right: Right) -> None:
    unknown = [key for keys in right.conditions.values() for key in keys if not is_known(right.action, key)]
    assert not unknown, control


@pytest.mark.parametrize(("control", "right"), RIGHTS, ids=lambda each: each if isinstance(each, str) else each.action)
def test_the_resource_of_a_right_is_of_a_type_that_its_action_has(control: str, right: Right) -> None:
    pattern = right.resource or next(each for each in every() if each.id == control).resource.arn
    pattern = pattern.format(partition="*", region="*", account="*" if "{account}" in pattern else "", id="*")
    types = arns_of(right.action)
    assert any(fits(pattern, arn) for arn in types) if types else pattern == "*"


@pytest.mark.parametrize(
    ("holder", "statement"), STATEMENTS, ids=lambda each: each if isinstance(each, str) else each["Sid"]
)
def test_each_action_of_the_template_exists_with_its_condition_keys(holder: str, statement: dict[str, Any]) -> None:
    keys = [key for found in statement.get("Condition", {}).values() for key in found]
    for action in actions(statement):
        assert privilege(action), holder
        assert not [key for key in keys if not is_known(action, key)], (holder, action)


def test_a_resource_policy_of_the_template_uses_keys_that_exist() -> None:
    text = json.dumps(RESOURCES, default=str)
    used = set(re.findall(r'"((?:aws|dynamodb|ec2|events|iam|kms|lambda|s3|sns|sqs|sts):[A-Za-z/]+)": ', text))
    known: Iterable[str] = {key for service in SERVICES for key in data()[service]["conditions"]}
    assert used - {*GLOBAL} <= {*known}
