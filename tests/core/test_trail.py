"""Records cut from streams: the same as a parser of the whole finds, whatever their authors wrote into them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core import trail
from cloudmend.core.errors import EventError
from cloudmend.core.trail import batches
from hostile import hostile_texts

NAMES: Final = frozenset({"AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"})
RECORD: Final = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-24T07:00:00Z",
    "eventName": "AuthorizeSecurityGroupIngress",
}
OTHER: Final = {**RECORD, "eventName": "DescribeSecurityGroups", "eventTime": "2026-11-24T08:00:00Z"}
FORGED: Final = json.dumps(RECORD, separators=(",", ":"))

# What would be a record, or the end of one, if text were believed.
BAITS: Final = (
    FORGED,
    f"}},{FORGED},{{",
    f'"}},{FORGED},{{"a":"',
    "},{",
    "}]",
    "}]}",
    ']}{"Records":[',
    '},{"eventVersion"',
    "\\",
    '\\"',
    "{[",
    "\n",
)
texts = st.sampled_from(BAITS) | hostile_texts
values: st.SearchStrategy[Any] = st.recursive(
    texts
    | st.none()
    | st.integers()
    | st.just(RECORD)
    | st.just([OTHER, RECORD, RECORD])
    | st.just([{"a": 1}, RECORD]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
records = st.builds(
    lambda first, name, more: {**first, "eventName": name, "requestParameters": more},
    st.sampled_from([{"eventVersion": "1.11"}, {"userAgent": "}]},"}]),
    st.sampled_from(
        ["AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", "DescribeSecurityGroups", "GetObject"]
    ),
    values,
)


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def unescaped(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def half(rows: list[Any]) -> tuple[list[Any], list[Any]]:
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


FORMS: Final[dict[str, Callable[[list[Any]], str]]] = {
    "a trail's file": lambda rows: compact({"Records": rows}),
    "a trail's file with all characters as they are": lambda rows: unescaped({"Records": rows}),
    "a trail's file with blanks": lambda rows: json.dumps({"Records": rows}),
    "a trail's file on many lines": lambda rows: json.dumps({"Records": rows}, indent=4),
    "JSON lines": lambda rows: "".join(f"{compact(row)}\n" for row in rows),
    "JSON lines without a last end of line": lambda rows: "\r\n\r\n".join(map(compact, rows)),
    "records on many lines": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows),
    "a list": compact,
    "files one after the other": lambda rows: "".join(compact({"Records": each}) for each in half(rows)),
    "files on lines": lambda rows: "\n".join(compact({"Records": each}) for each in half(rows)) + "\n",
    "with a byte order mark": lambda rows: "\ufeff" + compact({"Records": rows}),
    "a list with what follows it": lambda rows: compact({"Events": rows, "NextToken": 'a"]}{[', "Count": 3}),
}


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[place : place + size] for place in range(0, len(content), size))


def found(content: bytes, size: int, segment: int) -> tuple[int, list[Any]]:
    """How many records, and those of interest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trail, "SEGMENT", segment)
        all_ = list(batches(chunks(content, size), NAMES))
    return sum(batch.count for batch in all_), [json.loads(text) for batch in all_ for text in batch.found]


@pytest.mark.parametrize("form", FORMS)
@given(rows=st.lists(records, max_size=8), size=st.integers(1, 400), segment=st.sampled_from([16, 64, 400, 1 << 15]))
def test_every_record_is_found_once_and_no_text_is_taken_for_one(
    form: str, rows: list[Any], size: int, segment: int
) -> None:
    content = FORMS[form](rows).encode()
    assert found(content, size, segment) == (len(rows), [row for row in rows if row["eventName"] in NAMES])


@given(st.lists(records, max_size=5), st.integers(1, 400))
def test_what_wraps_a_record_is_found_where_it_names_a_call_of_interest(rows: list[Any], size: int) -> None:
    wrapped = [{"EventId": "1", "CloudTrailEvent": compact(row)} for row in rows]
    count, told = found(json.dumps({"Events": wrapped}, indent=4).encode(), size, 64)
    inside = [json.loads(each["CloudTrailEvent"]) for each in told]
    assert count == len(rows)
    assert [row for row in inside if row["eventName"] in NAMES] == [row for row in rows if row["eventName"] in NAMES]
    assert all(any(name in compact(row) for name in NAMES) or "eventVersion" not in compact(row) for row in inside)


def test_only_what_lookup_events_prints_is_newest_first() -> None:
    for key, newest_first in (("Events", True), ("Records", False)):
        (batch,) = batches([compact({key: [RECORD]}).encode()], NAMES)
        assert batch.newest_first is newest_first


