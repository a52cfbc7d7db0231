"""The path from EventBridge to the function: the rule, its pattern, its target, and the resource policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from cloudmend.cli.doctor.check import QUEUE, Answer, Deployment
from cloudmend.core.event_rules import EventRule, event_source
from cloudmend.core.model import Json
from cloudmend.core.notice.event import REQUEST_DETAIL_TYPE, REQUEST_SOURCE
from cloudmend.core.ports import Rows
from cloudmend.core.resource_policy import ServiceUse, allows

_NOTICES: Final = {"source": [REQUEST_SOURCE], "detail-type": [REQUEST_DETAIL_TYPE]}


def rule(answer: Json | None, expected: EventRule, name: str, deployment: Deployment) -> Answer:
    """Judge DescribeRule's answer; None: there is no such rule."""
    lacking = f"nothing wakes the function for {', '.join(expected.names)}"
    return _rule(answer, expected.pattern, lacking, name, deployment)


def notice_rule(answer: Json | None, name: str, deployment: Deployment) -> Answer:
    """Judge DescribeRule's answer about the rule for the notices that the command line requests."""
    return _own_rule(answer, _NOTICES, "nobody is notified of an undo or an exemption", name, deployment)


def deployment_rule(answer: Json | None, name: str, deployment: Deployment) -> Answer:
    """Judge DescribeRule's answer about the rule that starts a sweep when the stack was deployed or updated."""
    is_there = {"stack-id": [deployment.stack_id], "status-details": {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]}}
    right = {
        "source": ["aws.cloudformation"],
        "detail-type": ["CloudFormation Stack Status Change"],
        "detail": is_there,
    }
    return _own_rule(answer, right, "no sweep starts when the stack is deployed or updated", name, deployment)


def _own_rule(answer: Json | None, right: Json, lacking: str, name: str, deployment: Deployment) -> Answer:
    """Judge DescribeRule's answer about a rule that must have the template's pattern."""
    if answer and json.loads(answer.get("EventPattern") or "{}") != right:
        put_rule = _put_rule(right, name, deployment)
        return Answer("broken", f"The pattern of rule {name} is not the template's: {lacking}.", put_rule)
    return _rule(answer, right, lacking, name, deployment)


def _rule(answer: Json | None, pattern: Json, lacking: str, name: str, deployment: Deployment) -> Answer:
    """Judge DescribeRule's answer. A rule has two enabled states."""
    if answer is None:
        put_target = _put_target(name, deployment.resources[deployment.function_id], deployment)
        fix = f"{_put_rule(pattern, name, deployment)} && {put_target}"
        return Answer("broken", f"Rule {name} is gone: {lacking}.", fix)
    if not answer["State"].startswith("ENABLED"):
        fix = deployment.aws("events", "enable-rule", "--name", name)
        return Answer("broken", f"Rule {name} is {answer['State']}: {lacking}.", fix)
    return Answer("ok", f"Rule {name} is {answer['State']}.")


def sample(source: str, name: str, deployment: Deployment) -> Json:
    """Return the least event that must match: a successful call, as CloudTrail reports it to EventBridge."""
    return {
        "version": "0",
        "id": "6f9a1c3e-52b7-4d8e-9a40-7c1e0b5d2f63",
        "detail-type": "AWS API Call via CloudTrail",
        "source": event_source(source),
        "account": deployment.account,
        "time": "2025-06-02T09:41:07Z",
        "region": deployment.region,
        "resources": [],
        "detail": {"eventSource": source, "eventName": name, "awsRegion": deployment.region, "readOnly": False},
    }


def pattern(matched: Mapping[str, bool], expected: EventRule, name: str, deployment: Deployment) -> Answer:
    """Return whether each call's sample event matches the rule's pattern, by the call's name."""
    missed = [call for call, matches in matched.items() if not matches]
    if not missed:
        return Answer("ok", f"The pattern of rule {name} matches a sample event of {', '.join(matched)}.")
    found = f"The pattern of rule {name} does not match a sample event of {', '.join(missed)}."
    return Answer("broken", found, _put_rule(expected.pattern, name, deployment))


def _put_rule(right: Json, name: str, deployment: Deployment) -> str:
    """Return the command that makes the rule, or gives it the right pattern. Its targets stay the same."""
    return deployment.aws("events", "put-rule", "--name", name, "--event-pattern", json.dumps(right))


def target(targets: Rows, name: str, function: str, deployment: Deployment) -> Answer:
    """Judge the rule's targets: one must be the function, or one of its versions or aliases."""
    arn = deployment.arn("lambda", f"function:{function}")
    if any(each["Arn"] == arn or each["Arn"].startswith(f"{arn}:") for each in targets):
        return Answer("ok", f"Rule {name} has function {function} as a target.")
    return Answer(
        "broken", f"Function {function} is not a target of rule {name}.", _put_target(name, function, deployment)
    )


def _put_target(name: str, function: str, deployment: Deployment) -> str:
    """Return the command that makes the function the rule's target, as template.yaml has it."""
    made: dict[str, Any] = {
        "Id": deployment.function_id,
        "Arn": deployment.arn("lambda", f"function:{function}"),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
    }
    if queue := deployment.resources.get(QUEUE):
        made["DeadLetterConfig"] = {"Arn": deployment.arn("sqs", queue.rpartition("/")[2])}
    return deployment.aws("events", "put-targets", "--rule", name, "--targets", json.dumps([made]))


def permission(policy: Json | None, name: str, function: str, deployment: Deployment) -> Answer:
    """Judge the function's resource policy; None: it has none."""
    arn = deployment.arn("events", f"rule/{name}")
    use = ServiceUse("events.amazonaws.com", "lambda:InvokeFunction", arn, deployment.account)
    if policy and allows(policy, use):
        return Answer("ok", f"EventBridge can invoke function {function} for rule {name}.")
    grant = ("--action", use.action, "--principal", use.service, "--source-arn", arn)
    words = ("add-permission", "--function-name", function, "--statement-id", name, *grant)
    found = f"EventBridge cannot invoke function {function} for rule {name}."
    return Answer("broken", found, deployment.aws("lambda", *words))
