"""Which of a stack's functions an event is for, when it comes out of the dead-letter queue."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.cli.invoke.run import addressed
from cloudmend.cli.stack import FUNCTION, SWEEP
from cloudmend.lambda_.continuation import asked

RESOURCES = {FUNCTION: "cloudmend-mend-1A", SWEEP: "cloudmend-sweep-2B"}
EVENT = {"region": "us-east-1", "detail": {"eventName": "AuthorizeSecurityGroupIngress"}}
TASK = {"region": "eu-west-1", "only": [{"type": "AWS::EC2::SecurityGroup", "id": "sg-05fe30eb67c909f27"}]}


def failed(function: str, payload: Any) -> dict[str, Any]:
    """Lambda's record of an invocation that failed."""
    arn = f"arn:aws:lambda:us-east-1:111122223333:function:{function}:$LATEST"
    return {"requestContext": {"functionArn": arn, "condition": "RetriesExhausted"}, "requestPayload": payload}


@pytest.mark.parametrize(
    "event", [EVENT, failed("cloudmend-mend-1A", EVENT), {"Records": []}, {}, [EVENT], "text", None]
)
def test_what_an_event_reports_is_for_the_function_that_events_wake(event: Any) -> None:
    assert addressed(event, RESOURCES) == (FUNCTION, event)


PUT_OFF = {
    "due": "2026-11-24T08:00:00Z",
    "account": "111122223333",
    "region": "eu-west-1",
    "control": "security_group_ingress",
    "resource": {"type": "AWS::EC2::SecurityGroup", "id": "sg-05fe30eb67c909f27"},
    "cause": {"event_id": "e-1", "source": "", "name": "Sweep", "time": None, "account": "", "region": "eu-west-1"},
}


@pytest.mark.parametrize("task", [TASK, {"region": "eu-west-1"}, PUT_OFF, {**PUT_OFF, "told": ["sgr-1"]}])
def test_a_message_of_the_sweep_s_queue_is_for_the_sweep_as_the_queue_would_hand_it_over(task: dict[str, Any]) -> None:
    function, event = addressed(task, RESOURCES)
    assert function == SWEEP
    assert [json.loads(record["body"]) for record in event["Records"]] == [task]
    assert asked(event) is not None


def test_what_the_sweep_failed_at_is_for_the_sweep() -> None:
    payload = {"Records": [{"body": json.dumps(TASK)}]}
    assert addressed(failed("cloudmend-sweep-2B", payload), RESOURCES) == (SWEEP, payload)


def test_a_stack_without_a_sweep_has_one_function_for_all() -> None:
    event = failed("cloudmend-mend-1A", EVENT)
    assert addressed(event, {FUNCTION: "cloudmend-mend-1A"}) == (FUNCTION, event)