def test_the_latest_time_is_told_at_the_end_also_where_no_record_is_of_interest() -> None:
    (batch,) = batches([compact({"Records": [OTHER, {**OTHER, "eventTime": "2026-11-24T06:00:00Z"}]}).encode()], NAMES)
    assert (batch.latest, batch.found) == ("2026-11-24T08:00:00Z", ())


@pytest.mark.parametrize("field", [{"eventName": 3}, {"eventName": None}, {"eventTime": None}, {"eventName": ["a"]}])
def test_a_record_whose_fields_are_of_another_type_hides_no_other(field: Any) -> None:
    content = compact({"Records": [RECORD, {**OTHER, **field}, RECORD]}).encode()
    count, told = found(content, 100, 1 << 15)
    assert (count, [each for each in told if each == RECORD]) == (3, [RECORD, RECORD])


def test_a_record_that_is_no_utf_8_hides_no_other() -> None:
    content = compact({"Records": [RECORD, RECORD]}).encode().replace(b"1.11", b"1.\xff1", 1)
    assert found(content, 1000, 16)[0] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"Records":[' + FORGED, "it ends within its list of records"),
        ('{"Records":[' + FORGED[:-4], "byte 12 is not CloudTrail's JSON"),
        (f"{FORGED}\n{FORGED[:-4]}", f"byte {len(FORGED) + 1} is not CloudTrail's JSON"),
        ("# Notes", "byte 0 is not CloudTrail's JSON: Expecting value"),
        ("[1]", "byte 1 is not CloudTrail's JSON: a record should be an object"),
        ('{"Records":[]', "byte 12 is not CloudTrail's JSON"),
        ("[" * 100_000, "byte 1 is not CloudTrail's JSON"),
    ],
)
def test_what_is_no_json_or_ends_too_early_is_said_with_its_place(content: str, said: str) -> None:
    with pytest.raises(EventError, match="What begins at byte") as raised:
        list(batches(chunks(content.encode(), 50), NAMES))
    assert said in str(raised.value)


def test_what_comes_before_a_broken_place_is_still_told() -> None:
    told: list[trail.Batch] = []
    with pytest.raises(EventError):
        told.extend(batches([compact({"Records": [RECORD, RECORD]}).encode(), b"oops"], NAMES))
    assert sum(batch.count for batch in told) == 2


def test_a_record_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "SEGMENT", 16)
    monkeypatch.setattr(trail, "LONGEST", 1000)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b'{"Records":[{"a":"'
        while True:
            taken += 1
            yield b"x" * 100

    with pytest.raises(EventError, match="byte 12"):
        list(batches(endless(), NAMES))
    assert taken < 100


GOOD: Final = json.dumps(RECORD)


@pytest.mark.parametrize(
    "content",
    [
        f'{{"Records":[null, {GOOD}, 7, {GOOD}]}}',
        f"{GOOD}\nno record at all\n{GOOD}\n{{]\n",
        f'{GOOD}\n{{"a": \n{GOOD}\n',
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_is_no_record_costs_itself_and_is_said(content: str, size: int) -> None:
    data = content.encode()
    pieces = [data[first : first + size] for first in range(0, len(data), size)]
    kept: list[str] = []
    with pytest.raises(EventError, match=r"The rest was read\."):
        kept.extend(text for batch in batches(pieces, NAMES) for text in batch.found)
    assert [json.loads(text) for text in kept] == [RECORD, RECORD]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"Records":[{"eventName":"Open"}', "byte 32 is not CloudTrail's JSON: it ends within its list of records."),
        (b"1\n2\n3\n", "byte 0 is not CloudTrail's JSON: a record should be an object. The same holds for 2 more."),
        (b"1\n{}\n", "byte 0 is not CloudTrail's JSON: a record should be an object."),
    ],
)
def test_what_cannot_be_read_is_told_in_whole_sentences(text: bytes, told: str) -> None:
    with pytest.raises(EventError) as raised:
        list(batches([text], frozenset({"Open"})))
    rest = "" if "ends within" in told else " The rest was read."
    assert str(raised.value) == f"What begins at {told}{rest}"


def test_what_wraps_a_record_is_found_in_a_batch_of_many_and_a_batch_of_none_is_only_counted() -> None:
    other = {"eventVersion": "1.08", "eventName": "Other", "pad": "x" * 200}
    wrapped = {"detail": {"eventVersion": "1.08", "eventName": "Open"}}
    text = json.dumps({"Records": [*[other] * 100, wrapped, *[other] * 1000]}, separators=(",", ":")).encode()
    read = list(batches([text], frozenset({"Open"})))
    assert sum(batch.count for batch in read) == 1101
    assert [json.loads(each) for batch in read for each in batch.found] == [wrapped]
    assert len(read) < 20
