"""The event rules of the template, with what lets them in: permissions, and the dead-letter queue's policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloudmend.core.event_rules import FIRST_RULE, EventRule
from cloudmend.core.policy.model import name_of

_FUNCTION: Final = "SecurityGroupRemediationLambda"
_QUEUE: Final = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
_NOTHING: Final = {"Ref": "AWS::NoValue"}


def rule(made: EventRule, policies: Sequence[str]) -> Mapping[str, Any]:
    """Return the resource. It comes after the policies, for no event may come before the rights to handle it."""
    names = [_name(call, ids, made) for call, ids in made.heard_by.items()]
    pattern = {**made.pattern, "detail": {**made.pattern["detail"], "eventName": names}}
    properties: dict[str, Any] = {"Description": _description(made), "EventPattern": pattern, "Targets": [_TARGET]}
    after = {"DependsOn": list(policies)} if policies else {}
    if made.id == FIRST_RULE:  # the outputs, an alarm and the dashboard name it, so it never goes
        state = {"Fn::If": [condition(made), "ENABLED", "DISABLED"]}
        return {"Type": "AWS::Events::Rule", **after, "Properties": {"State": state, **properties}}
    return {"Type": "AWS::Events::Rule", "Condition": condition(made), **after, "Properties": properties}


def permission(made: EventRule) -> tuple[str, Mapping[str, Any]]:
    """Return the logical id and the resource that lets EventBridge call the function for a rule."""
    properties: dict[str, Any] = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Fn::GetAtt": [_FUNCTION, "Arn"]},
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": [made.id, "Arn"]},
    }
    if made.id == FIRST_RULE:
        return "LambdaInvokePermission", {"Type": "AWS::Lambda::Permission", "Properties": properties}
    name = made.id.replace("Rule", "Permission")
    return name, {"Type": "AWS::Lambda::Permission", "Condition": condition(made), "Properties": properties}


def source_arn(made: EventRule) -> Any:
    """Return the rule's ARN where it is there, as an item of the list of those whom the queue lets in."""
    arn = {"Fn::GetAtt": [made.id, "Arn"]}
    return arn if made.id == FIRST_RULE else {"Fn::If": [condition(made), arn, _NOTHING]}


def condition(made: EventRule) -> str:
    """Return the condition under which any control hears the rule."""
    controls = made.controls
    return f"Hears{name_of(controls[0])}" if len(controls) == 1 else f"Hears{made.id}"


def _name(call: str, ids: Sequence[str], made: EventRule) -> Any:
    """Return the name of a call where a control hears it. A rule is there only if one of its controls does."""
    if {*ids} == {*made.controls}:
        return call
    heard: Any = _NOTHING
    for each in ids:
        heard = {"Fn::If": [f"Hears{name_of(each)}", call, heard]}
    return heard


def _description(made: EventRule) -> str:
    return f"Calls that wake {', '.join(made.controls)}, as CloudTrail records them."


_TARGET: Final[Mapping[str, Any]] = {
    "Id": _FUNCTION,
    "Arn": {"Fn::GetAtt": [_FUNCTION, "Arn"]},
    "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
    "DeadLetterConfig": {"Arn": _QUEUE},
}
