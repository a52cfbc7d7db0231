"""What the template grants and hears for the controls: what each declares, and nothing else.

The template's blocks are generated (tests/docs/test_generated.py); this looks at what came of it, by rules of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

import pytest

from cloudmend.controls import every
from cloudmend.core.contract import Control, Right
from walkthrough.template import RESOURCES, RESPONDER, SWEEPER, TEMPLATE, UNDOER, actions, managed, of_type, unwrapped

CONTROLS = every()
MENDERS = (RESPONDER, SWEEPER)
RULES = of_type("AWS::Events::Rule")
CONDITIONS = TEMPLATE["Conditions"]
# What a write could hand to others, or break: every resource of these types is left alone.
OWN_TYPES = {
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::IAM::Role": "iam",
    "AWS::KMS::Key": "kms",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SQS::Queue": "sqs",
    "AWS::Serverless::Function": "lambda",
}


def name_of(control: Control[Any]) -> str:
    return control.id.title().replace("_", "")


def allowed(role: str, control: Control[Any]) -> list[dict[str, Any]]:
    return [each for each in managed(role) if each["Effect"] == "Allow" and each["Sid"].startswith(name_of(control))]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def reached(statement: dict[str, Any]) -> set[str]:
    return {each if isinstance(each, str) else each["Fn::Sub"] for each in listed(statement["Resource"])}


def grants(found: Iterable[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Each action, on each resource, under its condition keys."""
    return {
        (action, resource, json.dumps(each.get("Condition", {})))
        for each in found
        for action in actions(each)
        for resource in reached(each)
    }


def declared(control: Control[Any], given: Iterable[Right]) -> Iterator[tuple[str, str, str]]:
    for right in given:
        pattern = right.resource or control.resource.arn
        arn = pattern.replace("{partition}", "${AWS::Partition}").replace("{account}", "${AWS::AccountId}")
        conditions = {operator: dict(keys) for operator, keys in {**right.conditions, **right.standing}.items()}
        yield right.action, arn.replace("{id}", "*"), json.dumps(conditions)


