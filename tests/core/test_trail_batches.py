"""The batches that a stream is cut into: how many records each has, what it tells of them, and when it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cloudmend.core import trail
from cloudmend.core.errors import EventError
from cloudmend.core.trail import Batch, batches

NAMES: Final = frozenset({"Open"})


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def record(name: str, time: str, **more: Any) -> dict[str, Any]:
    return {"eventVersion": "1.11", "eventTime": time, "eventName": name, **more}


FIRST, OTHER, LAST = record("Open", "01"), record("List", "02"), record("Open", "03")
EACH: Final = len(compact(FIRST))  # as long as the two others
NESTED = record("Open", "04", p=[{"a": 1}, {"b": 2}])
BAIT = record("Open", "05", p=[{"a": 1}, {"eventVersion": 2}])
AGENT = {"userAgent": 1, **OTHER}
LONG = record("List", "06", pad="x" * 400)
SIX = [FIRST, OTHER, LAST, OTHER, OTHER, FIRST]


def file(*rows: Any, key: str = "Records") -> str:
    return compact({key: rows})


def lines(*rows: Any) -> str:
    return "".join(f"{compact(row)}\n" for row in rows)


def batch(count: int, *found: Any, latest: str = "", newest_first: bool = False) -> Batch:
    texts = tuple(each if isinstance(each, str) else compact(each) for each in found)
    return Batch(count=count, found=texts, latest=latest, newest_first=newest_first)


def indented(row: Any) -> str:
    """A record as it stands in a list that is indented by one blank."""
    return json.dumps(row, indent=1).replace("\n", "\n  ")


WHOLE: Final[dict[str, tuple[str | bytes, list[Batch]]]] = {
    "a file": (file(FIRST, OTHER, LAST), [batch(3, FIRST, LAST, latest="03")]),
    "lines": (lines(FIRST, OTHER, LAST), [batch(3, FIRST, LAST, latest="03")]),
    "a list on lines": (f"[{compact(FIRST)},\n{compact(LAST)}]", [batch(2, FIRST, LAST, latest="03")]),
    "what lookup-events prints": (
        file(FIRST, OTHER, key="Events"),
        [batch(2, FIRST, latest="02", newest_first=True)],
    ),
    "the same, indented": (
        json.dumps({"Events": [FIRST, OTHER]}, indent=1),
        [batch(1, indented(FIRST), latest="01", newest_first=True), batch(1, latest="02", newest_first=True)],
    ),
    "a record as a string": (compact(compact(FIRST)), [batch(1, compact(compact(FIRST)))]),
    "a name that is spelled with an escape": (
        file(FIRST, OTHER).replace('"Open"', r'"\u004fpen"'),
        [batch(2, compact(FIRST).replace('"Open"', r'"\u004fpen"'), latest="02")],
    ),
    "no UTF-8": (
        file(FIRST, OTHER).encode().replace(b"1.11", b"1.\xff1", 1),
        [batch(2, compact(FIRST).replace("1.11", "1.\ufffd1"), latest="02")],
    ),
    "no UTF-8, indented": (
        json.dumps({"Records": [FIRST, OTHER]}, indent=1).encode().replace(b"1.11", b"1.\xff1", 1),
        [batch(1, indented(FIRST).replace("1.11", "1.\ufffd1"), latest="01"), batch(1, latest="02")],
    ),
}


@pytest.mark.parametrize(("content", "wanted"), WHOLE.values(), ids=WHOLE)
def test_a_short_stream_is_one_batch_where_its_records_are_close_together(
    content: str | bytes, wanted: list[Batch]
) -> None:
    assert list(batches([content.encode() if isinstance(content, str) else content], NAMES)) == wanted


CUT: Final[dict[str, tuple[str, int, list[Batch]]]] = {
    "a file": (file(*SIX), 150, [batch(2, FIRST), batch(2, LAST), batch(2, FIRST, latest="02")]),
    "lines": (lines(*SIX), 150, [batch(2, FIRST), batch(2, LAST), batch(2, FIRST, latest="02")]),
    "records that begin with another field": (
        file(*({"userAgent": 1, **row} for row in SIX)),
        180,
        [
            batch(2, {"userAgent": 1, **FIRST}),
            batch(2, {"userAgent": 1, **LAST}),
            batch(2, {"userAgent": 1, **FIRST}, latest="02"),
        ],
    ),
    "a list in a record that looks like an end": (
        file(FIRST, OTHER, NESTED, LAST, OTHER, OTHER, OTHER),
        3 * EACH + 20,
        [batch(2, FIRST), batch(2, NESTED, LAST), batch(3, latest="02")],
    ),
    "a list in a record that looks like the begin of another": (
        file(BAIT, AGENT, AGENT, AGENT, OTHER),
        215,
        [batch(2, BAIT), batch(3, latest="02")],
    ),
}


@pytest.mark.parametrize(("content", "segment", "wanted"), CUT.values(), ids=CUT)
def test_a_long_stream_is_cut_at_the_last_end_in_each_segment_and_the_last_batch_has_the_latest_time(
    content: str, segment: int, wanted: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "SEGMENT", segment)
    assert list(batches([content.encode()], NAMES)) == wanted


def taken(content: str, size: int) -> list[tuple[int, Batch]]:
    """The batches, each with the number of chunks that had been read when it came."""
    count = 0

    def chunks() -> Iterator[bytes]:
        nonlocal count
        for place in range(0, len(content), size):
            count += 1
            yield content[place : place + size].encode()

    return [(count, each) for each in batches(chunks(), NAMES)]


def test_what_is_left_at_the_end_is_cut_like_all_else_if_it_is_longer_than_a_segment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rest = [FIRST, OTHER, LAST, OTHER]
    last = f"{','.join(map(compact, rest))}]}}"
    monkeypatch.setattr(trail, "SEGMENT", len(last))
    content = file(LONG, *rest)
    assert taken(content, 400) == [(2, batch(1, latest="06")), (2, batch(4, FIRST, LAST, latest="03"))]
    monkeypatch.setattr(trail, "SEGMENT", len(last) - 1)
    assert taken(content, 400)[1:] == [(2, batch(3, FIRST, LAST, latest="03")), (2, batch(1, latest="02"))]


@pytest.mark.parametrize(("size", "counts"), [(10, [49, 54]), (40, [14, 14])])
def test_a_record_that_is_not_whole_is_looked_at_again_when_twice_as_much_is_there(
    size: int, counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 542 bytes the first record has those from 12 to 479: it is tried with 28, 58, 118, 238, and 478 of its own."""
    monkeypatch.setattr(trail, "SEGMENT", 20)
    assert [count for count, _ in taken(file(LONG, OTHER), size)] == counts


def test_a_record_may_be_as_long_as_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "SEGMENT", 16)
    monkeypatch.setattr(trail, "LONGEST", 100)
    begun = f"[{compact(LONG)}"[:101]
    rest = compact([LONG])[101:]
    assert list(batches([begun.encode(), rest.encode()], NAMES)) == [batch(1, latest="06")]
    with pytest.raises(EventError, match="begins at byte 1 is not"):
        list(batches([f"{begun}x".encode(), rest.encode()], NAMES))


def test_a_line_that_is_no_json_is_told_with_the_parser_s_reason() -> None:
    with pytest.raises(EventError) as raised:
        list(batches([f"{compact(FIRST)}\noops\n{compact(OTHER)}\n".encode()], NAMES))
    assert str(raised.value) == (
        f"What begins at byte {EACH + 1} is not CloudTrail's JSON: Expecting value: line 1 column 1 (char 0). "
        "The rest was read."
    )
