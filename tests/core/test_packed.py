"""Events that are compressed: as much as AWS packs is read, and what would fill the memory is not."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from cloudmend.core import packed, wrappings
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall
from cloudmend.core.wrappings import parse_events

EVENT: dict[str, Any] = {"detail": {"eventID": "e-1", "eventName": "X"}}


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def logs(*messages: Any) -> str:
    """As CloudWatch Logs sends them."""
    document = {"messageType": "DATA_MESSAGE", "logEvents": [{"message": json.dumps(each)} for each in messages]}
    return base64_of(gzip.compress(json.dumps(document).encode()))


def bomb(megabytes: int) -> str:
    """Few bytes that hold many."""
    stream = zlib.compressobj(wbits=31)
    block = b" " * (1 << 20)
    return base64_of(b"".join([*(stream.compress(block) for _ in range(megabytes)), stream.flush()]))


def ids(raw: object) -> list[str]:
    return [answer.event_id if isinstance(answer, ApiCall) else str(answer) for answer in parse_events(raw)]


def test_as_much_as_cloudwatch_logs_sends_at_once_is_read() -> None:
    filler = {"eventName": "GetObject", "requestParameters": {"key": "x" * 1000}}
    assert ids({"awslogs": {"data": logs(*[filler] * 8000, EVENT)}})[-1] == "e-1"


def test_a_bomb_is_an_error_before_it_fills_the_memory() -> None:
    raw = {"Records": [{"kinesis": {"data": bomb(300)}}, EVENT]}
    tracemalloc.start()
    answers = ids(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answers[0].startswith(
        "In Records[0].kinesis.data: It holds more than 16,777,216 bytes once it is decompressed"
    )
    assert answers[1] == "e-1"
    assert peak < 4 * packed.LARGEST


def test_many_small_bombs_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrappings, "_MOST_BYTES", 3 << 20)
    small = base64_of(gzip.compress(json.dumps([EVENT]).encode() + b" " * (1 << 20)))
    answers = ids({"Records": [{"kinesis": {"data": small}} for _ in range(4)]})
    assert answers[:2] == ["e-1", "e-1"]
    assert [": It holds more than" in answer for answer in answers[2:]] == [True, True]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("prose, in no code", "It is neither JSON nor base64."),
        ("e3!0=", "It is neither JSON nor base64."),  # {} with a sign that base64 does not know
        ("{broken", "It is neither JSON nor base64."),
        (base64_of(gzip.compress(b"{}", mtime=0)[:-9]), "Its gzip data end too early."),
        (base64_of(gzip.compress(b"{}" * 50, mtime=0)[:15] + b"\xff" * 9), "Its gzip data"),
        (base64_of(b"\x1f\x8b\x08 and no more"), "Its gzip data"),
        (base64_of(b"text"), "The event is text, not an object."),
        (base64_of(b"\xff\xfe\xfd"), "The event is text, not an object."),
    ],
)
def test_what_cannot_be_unpacked_is_said_with_its_place_and_hides_no_other(data: str, said: str) -> None:
    first, second = ids({"Records": [{"kinesis": {"data": data}}, EVENT]})
    assert first.startswith(f"In Records[0].kinesis.data: {said}")
    assert second == "e-1"


@pytest.mark.parametrize(
    "data", [EVENT, json.dumps(EVENT), f" {json.dumps(EVENT)}", base64_of(json.dumps(EVENT).encode())]
)
def test_what_is_unpacked_already_is_taken_as_it_is(data: object) -> None:
    assert ids([{"data": data}]) == ["e-1"]


def test_members_after_the_first_are_not_decompressed() -> None:
    """A text of many tiny members would be copied once for each."""
    two = gzip.compress(json.dumps(EVENT).encode()) + gzip.compress(b"x" * 100)
    text, size = packed.unpacked(base64_of(two), 1000)
    assert (json.loads(text), size) == (EVENT, len(text))


def test_no_more_is_decompressed_than_is_left() -> None:
    with pytest.raises(EventError, match="more than 10 bytes"):
        packed.unpacked(base64_of(gzip.compress(b"x" * 11)), 10)
    assert packed.unpacked(base64_of(gzip.compress(b"x" * 10)), 10) == ("x" * 10, 10)
    assert packed.unpacked(base64_of(b"x" * 11), 10) == ("x" * 11, 0)
