"""What a sweep leaves to the next one: messages that fit into the queue, and come back as they were."""

from __future__ import annotations

import json

import pytest

from cloudmend.core.errors import EventError
from cloudmend.core.model import Resource
from cloudmend.core.ports import Leftover
from cloudmend.lambda_.continuation import MOST_BYTES, Task, asked, messages, whole

GROUPS = tuple(Resource(type="AWS::EC2::SecurityGroup", id=f"sg-{number:017x}") for number in range(10_000))
LEFT = tuple(Leftover("security_group_ingress", each) for each in GROUPS)


def test_all_that_is_left_comes_back_in_order_from_messages_that_fit() -> None:
    bodies = list(messages("eu-west-1", LEFT))
    assert 1 < len(bodies) < 10
    assert max(len(body.encode()) for body in bodies) <= MOST_BYTES + 100
    tasks = [asked({"Records": [{"body": body}]}) for body in bodies]
    assert {task.region for task in tasks if task} == {"eu-west-1"}
    assert tuple(resource for task in tasks if isinstance(task, Task) for resource in task.wanted) == LEFT


def test_a_whole_region_is_a_message_of_its_own() -> None:
    bodies = whole(["eu-west-1", "us-east-1"])
    assert [asked({"Records": [{"body": body}]}) for body in bodies] == [Task("eu-west-1"), Task("us-east-1")]


def test_nothing_left_is_no_message() -> None:
    assert list(messages("eu-west-1", ())) == []


def test_one_that_alone_is_too_long_still_goes() -> None:
    bodies = messages("eu-west-1", LEFT[:2], most=1)
    assert [json.loads(body)["left"][0]["resource"]["id"] for body in bodies] == [each.id for each in GROUPS[:2]]


def test_what_an_older_version_left_is_for_any_control() -> None:
    body = json.dumps({"region": "eu-west-1", "only": [{"type": "AWS::EC2::SecurityGroup", "id": GROUPS[0].id}]})
    task = asked({"Records": [{"body": body}]})
    assert isinstance(task, Task)
    assert task.wanted == (Leftover("", GROUPS[0]),)


@pytest.mark.parametrize("event", [{"source": "aws.scheduler"}, {}, None, []])
def test_any_other_event_asks_for_nothing_special(event: object) -> None:
    assert asked(event) is None


@pytest.mark.parametrize("record", [{"body": "{"}, {"body": '["sg-1"]'}, {"body": "{}"}, {}, None])
def test_a_message_that_cannot_be_understood_is_refused(record: object) -> None:
    with pytest.raises(EventError, match="sweep's queue cannot be understood"):
        asked({"Records": [record]})


def test_two_messages_at_once_are_refused() -> None:
    with pytest.raises(EventError, match="sweep's queue cannot be understood"):
        asked({"Records": [{"body": body} for body in whole(["eu-west-1", "us-east-1"])]})
