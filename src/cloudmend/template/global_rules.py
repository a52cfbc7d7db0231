"""The stack beside a stack elsewhere: rules in the Region of global services, which forward their calls to its bus.

It is plain CloudFormation, without a transform and without code, so that it can be deployed as a StackSet too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.contract import Control
from cloudmend.core.event_rules import EventRule, event_rules, global_rules
from cloudmend.template.blocks import dumped
from cloudmend.template.rules import wakes

FILE: Final = "global-rules.yaml"
_BUS: Final = {"Ref": "HomeBusArn"}
_QUEUE: Final = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
_ACCOUNT: Final = {"Ref": "AWS::AccountId"}
_EVENTS: Final = {"Service": "events.amazonaws.com"}
_HEAD: Final = """\
# The rules of global services, whose calls only their home Region reports (us-east-1). Deploy it there if the stack of
# cloudmend is in another Region: docs/own-control.md says how. Generated from the controls.
"""


def global_template(controls: Iterable[Control[Any]]) -> str:
    """Return the template; empty if no control hears a global service."""
    rules = global_rules(event_rules(wakes(controls), CATALOG.first))
    return _HEAD + dumped(_template(rules)) if rules else ""


def _template(rules: Sequence[EventRule]) -> Mapping[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Forwards the calls of global services that controls of cloudmend watch to its event bus.",
        "Parameters": {
            "HomeBusArn": {
                "Type": "String",
                "Description": "The default event bus of the Region of cloudmend's stack, in this account.",
                "AllowedPattern": r"arn:aws:events:[a-z0-9-]+:[0-9]{12}:event-bus/default",
            }
        },
        "Resources": {
            "ForwardingRole": _role(),
            "DeadLetterQueue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True},
            },
            "DeadLetterQueuePolicy": _queue_policy(rules),
            **{each.id: _rule(each) for each in rules},
        },
        "Outputs": {"DeadLetterQueueUrl": {"Value": {"Ref": "DeadLetterQueue"}}},
    }


def _role() -> Mapping[str, Any]:
    """Return the role that EventBridge assumes. It can put events on one bus, and nothing else."""
    here = {"StringEquals": {"aws:SourceAccount": _ACCOUNT}}
    assumes = {"Effect": "Allow", "Principal": _EVENTS, "Action": "sts:AssumeRole", "Condition": here}
    puts = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": _BUS}
    policy = {"PolicyName": "PutEvents", "PolicyDocument": {"Version": "2012-10-17", "Statement": [puts]}}
    trust = {"Version": "2012-10-17", "Statement": [assumes]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, "Policies": [policy]}}


def _queue_policy(rules: Sequence[EventRule]) -> Mapping[str, Any]:
    arns = [{"Fn::GetAtt": [each.id, "Arn"]} for each in rules]
    sends = {
        "Effect": "Allow",
        "Principal": _EVENTS,
        "Action": "sqs:SendMessage",
        "Resource": _QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": arns}},
    }
    document = {"Version": "2012-10-17", "Statement": [sends]}
    queues = [{"Ref": "DeadLetterQueue"}]
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": queues, "PolicyDocument": document}}


def _rule(made: EventRule) -> Mapping[str, Any]:
    """Return a rule that forwards. What is switched off in the stack is dropped there: it has no rule for it."""
    target = {
        "Id": "Home",
        "Arn": _BUS,
        "RoleArn": {"Fn::GetAtt": ["ForwardingRole", "Arn"]},
        "DeadLetterConfig": {"Arn": _QUEUE},
    }
    told = f"Forwards calls that wake {', '.join(made.controls)}."
    properties = {"Description": told, "EventPattern": made.pattern, "Targets": [target]}
    return {"Type": "AWS::Events::Rule", "Properties": properties}
