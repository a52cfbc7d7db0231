"""What a sweep leaves to the next one: messages that fit into the queue, and come back as they were."""

from __future__ import annotations

import json

import pytest

from cloudmend.core.errors import EventError
from cloudmend.core.model import Resource
from cloudmend.entry.continuation import MOST_BYTES, messages, resources

LEFT = tuple(Resource(type="AWS::EC2::SecurityGroup", id=f"sg-{number:017x}") for number in range(10_000))


def test_all_that_is_left_comes_back_in_order_from_messages_that_fit() -> None:
    bodies = list(messages(LEFT))
    assert 1 < len(bodies) < 10
    assert max(len(body.encode()) for body in bodies) <= MOST_BYTES + len("[]")
    assert resources({"Records": [{"body": body} for body in bodies]}) == LEFT


def test_nothing_left_is_no_message() -> None:
    assert list(messages(())) == []


def test_one_that_alone_is_too_long_still_goes() -> None:
    assert [json.loads(body)[0]["id"] for body in messages(LEFT[:2], most=1)] == [each.id for each in LEFT[:2]]


@pytest.mark.parametrize("event", [{"source": "aws.scheduler"}, {}, None, []])
def test_any_other_event_means_everywhere(event: object) -> None:
    assert resources(event) is None


@pytest.mark.parametrize("record", [{"body": "{"}, {"body": '["sg-1"]'}, {"body": "{}"}, {}, None])
def test_a_message_that_cannot_be_understood_is_refused(record: object) -> None:
    with pytest.raises(EventError, match="sweep's queue cannot be understood"):
        resources({"Records": [record]})
