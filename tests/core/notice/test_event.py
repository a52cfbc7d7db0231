"""The event for programs: the documented schema, every record in it, and never too large for EventBridge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.guidance import guided
from cloudmend.core.model import Actor, Record, Request, Step
from cloudmend.core.notice.event import MOST_BYTES, Detail, Told, detail, joined, put_event, schema
from records import GROUP, MENDED, OPEN, RECORDS, hostile, hostile_records

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = DOCS / "schemas" / "record-v1.json"
WRITE_IT = "write it anew: make generate"

# As a program of another team was promised it: this may only grow.
VERSION_1: dict[str, Any] = {
    "version": 1,
    "status": "mended",
    "control": "security_group_ingress",
    "resource": {"type": "AWS::EC2::SecurityGroup", "id": GROUP, "parts": []},
    "account": "111122223333",
    "region": "eu-west-1",
    "event_id": "3f2a9d5e-0000-4000-8000-000000000001",
    "event_name": "AuthorizeSecurityGroupIngress",
    "summary": f"{GROUP}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8.",
    "remaining": [],
    "errors": [],
    "seconds_since_call": 2.0,
    "left_out": {},
}


def validate(value: object) -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(value)


def told(record: Record) -> dict[str, Any]:
    """The detail as a program reads it, held against the schema and the type."""
    value: dict[str, Any] = json.loads(detail(record))
    validate(value)
    msgspec.convert(value, Detail)
    return value


def test_the_schema_in_the_docs_is_that_of_the_code() -> None:
    assert SCHEMA.read_text() == schema(), WRITE_IT


def test_the_schema_refuses_what_is_no_record() -> None:
    for wrong in ({**told(MENDED), "status": "fine"}, {**told(MENDED), "version": 2}, {}):
        with pytest.raises(ValidationError):
            validate(wrong)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_of_every_status_is_told_whole(record: Record) -> None:
    value = told(record)
    assert (value.pop("version"), value.pop("left_out")) == (1, {})
    assert msgspec.convert(value, Record) == record


def keeps(promised: object, value: object) -> bool:
    """Whether a value has all that was promised of it; objects may have gained fields."""
    if isinstance(promised, dict) and isinstance(value, dict):
        return all(name in value and keeps(member, value[name]) for name, member in promised.items())
    return promised == value


def test_version_1_keeps_what_it_promised() -> None:
    assert keeps(VERSION_1, told(MENDED))
    assert not keeps(VERSION_1, {**told(MENDED), "resource": {}})


def test_the_example_in_the_docs_is_an_event_of_this_schema() -> None:
    page = (DOCS / "reference" / "events.md").read_text()
    example = json.loads(page.partition("```json\n")[2].partition("```")[0])
    entry = put_event(MENDED).params["Entries"][0]
    assert (example["source"], example["detail-type"]) == (entry["Source"], entry["DetailType"])
    assert example["resources"] == entry["Resources"]
    assert example["detail"] == told(MENDED)


def test_the_event_names_the_resource_by_its_arn() -> None:
    def resources(record: Record) -> Any:
        return put_event(record).params["Entries"][0]["Resources"]

    assert resources(MENDED) == [f"arn:aws:ec2:eu-west-1:111122223333:security-group/{GROUP}"]
    china = guided(replace(MENDED, region="cn-north-1"), CONTROL)
    assert resources(china) == [f"arn:aws-cn:ec2:cn-north-1:111122223333:security-group/{GROUP}"]
    unknown = guided(replace(MENDED, resource=replace(MENDED.resource, type="AWS::S3::Bucket")), CONTROL)
    assert resources(unknown) == []


def test_a_record_that_is_too_large_loses_list_items_and_says_how_many() -> None:
    large = replace(
        OPEN,
        findings=OPEN.findings * 3000,
        remaining=OPEN.remaining * 3000,
        undo=MENDED.undo * 3,
        exemptions_unreadable=("It is no JSON.",) * 101,
    )
    value = told(large)
    lists = {"findings": 2900, "remaining": 2900, "exemptions_unreadable": 1}
    assert value["left_out"] == {**lists, "undo": 3, "look": 1, "by_hand": 1}
    assert (value["undo"], value["look"], value["by_hand"]) == ([], [], [])
    assert len(value["findings"]) == len(value["remaining"]) == 100
    assert value["summary"] == OPEN.summary


@given(
    st.sampled_from(["x", "\x01", "\U0001f600", '"']), st.sampled_from([1, 100, 1000]), st.sampled_from([10, 50_000])
)
def test_no_record_is_too_large_for_eventbridge(character: str, times: int, length: int) -> None:
    record = hostile(character * length, "open", times if length < 50_000 else 3)
    assert len(detail(record).encode()) <= MOST_BYTES
    told(record)


@given(hostile_records)
def test_foreign_text_reaches_programs_as_it_came(record: Record) -> None:
    value = told(record)
    assert value["actor"]["user_agent"] == record.actor.user_agent.encode("utf-8", "replace").decode()


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert told(replace(MENDED, actor=Actor(user_agent="a\ud800b")))["actor"]["user_agent"] == "a?b"


def alone(*records: Record) -> list[Told]:
    return [((record,), put_event(record)) for record in records]


def test_ten_events_go_in_one_request_each_with_its_record_and_other_requests_stay_as_they_are() -> None:
    records = [replace(MENDED, event_id=str(number)) for number in range(12)]
    mail = ((OPEN,), Request("sns:Publish", {"Message": "open"}))
    first, *requests = joined([mail, *alone(*records)])
    assert first == mail
    assert [len(about) for about, _ in requests] == [10, 2]
    assert [record for about, _ in requests for record in about] == records
    entries = [entry for _, request in requests for entry in request.params["Entries"]]
    assert entries == [put_event(record).params["Entries"][0] for record in records]


def test_events_that_are_too_large_for_one_request_go_in_several() -> None:
    large = replace(MENDED, summary="x" * (MOST_BYTES // 2))
    entries = [put_event(large).params["Entries"][0], put_event(MENDED).params["Entries"][0]]
    assert list(joined(alone(large, large, MENDED))) == [
        ([large], Request("events:PutEvents", {"Entries": entries[:1]})),
        ([large, MENDED], Request("events:PutEvents", {"Entries": entries})),
    ]


def of_size(size: int) -> Record:
    """A record whose detail has this many bytes."""
    return replace(MENDED, summary=MENDED.summary + "x" * (size - len(detail(MENDED))))


@pytest.mark.parametrize(("more", "requests"), [(0, 1), (1, 2)])
def test_a_request_holds_as_many_bytes_as_one_entry_may_have_and_not_one_more(more: int, requests: int) -> None:
    first, last = of_size(MOST_BYTES // 2), of_size(MOST_BYTES // 2 + more)
    assert len(list(joined(alone(first, last)))) == requests


@pytest.mark.parametrize(("more", "left"), [(0, False), (1, True)])
def test_a_detail_is_left_whole_up_to_the_last_byte(more: int, left: bool) -> None:
    whole = of_size(MOST_BYTES + more)
    assert (told(whole)["summary"] != whole.summary) is left


def test_a_list_in_a_list_is_shortened_too() -> None:
    rules = [[number] * 150 for number in range(150)]
    large = replace(MENDED, summary="x" * MOST_BYTES, steps=(Step("Policy", before=rules),))
    assert told(large)["steps"] == [
        {"part": "Policy", "before": [[number] * 100 for number in range(100)], "after": None}
    ]


def test_where_no_request_is_an_event_none_is_made() -> None:
    other: list[Told] = [((MENDED,), Request("sns:Publish", {"Message": "mended"}))]
    assert list(joined(other)) == other


def test_what_is_too_large_with_twenty_items_a_list_loses_them_all() -> None:
    value = told(hostile("\U0001f600" * 600, "open", 60))
    assert {name: len(value[name]) for name in ("findings", "remaining", "errors")} == {
        "findings": 0,
        "remaining": 0,
        "errors": 0,
    }
    assert value["left_out"]["errors"] == 60
