from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from cloudmend.controls.security_group_ingress.targets import targets
from cloudmend.core.attribution import attribute
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, parse_event, text
from cloudmend.core.model import Actor, ApiCall, Ignored


def envelope(**detail: Any) -> dict[str, Any]:
    record = {
        "eventID": "e-1",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "AuthorizeSecurityGroupIngress",
    }
    return {"id": "id-1", "account": "111122223333", "region": "eu-west-1", "detail": {**record, **detail}}


def parsed(**detail: Any) -> ApiCall:
    call = parse_event(envelope(**detail))
    assert isinstance(call, ApiCall)
    return call


def test_the_envelope_s_account_and_region_are_believed_rather_than_the_record_s() -> None:
    call = parsed(awsRegion="us-east-1", recipientAccountId="123456789012")
    assert (call.account, call.region) == ("111122223333", "eu-west-1")


def test_the_idempotency_key_is_the_record_s_event_id() -> None:
    assert parsed().event_id == "e-1"
    assert parsed(eventID=None).event_id == "id-1"


@pytest.mark.parametrize("code", ["Client.UnauthorizedOperation", "Client.DryRunOperation"])
def test_a_call_that_failed_changed_nothing(code: str) -> None:
    answer = parse_event(envelope(errorCode=code, responseElements=None))
    told = f"AuthorizeSecurityGroupIngress failed with {code} and changed nothing"
    assert answer == Ignored(told, "e-1", refused=True)


def test_a_call_names_its_service_and_the_store_of_the_person_it_was_made_for() -> None:
    person = {"userId": "u-1", "identityStoreArn": "d-1234567890"}
    call = parsed(userIdentity={"onBehalfOf": person})
    assert (call.source, call.actor.on_behalf_of, call.actor.identity_store) == (
        "ec2.amazonaws.com",
        "u-1",
        "d-1234567890",
    )


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, 0])
def test_an_error_code_that_says_nothing_means_success(nothing: object) -> None:
    assert parsed(errorCode=nothing).name == "AuthorizeSecurityGroupIngress"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "The event is missing,"),
        ([], "The event is a list,"),
        ("text", "The event is text,"),
        (True, "The event is true or false,"),
        (7, "The event is a number,"),
        (0.5, "The event is a number,"),
        ({"detail": 7}, '"detail" is a number'),
        ({}, 'has no "detail"'),
        ({"detail": None}, 'has no "detail"'),
        ({"detail": []}, '"detail" is a list'),
        ({"detail": {}}, 'Event (no id) has no "detail.eventName"'),
        ({"id": "id-1", "detail": {}}, 'Event id-1 has no "detail.eventName"'),
        ({"detail": {"eventName": ["x"]}}, 'no "detail.eventName"'),
    ],
)
def test_what_is_no_event_is_refused_with_a_sentence(raw: object, said: str) -> None:
    with pytest.raises(EventError) as refusal:
        parse_event(raw)
    assert said in str(refusal.value)
    assert "events/event.json" in str(refusal.value)


def test_a_record_with_a_name_alone_is_a_call_about_which_nothing_else_is_known() -> None:
    call = parse_event({"detail": {"eventName": "X"}})
    assert call == ApiCall(
        event_id="",
        source="",
        name="X",
        time=None,
        account="",
        region="",
        actor=Actor(),
        request={},
        response={},
    )


