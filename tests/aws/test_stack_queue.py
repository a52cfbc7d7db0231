"""What is put off waits in a queue: one message for each resource and hour, whoever comes how often."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloudmend.aws.gateway import Gateway
from cloudmend.aws.stack import QUEUE_PERMISSIONS, LaterQueue
from cloudmend.core.errors import AwsError
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import PutOff
from cloudmend.lambda_.continuation import asked
from cloudmend.local.server import EmbeddedAws
from ledgers.backends import table_resource
from local.embedded.helpers import client, unheard
from support import ACCOUNT, NOW, REGION, StandingClock

HOUR = timedelta(hours=1)
TASK = PutOff(
    due=NOW + HOUR,
    account=ACCOUNT,
    region=REGION,
    control="security_group_ingress",
    resource=Resource(type="AWS::EC2::SecurityGroup", id="sg-05fe30eb67c909f27"),
    cause=ApiCall(event_id="e-1", source="", name="AuthorizeSecurityGroupIngress", time=None, account="", region=""),
)
OTHER = msgspec.structs.replace(TASK, resource=Resource(type="AWS::EC2::SecurityGroup", id="sg-0ce22d5f105b9f34f"))


class Stack:
    """A queue and a ledger's table; `called` are the IAM actions of the calls."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.clients = {name: client(aws, name) for name in ("sqs", "dynamodb")}
        self.called: set[str] = set()
        for name, each in self.clients.items():
            each.meta.events.register(f"provide-client-params.{name}", self._note)
        template = {"Resources": {"Table": table_resource(), "Queue": {"Type": "AWS::SQS::Queue"}}}
        cloudformation = client(aws, "cloudformation")
        cloudformation.create_stack(StackName="later", TemplateBody=json.dumps(template))
        rows = cloudformation.describe_stack_resources(StackName="later")["StackResources"]
        ids = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
        self.table, self.queue = ids["Table"], ids["Queue"]

    def _note(self, model: Any, **_: Any) -> None:
        self.called.add(f"{model.service_model.endpoint_prefix}:{model.name}")

    def put_off(self, task: PutOff, **names: str) -> bool:
        named = {"queue": self.queue, "table": self.table, **names}
        gateway = Gateway("us-east-1", self.clients.__getitem__, StandingClock())
        return LaterQueue(gateway, named["queue"], named["table"], StandingClock()).put_off(task)

    @property
    def waiting(self) -> int:
        """How many messages are delayed."""
        name = "ApproximateNumberOfMessagesDelayed"
        answer = self.clients["sqs"].get_queue_attributes(QueueUrl=self.queue, AttributeNames=[name])
        return int(answer["Attributes"][name])


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


@pytest.fixture
def stack(aws: EmbeddedAws) -> Iterator[Stack]:
    stack = Stack(aws)
    yield stack
    client(aws, "cloudformation").delete_stack(StackName="later")


def test_it_is_one_delayed_message_however_often_it_is_put_off(stack: Stack) -> None:
    assert all(stack.put_off(TASK) for _ in range(5))
    assert stack.waiting == 1


def test_another_resource_and_another_hour_have_messages_of_their_own(stack: Stack) -> None:
    for task in (TASK, OTHER, msgspec.structs.replace(TASK, due=TASK.due + HOUR)):
        stack.put_off(task)
    assert stack.waiting == 3


def test_its_message_is_what_was_put_off_delayed_as_long_as_a_queue_can(stack: Stack) -> None:
    sent: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        sent.append(params)

    stack.clients["sqs"].meta.events.register("provide-client-params.sqs.SendMessage", note)
    stack.put_off(TASK)
    (message,) = sent
    assert message["DelaySeconds"] == 900
    assert asked({"Records": [{"body": message["MessageBody"]}]}) == TASK


def test_who_dies_between_the_message_and_its_note_leads_to_a_second_message_and_not_to_none(stack: Stack) -> None:
    def die(**_: Any) -> None:
        raise KeyboardInterrupt

    events = stack.clients["dynamodb"].meta.events
    events.register("before-call.dynamodb.PutItem", die)
    with pytest.raises(KeyboardInterrupt):
        stack.put_off(TASK)
    events.unregister("before-call.dynamodb.PutItem", die)
    stack.put_off(TASK)
    stack.put_off(TASK)
    assert stack.waiting == 2


def test_a_note_is_kept_for_a_day_after_it_was_due(stack: Stack) -> None:
    stack.put_off(TASK)
    (item,) = stack.clients["dynamodb"].scan(TableName=stack.table)["Items"]
    assert item["pk"] == {"S": f"budget/{ACCOUNT}"}
    assert int(item["expires"]["N"]) == (NOW + HOUR + timedelta(days=1)).timestamp()


def test_without_a_table_it_is_a_message_each_time(stack: Stack) -> None:
    assert stack.put_off(TASK, table="")
    assert stack.put_off(TASK, table="")
    assert stack.waiting == 2


def test_a_queue_that_does_not_take_it_is_an_error_and_leaves_no_note(stack: Stack) -> None:
    with pytest.raises(AwsError, match="sqs:SendMessage"):
        stack.put_off(TASK, queue=f"{stack.queue}-gone")
    assert stack.put_off(TASK)
    assert stack.waiting == 1


def test_the_rights_that_it_declares_are_those_that_it_uses(stack: Stack) -> None:
    stack.called.clear()
    stack.put_off(TASK)
    assert stack.called == QUEUE_PERMISSIONS