def both(given: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """In the stack's Region and, where the ARN has one, in every other."""
    return {(action, arn.replace("{region}", where), keys) for action, arn, keys in given for where in REGIONS}


REGIONS = ("${AWS::Region}", "*")


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_who_mends_holds_what_a_control_declares_and_nothing_else(control: Control[Any]) -> None:
    mending = set(declared(control, (*control.reads, *control.writes, *control.asks)))
    following = set(declared(control, control.follows))
    assert grants(allowed(SWEEPER, control)) == both(mending)
    here = {(action, arn.replace("{region}", REGIONS[0]), keys) for action, arn, keys in mending | following}
    assert grants(allowed(RESPONDER, control)) == here


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_who_undoes_holds_what_a_control_declares_for_that_and_nothing_else(control: Control[Any]) -> None:
    reads = [right for right in control.reads if not right.is_listing]
    assert grants(allowed(UNDOER, control)) == both(declared(control, (*reads, *control.undoes)))


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_control_that_observes_everywhere_has_no_right_to_write(control: Control[Any]) -> None:
    name = name_of(control)
    parameter = {"Ref": f"{name}Rights"}
    assert CONDITIONS[f"Mends{name}"] == {"Fn::And": [{"Condition": f"Undoes{name}"}, {"Condition": "Writes"}]}
    assert CONDITIONS[f"Undoes{name}"] == {"Fn::Equals": [parameter, "fix"]}
    assert CONDITIONS["Writes"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mode"}, "observe"]}]}
    assert TEMPLATE["Parameters"][f"{name}Rights"]["Default"] == control.mode
    writing = {right.action for right in (*control.writes, *control.asks)}
    for policy in of_type("AWS::IAM::ManagedPolicy").values():
        if {"Ref": SWEEPER} in policy["Roles"]:
            for condition, statement in map(unwrapped, policy["PolicyDocument"]["Statement"]):
                if statement["Sid"].startswith(name) and writing & {*actions(statement)}:
                    assert condition == f"Mends{name}"


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_control_that_is_off_has_no_right_and_hears_no_event(control: Control[Any]) -> None:
    name = name_of(control)
    assert CONDITIONS[f"Hears{name}"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{name}Rights"}, "off"]}]}
    for resource in RESOURCES.values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            for condition, statement in map(unwrapped, resource["Properties"]["PolicyDocument"]["Statement"]):
                if statement["Sid"].startswith(name):
                    asked = condition or resource["Condition"]
                    assert asked in {f"Hears{name}", f"Mends{name}", f"Undoes{name}"}
    for logical_id, rule in RULES.items():
        detail = rule["EventPattern"].get("detail", {})
        sources, names = detail.get("eventSource", ()), [*map(str, detail.get("eventName", ()))]
        if any(trigger.source in sources and trigger.name in names for trigger in control.triggers):
            switch = rule.get("State", {"Fn::If": [RESOURCES[logical_id].get("Condition"), "ENABLED", "DISABLED"]})
            condition, *states = switch["Fn::If"]
            assert states == ["ENABLED", "DISABLED"]
            several = CONDITIONS[condition].get("Fn::Or", ())  # of a rule that is several controls' own
            assert condition == f"Hears{name}" or {"Condition": f"Hears{name}"} in several


def call_of(name: Any) -> str:
    """Return the call that a pattern names, also if it does so only while one of several controls hears it."""
    while not isinstance(name, str):
        _, call, name = name["Fn::If"]
        name = call if isinstance(call, str) else name
    return name


def test_each_call_of_a_control_is_in_the_pattern_of_one_rule() -> None:
    heard = [
        (source, name)
        for rule in RULES.values()
        for source in rule["EventPattern"].get("detail", {}).get("eventSource", [])
        for name in map(call_of, rule["EventPattern"]["detail"]["eventName"])
    ]
    assert sorted(heard) == sorted({(each.source, each.name) for control in CONTROLS for each in control.triggers})


@pytest.mark.parametrize("rule", [each for name, each in RULES.items() if name.endswith("ControlsRule")])
def test_a_services_rule_is_as_the_first_one_but_for_its_calls(rule: dict[str, Any]) -> None:
    first = RULES["ScheduledRule"]
    pattern = rule["EventPattern"]
    source = pattern["detail"]["eventSource"][0]
    assert rule["Targets"] == first["Targets"]
    assert pattern == {
        **first["EventPattern"],
        "source": [f"aws.{source.partition('.')[0]}"],
        "detail": {
            **first["EventPattern"]["detail"],
            **{key: pattern["detail"][key] for key in ("eventSource", "eventName")},
        },
    }


@pytest.mark.parametrize("role", [*MENDERS, UNDOER])
def test_what_may_write_is_denied_cloudmends_own_resources(role: str) -> None:
    writing = {right.action for control in CONTROLS for right in (*control.writes, *control.undoes)}
    granted = {action for each in managed(role) for action in actions(each)} & writing
    denied = {
        (action, json.dumps(resource))
        for each in managed(role)
        if each["Effect"] == "Deny"
        for action in actions(each)
        for resource in listed(each["Resource"])
    }
    assert denied
    for name, resource in RESOURCES.items():
        service = OWN_TYPES.get(resource["Type"])
        for action in granted:
            if action.partition(":")[0] == service:
                arn = {"Ref": name} if service == "sns" else {"Fn::GetAtt": [name, "Arn"]}
                assert (action, json.dumps(arn)) in denied


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_right_is_as_narrow_as_iam_can_make_it(control: Control[Any]) -> None:
    """By cfn-lint's copy of AWS's service authorization reference."""
    text = (files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8")
    known = json.loads(text)
    for right in (*control.reads, *control.follows, *control.writes, *control.asks, *control.undoes):
        service, _, action = right.action.partition(":")
        takes = known[service]["Actions"][action.lower()].get("Resources", [])
        assert bool(takes) is (right.resource != "*"), right.action


@pytest.mark.parametrize("role", MENDERS)
def test_who_mends_may_not_undo(role: str) -> None:
    opening = {(right.action, json.dumps(right.conditions)) for control in CONTROLS for right in control.undoes}
    opening -= {(right.action, json.dumps(right.conditions)) for control in CONTROLS for right in control.writes}
    allowing = [each for each in managed(role) if each["Effect"] == "Allow"]
    held = {(action, keys) for action, _, keys in grants(allowing)}
    assert opening
    assert not opening & held