@pytest.mark.usefixtures("machine_in_tokyo")
@pytest.mark.parametrize(
    ("detail_time", "envelope_time", "expected"),
    [
        ("2026-11-24T06:50:16Z", None, datetime(2026, 11, 24, 6, 50, 16, tzinfo=UTC)),
        (None, "2026-11-24T06:50:16Z", datetime(2026, 11, 24, 6, 50, 16, tzinfo=UTC)),
        ("2026-11-24T06:50:16", None, datetime(2026, 11, 24, 6, 50, 16, tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", None, None),  # in no year of Python's calendar
        ("0001-01-01T00:00:00+14:00", "2026-11-24T06:50:16Z", datetime(2026, 11, 24, 6, 50, 16, tzinfo=UTC)),
        ("2026-11-24T08:50:16+02:00", None, datetime(2026, 11, 24, 6, 50, 16, tzinfo=UTC)),
        ("yesterday", None, None),
        (None, None, None),
    ],
)
def test_the_time_is_that_of_the_call(detail_time: str | None, envelope_time: str | None, expected: datetime) -> None:
    call = parse_event({**envelope(eventTime=detail_time), "time": envelope_time})
    assert isinstance(call, ApiCall)
    assert (call.time, call.time and call.time.tzinfo) == (expected, expected and UTC)


@pytest.mark.parametrize("nothing", [None, "", "not json", "[1]", [], 7])
def test_request_parameters_that_are_no_object_are_empty(nothing: object) -> None:
    call = parsed(requestParameters=nothing, responseElements=nothing)
    assert (call.request, call.response) == ({}, {})


def test_request_parameters_may_be_a_json_string() -> None:
    assert parsed(requestParameters='{"groupId": "sg-1"}').request == {"groupId": "sg-1"}


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (
            {"type": "Root", "arn": "arn:aws:iam::111122223333:root"},
            Actor(kind="Root", arn="arn:aws:iam::111122223333:root"),
        ),
        (
            {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::111122223333:assumed-role/Admin/jane=doe@example",
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/Admin"}},
                "invokedBy": "cloudformation.amazonaws.com",
            },
            Actor(
                kind="AssumedRole",
                arn="arn:aws:sts::111122223333:assumed-role/Admin/jane=doe@example",
                role_arn="arn:aws:iam::111122223333:role/Admin",
                invoked_by="cloudformation.amazonaws.com",
            ),
        ),
        (
            {"type": "IAMUser", "arn": "a", "sessionContext": {"sessionIssuer": {}}},
            Actor(kind="IAMUser", arn="a"),
        ),
        (
            {"type": "IAMUser", "accountId": 111122223333, "userName": "jane", "principalId": "AIDAEXAMPLE"},
            Actor(kind="IAMUser", arn="AIDAEXAMPLE", account="111122223333", user_name="jane"),
        ),
        ({"sessionContext": None}, Actor()),
        ("arn:aws:iam::111122223333:user/x", Actor(arn="arn:aws:iam::111122223333:user/x")),
        (None, Actor()),
        (["x"], Actor()),
    ],
)
def test_who_did_it_is_read_from_any_identity(identity: object, actor: Actor) -> None:
    assert parsed(userIdentity=identity).actor == actor


@pytest.mark.parametrize(("said", "from_console"), [("true", True), (True, True), ("false", False), (None, False)])
def test_a_session_of_the_console_is_known_by_its_flag(said: object, from_console: bool) -> None:
    assert parsed(sessionCredentialFromConsole=said).actor.from_console is from_console


def test_where_it_came_from_is_kept() -> None:
    actor = parsed(sourceIPAddress="198.51.100.7", userAgent="aws-cli/2").actor
    assert (actor.source_ip, actor.user_agent) == ("198.51.100.7", "aws-cli/2")


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ({"items": [1, 2]}, (1, 2)),
        ({"items": {"a": 1}}, ({"a": 1},)),
        ([1], (1,)),
        ({"a": 1}, ({"a": 1},)),
        ({}, ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_list_is_read_in_each_of_its_forms(value: object, members: tuple[object, ...]) -> None:
    assert items(value) == members


def test_numbers_and_other_types_in_place_of_text() -> None:
    assert (text(111122223333), text(True), text(1.5), text(None), text("x")) == (
        "111122223333",
        "",
        "",
        "",
        "x",
    )


def test_half_a_surrogate_pair_becomes_text_that_can_be_written() -> None:
    assert text("jane\ud83d").encode() == b"jane?"


def test_an_event_of_half_surrogate_pairs_gives_nothing_that_cannot_be_stored() -> None:
    half = "\ud83d"
    texts = dict.fromkeys(("type", "arn", "accountId", "userName", "invokedBy"), half)
    identity = {**texts, "sessionContext": {"sessionIssuer": {"arn": half}}}
    names = ("eventID", "eventSource", "eventName", "sourceIPAddress", "userAgent")
    detail = {**dict.fromkeys(names, half), "userIdentity": identity, "requestParameters": {"groupName": half}}
    call = parse_event({"account": half, "region": half, "detail": detail})
    assert isinstance(call, ApiCall)
    msgspec.json.encode((call.event_id, call.source, call.name, call.account, call.region))
    msgspec.json.encode((call.actor, attribute(call.actor), targets(call)))


@pytest.mark.parametrize("deep", ["[" * 200_000, '{"a":' * 200_000, "[" * 200_000 + "]" * 200_000])
def test_a_string_of_deeply_nested_json_is_no_mapping_and_no_crash(deep: str) -> None:
    assert mapping(deep) == {}


def test_only_objects_are_mappings() -> None:
    assert (mapping({"a": 1}), mapping("{}"), mapping(3)) == ({"a": 1}, {}, {})
