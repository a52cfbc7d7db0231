"""Events in their wrappings: each is found, none hides another, and there is an end to unwrapping."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall
from cloudmend.core.wrappings import parse_events

EVENT: dict[str, Any] = {"detail": {"eventID": "e-1", "eventName": "X"}}


def ids(raw: object) -> list[str]:
    """Of each answer, the event's id; of an error, its sentence."""
    return [str(answer) if isinstance(answer, EventError) else answer.event_id for answer in parse_events(raw)]


def errors(raw: object) -> list[str]:
    return [str(answer) for answer in parse_events(raw) if isinstance(answer, EventError)]


def test_an_event_that_is_not_wrapped_is_one_answer() -> None:
    assert ids(EVENT) == ids(json.dumps(EVENT)) == ["e-1"]


def test_a_bare_record_is_an_event() -> None:
    (call,) = parse_events({"eventName": "X", "recipientAccountId": "111122223333", "awsRegion": "eu-west-1"})
    assert isinstance(call, ApiCall)
    assert (call.name, call.account, call.region) == ("X", "111122223333", "eu-west-1")


@pytest.mark.parametrize("raw", [{"Records": []}, {"Records": [{"body": "[]"}]}, {"Events": [], "NextToken": "x"}])
def test_a_wrapping_that_holds_nothing_gives_nothing(raw: object) -> None:
    assert parse_events(raw) == ()


@pytest.mark.parametrize("raw", [None, [], 7, "text", "", {}, {"hello": 1}, "[" * 200_000])
def test_what_is_no_event_is_an_error_as_a_value(raw: object) -> None:
    (answer,) = parse_events(raw)
    assert isinstance(answer, EventError)
    assert str(answer).startswith("The event")


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        ({"Records": None}, "Records"),
        ({"Records": "garbage"}, "Records"),
        ({"Records": [EVENT, 7]}, "Records[1]"),
        ({"Records": [{"body": "{"}]}, "Records[0].body"),
        ({"Records": [{"Sns": {"Message": "prose"}}]}, "Records[0].Sns.Message"),
        ({"Records": [{"body": json.dumps({"Message": "[" * 200_000})}]}, "Records[0].body.Message"),
        ({"Events": [{"CloudTrailEvent": ""}]}, "Events[0].CloudTrailEvent"),
        ({"requestPayload": None}, "requestPayload"),
        ([EVENT, {"body": "{"}], "[1].body"),
        ({"Records": [[EVENT, 7]]}, "Records[0][1]"),
    ],
)
def test_an_error_says_where_the_bad_event_is(raw: object, where: str) -> None:
    (error,) = errors(raw)
    assert error.startswith(f"In {where}: The event ")


def test_an_event_under_a_key_of_its_sender_s_own_is_found_with_its_place() -> None:
    record = {"eventID": "e-1", "eventName": "X", "eventTime": "2026-11-24T07:00:00Z"}
    assert ids({"rule": "x", "original": EVENT, "again": record}) == ["e-1", "e-1"]
    (error,) = errors({"Records": [{"mine": {"detail": {"eventName": ["x"]}}}]})
    assert error.startswith("In Records[0].mine: Event (no id) has no")


@pytest.mark.parametrize(
    "inner", [{"eventName": "X", "eventSource": "y"}, {"detail": {"a": 1}}, {"detail": "X"}, "X", 7]
)
def test_what_only_resembles_an_event_under_such_a_key_is_not_taken_for_one(inner: object) -> None:
    (error,) = errors({"mine": inner})
    assert error.startswith('The event has no "detail".')


def test_a_record_that_names_a_payload_is_that_record() -> None:
    detail = {**EVENT["detail"], "requestPayload": {"detail": {"eventName": "Y"}}}
    (call,) = parse_events({"account": "111122223333", "detail": detail})
    assert isinstance(call, ApiCall)
    assert (call.event_id, call.account) == ("e-1", "111122223333")


def test_bad_events_hide_no_good_one_and_keep_their_place() -> None:
    raw = {"Records": [{"body": "{"}, {"body": json.dumps(EVENT)}, None, EVENT, {"eventName": ["x"]}]}
    kinds = ["" if isinstance(answer, EventError) else answer.event_id for answer in parse_events(raw)]
    assert kinds == ["", "e-1", "", "e-1", ""]


def test_an_envelope_or_a_record_is_not_looked_into_for_wrappings() -> None:
    other = {"detail": {"eventID": "e-2", "eventName": "Y"}}
    hidden = {"Records": [other], "Message": other, "body": other}
    assert ids({**EVENT, **hidden}) == ids({**EVENT["detail"], **hidden}) == ["e-1"]
    assert ids({**EVENT, "eventName": "Y"}) == ["e-1"]


def wrapped(times: int, *, as_text: bool) -> object:
    raw: object = EVENT
    for _ in range(times):
        raw = {"requestPayload": json.dumps(raw) if as_text else raw}
    return raw


@pytest.mark.parametrize("as_text", [True, False])
def test_there_is_an_end_to_unwrapping(as_text: bool) -> None:
    assert ids(wrapped(8, as_text=as_text)) == ["e-1"]
    (error,) = errors(wrapped(9, as_text=as_text))
    assert error.startswith("In requestPayload.requestPayload.")
    assert "wrapped more than 8 times" in error


def test_a_wrapping_without_end_ends() -> None:
    endless: dict[str, object] = {}
    endless["body"] = endless
    assert len(errors(endless)) == 1


def test_many_records_give_as_many_answers() -> None:
    assert len(parse_events({"Records": [{"body": json.dumps(EVENT)}] * 10_000})) == 10_000
