"""What the template grants and hears for the controls by the contract: what each declares, and nothing else.

Where one of these fails, the template is to be made as the test says: what stands there follows from the controls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

import pytest

from cloudmend.controls import every
from cloudmend.core.contract import Control, Right
from walkthrough.template import RESOURCES, RESPONDER, SWEEPER, UNDOER, actions, of_controls, of_type

CONTROLS = [control for control in every() if control.id != "security_group_ingress"]
OWN_QUEUES = {
    "Sid": "LeaveOwnQueues",
    "Effect": "Deny",
    "Action": "sqs:SetQueueAttributes",
    "Resource": [{"Fn::GetAtt": [name, "Arn"]} for name in ("DeadLetterQueue", "ContinuationQueue")],
}
SOURCES = sorted({trigger.source for control in CONTROLS for trigger in control.triggers})


def granting(control: Control[Any], what: str, given: Iterable[Right], where: str = "") -> Iterator[dict[str, Any]]:
    """The statements of these rights, one for each resource and condition. `where` is * for all Regions."""
    name = control.id.title().replace("_", "")
    for (resource, conditions), same in groupby(given, key=lambda right: (right.resource, right.conditions)):
        named = [right.action for right in same]
        kind = "List" if resource else what
        statement = {
            "Sid": f"{name}{kind}{'Elsewhere' if where else ''}",
            "Effect": "Allow",
            "Action": named if len(named) > 1 else named[0],
            "Resource": arn(resource or control.resource.arn, where or "${AWS::Region}"),
        }
        yield statement | ({"Condition": dict(conditions)} if conditions else {})


def arn(pattern: str, region: str) -> Any:
    if pattern == "*":
        return pattern
    names = {"partition": "${AWS::Partition}", "account": "${AWS::AccountId}"}
    return {"Fn::Sub": pattern.format(**names, region=region, id="*")}


def is_regional(control: Control[Any]) -> bool:
    return "{region}" in control.resource.arn


def narrow(given: Sequence[Right]) -> list[Right]:
    """Those that are about the control's own resources."""
    return [right for right in given if not right.resource]


def in_a_region(given: Sequence[Right]) -> list[Right]:
    """Those whose ARN has a Region: the others hold in all Regions anyway."""
    return [right for right in given if right.resource != "*"]


def fixing(control: Control[Any]) -> bool:
    """Whether it mends unless the policy says otherwise; only then its right to write is deployed by default."""
    return control.mode == "fix"


def mend(where: str = "") -> Iterator[dict[str, Any]]:
    for control in CONTROLS:
        if is_regional(control) or not where:
            yield from granting(control, "Read", in_a_region(control.reads) if where else control.reads, where)
            yield from granting(control, "Mend", control.writes if fixing(control) else (), where)


def undo(where: str = "") -> Iterator[dict[str, Any]]:
    for control in CONTROLS:
        if is_regional(control) or not where:
            yield from granting(control, "Read", narrow(control.reads), where)
            yield from granting(control, "Undo", control.undoes if fixing(control) else (), where)


def on_request(what: str) -> Iterator[dict[str, Any]]:
    """What is granted of a control that observes by default, once a person asks for it."""
    for control in CONTROLS:
        if not fixing(control):
            yield from granting(control, what, control.writes if what == "Mend" else control.undoes)


POLICIES: Mapping[str, tuple[list[str], str, list[dict[str, Any]]]] = {
    "ControlsPolicy": ([RESPONDER, SWEEPER], "", [*mend(), OWN_QUEUES]),
    "BucketFixPolicy": ([RESPONDER, SWEEPER], "FixesBuckets", list(on_request("Mend"))),
    "ControlsUndoPolicy": ([UNDOER], "", list(undo())),
    "BucketUndoPolicy": ([UNDOER], "FixesBuckets", list(on_request("Undo"))),
    "ControlsElsewherePolicy": ([SWEEPER], "SweepsAllRegions", list(mend("*"))),
    "ControlsUndoElsewherePolicy": ([UNDOER], "SweepsAllRegions", list(undo("*"))),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_grants_what_the_controls_declare_and_nothing_else(name: str) -> None:
    roles, condition, statements = POLICIES[name]
    policy = RESOURCES[name]
    assert policy["Properties"]["PolicyDocument"]["Statement"] == statements
    assert policy["Properties"]["Roles"] == [{"Ref": role} for role in roles]
    assert policy.get("Condition", "") == condition


@pytest.mark.parametrize("source", SOURCES)
def test_a_services_rule_hears_the_calls_that_its_controls_name(source: str) -> None:
    service = source.partition(".")[0]
    rule = RESOURCES[f"{service.title()}ControlsRule"]["Properties"]
    named = {each.name for control in CONTROLS for each in control.triggers if each.source == source}
    assert rule["EventPattern"] == {
        "source": [f"aws.{service}"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": [source], "eventName": sorted(named), "errorCode": [{"exists": False}]},
    }
    assert rule["Targets"] == RESOURCES["ScheduledRule"]["Properties"]["Targets"]


def test_there_is_a_rule_for_each_service_and_for_no_other() -> None:
    own = {name for name in of_type("AWS::Events::Rule") if name.endswith("ControlsRule")}
    assert own == {f"{source.partition('.')[0].title()}ControlsRule" for source in SOURCES}


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_right_is_as_narrow_as_iam_can_make_it(control: Control[Any]) -> None:
    """By cfn-lint's copy of AWS's service authorization reference."""
    text = (files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8")
    known = json.loads(text)
    for right in (*control.reads, *control.writes, *control.undoes):
        service, _, action = right.action.partition(":")
        takes = known[service]["Actions"][action.lower()].get("Resources", [])
        assert bool(takes) is (right.resource != "*"), right.action


@pytest.mark.parametrize("role", [RESPONDER, SWEEPER])
def test_who_mends_may_not_undo(role: str) -> None:
    opening = {(right.action, str(right.conditions)) for control in CONTROLS for right in control.undoes}
    opening -= {(right.action, str(right.conditions)) for control in CONTROLS for right in control.writes}
    granted = {(action, str(each.get("Condition"))) for each in of_controls(role) for action in actions(each)}
    assert opening
    assert not opening & granted
