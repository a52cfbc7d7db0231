"""A rule whose target is the event bus of another Region: who may put there, and what arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import ACCOUNT, SETTLE_S, TEMPLATE, client, put_event

HOME = "eu-west-1"
BUS = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default"
EVENTS = {"Service": "events.amazonaws.com"}


def role(aws: EmbeddedAws, action: str = "events:PutEvents", account: str = ACCOUNT, bus: str = BUS) -> str:
    trust: dict[str, Any] = {"Effect": "Allow", "Principal": EVENTS, "Action": "sts:AssumeRole"}
    trust["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam = client(aws, "iam")
    made: str = iam.create_role(RoleName="forward", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    puts = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": bus}]}
    iam.put_role_policy(RoleName="forward", PolicyName="put", PolicyDocument=json.dumps(puts))
    return made


def forward(aws: EmbeddedAws, role_arn: str, bus: str = BUS, region: str = "us-east-1") -> None:
    """A rule of a Region that forwards what the tests put."""
    events = client(aws, "events", region=region)
    events.put_rule(Name="forward", EventPattern=json.dumps({"source": ["test"]}))
    target = {"Id": "home", "Arn": bus, **({"RoleArn": role_arn} if role_arn else {})}
    events.put_targets(Rule="forward", Targets=[target])


def test_an_event_comes_to_the_rules_of_the_other_region_with_its_own_account_and_region(aws: EmbeddedAws) -> None:
    home = client(aws, "cloudformation", region=HOME)
    home.create_stack(StackName="small", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"])
    forward(aws, role(aws))
    event_id = put_event(aws, key="value")
    aws.settle(SETTLE_S)
    first, second = aws.deliveries
    assert (first.target, first.event_id, first.error) == (BUS, event_id, None)
    event = second.invocations[0].payload["event"]
    assert (event["account"], event["region"], event["detail"]) == (ACCOUNT, "us-east-1", {"key": "value"})
    assert event["id"] != event_id
    assert second.rule.startswith(f"arn:aws:events:{HOME}:")


@pytest.mark.parametrize(
    "lacking",
    [
        {"action": "events:PutRule"},
        {"account": "444455556666"},
        {"bus": BUS.replace("default", "another")},
    ],
)
def test_a_role_that_may_not_put_there_forwards_nothing(aws: EmbeddedAws, lacking: dict[str, Any]) -> None:
    forward(aws, role(aws, **lacking))
    put_event(aws)
    assert [each.error for each in aws.deliveries] == ["NO_PERMISSIONS"]


def test_without_a_role_nothing_is_forwarded(aws: EmbeddedAws) -> None:
    forward(aws, "")
    put_event(aws)
    assert [each.error for each in aws.deliveries] == ["NO_PERMISSIONS"]


@pytest.mark.parametrize("bus", [BUS.replace("default", "none"), BUS.replace(ACCOUNT, "444455556666")])
def test_a_bus_that_is_not_there_takes_nothing(aws: EmbeddedAws, bus: str) -> None:
    forward(aws, role(aws), bus)
    put_event(aws)
    assert [each.error for each in aws.deliveries] == ["NO_RESOURCE"]


def test_a_second_hop_between_regions_is_refused(aws: EmbeddedAws) -> None:
    third = BUS.replace(HOME, "eu-north-1")
    made = role(aws, bus="*")
    forward(aws, made)
    forward(aws, made, third, HOME)
    put_event(aws)
    aws.settle(SETTLE_S)
    assert [each.error for each in aws.deliveries] == [None, "THIRD_REGION_HOP_DETECTED"]
