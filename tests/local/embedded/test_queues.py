"""A queue whose messages a function takes; and the resource types around topics and schedules."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import SETTLE_S, TEMPLATE, client, deploy, messages

# Fails where the message says so; else it says what it got.
HANDLER = """
import json

def handler(event, context):
    for record in event["Records"]:
        body = json.loads(record["body"])
        print("took", body["n"], record["eventSource"])
        if body.get("fail"):
            raise ValueError("asked to fail")
"""


def with_a_queue() -> dict[str, Any]:
    """The small stack, in which the function takes what is in the queue `work`, and keeps what fails twice."""
    takes = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    rights = {"Effect": "Allow", "Action": takes, "Resource": {"Fn::GetAtt": ["Work", "Arn"]}}
    policies = [{"Version": "2012-10-17", "Statement": [rights]}]
    function = {**TEMPLATE["Resources"]["Function"]["Properties"], "InlineCode": HANDLER, "Policies": policies}
    failures = {"Fn::GetAtt": ["FailureQueue", "Arn"]}
    work = {"QueueName": "work", "RedrivePolicy": {"deadLetterTargetArn": failures, "maxReceiveCount": 2}}
    mapping = {
        "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
        "FunctionName": {"Ref": "Function"},
        "BatchSize": 1,
    }
    added = {
        "Function": {**TEMPLATE["Resources"]["Function"], "Properties": function},
        "Work": {"Type": "AWS::SQS::Queue", "Properties": work},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    return {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], **added}}


def send(aws: EmbeddedAws, delay_s: int = 0, **body: Any) -> None:
    sqs = client(aws, "sqs")
    url = sqs.get_queue_url(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), DelaySeconds=delay_s)
    aws.settle(SETTLE_S)


def printed(aws: EmbeddedAws) -> list[str]:
    """What the function printed, a line each."""
    events = client(aws, "logs").filter_log_events(logGroupName="/small/stack")["events"]
    return [event["message"].strip() for event in events if event["message"].startswith("took")]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SETTLE_S
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def test_a_function_takes_what_is_sent_to_its_queue_once(aws: EmbeddedAws) -> None:
    deploy(aws, with_a_queue())
    send(aws, n=1)
    assert printed(aws) == ["took 1 aws:sqs"]
    assert not messages(aws, "work")


def test_a_message_that_is_delayed_is_taken_when_the_delay_is_over(aws: EmbeddedAws) -> None:
    deploy(aws, with_a_queue())
    send(aws, 900, n=1)
    send(aws, 1, n=2)
    wait_for(lambda: bool(printed(aws)))
    aws.settle(SETTLE_S)
    assert printed(aws) == ["took 2 aws:sqs"]


def test_a_message_that_fails_is_tried_again_and_then_kept(aws: EmbeddedAws) -> None:
    deploy(aws, with_a_queue())
    send(aws, n=1, fail=True)
    assert printed(aws) == ["took 1 aws:sqs"] * 2
    assert [message["body"] for message in messages(aws, "failures")] == [{"n": 1, "fail": True}]


def test_lambda_takes_the_messages_in_the_functions_role(aws: EmbeddedAws) -> None:
    deploy(aws, with_a_queue())
    send(aws, n=1)
    taken = {call.operation for call in aws.calls if call.service == "sqs" and ":assumed-role/" in call.principal}
    assert taken == {"GetQueueAttributes", "ReceiveMessage", "DeleteMessage"}


def test_a_deleted_stack_maps_no_queue_any_more(aws: EmbeddedAws) -> None:
    deploy(aws, with_a_queue())
    client(aws, "cloudformation").delete_stack(StackName="small")
    assert not client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"]


def test_topics_and_schedules_come_and_go_with_their_stack(aws: EmbeddedAws) -> None:
    topic = {"Ref": "Topic"}
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    subscription = {"TopicArn": topic, "Protocol": "email", "Endpoint": "somebody@example.com"}
    target = {"Arn": {"Fn::GetAtt": ["Function", "Arn"]}, "RoleArn": "arn:aws:iam::123456789012:role/timer"}
    added: dict[str, Any] = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "told"}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [topic], "PolicyDocument": {"Statement": [statement]}},
        },
        "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        "Timer": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "rate(6 hours)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": target,
            },
        },
    }
    deploy(aws, {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], **added}})
    sns, scheduler = client(aws, "sns"), client(aws, "scheduler")
    (arn,) = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    policy = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    assert policy == {"Statement": [statement]}
    assert [each["Endpoint"] for each in sns.list_subscriptions()["Subscriptions"]] == ["somebody@example.com"]
    (schedule,) = scheduler.list_schedules()["Schedules"]
    assert scheduler.get_schedule(Name=schedule["Name"])["ScheduleExpression"] == "rate(6 hours)"
    client(aws, "cloudformation").delete_stack(StackName="small")
    assert not sns.list_topics()["Topics"]
    assert not sns.list_subscriptions()["Subscriptions"]
    assert not scheduler.list_schedules()["Schedules"]
