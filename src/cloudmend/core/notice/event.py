"""A record as an event on EventBridge: for programs, so nothing is escaped but by JSON. docs/reference/events.md.

`NoticeRequest` is the event with which a person's command asks a stack to notify people of an undo or an exemption. The
command has no right to the topics, nor to events of the source "cloudmend". The event names an item, and the stack's
function reports what the ledger holds there: an event is a hint (docs/decisions/0024-exempt-what-was-restored.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from cloudmend.core.errors import EventError
from cloudmend.core.escaping import cut
from cloudmend.core.model import Record, Request

SOURCE: Final = "cloudmend"
DETAIL_TYPE: Final = "cloudmend record"

# EventBridge takes 256 KiB for the whole entry, and its targets the same for the envelope around it.
MOST_BYTES: Final = 240 * 1024

_MOST_ENTRIES: Final = 10  # of one PutEvents, which may be as large as one entry
_PUT_EVENTS: Final = "events:PutEvents"

# What is kept where a record is larger, until it fits: items of each list, characters of each text.
_SMALLER: Final = ((100, 1000), (20, 500), (0, 200))
_LISTS: Final = (
    "findings",
    "edits",
    "remaining",
    "errors",
    "undo",
    "exemptions_unreadable",
    "ledger_unreadable",
    "steps",
    "look",
    "by_hand",
)
_COMMANDS: Final = ("undo", "look", "by_hand")
_WRITER: Final = json.JSONEncoder(ensure_ascii=False)
Told = tuple[Sequence[Record], Request]  # what a request tells of: where it has entries, one for each
REQUEST_SOURCE: Final = "cloudmend.undo"
REQUEST_DETAIL_TYPE: Final = "cloudmend notice request"


class Detail(Record, frozen=True, kw_only=True):
    """A record as programs get it. Version 1 may gain fields; it loses none, and none changes its meaning.

    `left_out` counts, by field, the items that the record has and this event has no room for.
    """

    version: Literal[1] = 1
    left_out: Mapping[str, int] = {}


def put_event(record: Record) -> Request:
    """PutEvents with one entry, on the default bus."""
    entry = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": detail(record),
        "Resources": [record.arn] if record.arn else [],
    }
    return Request(_PUT_EVENTS, {"Entries": [entry]})


def joined(told: Iterable[Told]) -> Iterator[Told]:
    """The same with as few requests as hold the entries; requests without entries as they are."""
    records: list[Record] = []
    entries: list[dict[str, str]] = []
    for about, request in told:
        if request.action != _PUT_EVENTS:
            yield about, request
            continue
        if entries and not _has_room(entries, request.params["Entries"]):
            yield records, Request(_PUT_EVENTS, {"Entries": entries})
            records, entries = [], []
        records = [*records, *about]
        entries = [*entries, *request.params["Entries"]]
    if entries:
        yield records, Request(_PUT_EVENTS, {"Entries": entries})


def _has_room(entries: Sequence[Mapping[str, str]], more: Sequence[Mapping[str, str]]) -> bool:
    size = sum(len(entry["Detail"].encode()) for entry in (*entries, *more))
    return len(entries) + len(more) <= _MOST_ENTRIES and size <= MOST_BYTES


def detail(record: Record) -> str:
    """The event's detail as JSON text, never too large for EventBridge."""
    whole = {"version": 1, **msgspec.to_builtins(record), "left_out": {}}
    text = _json(whole)
    for items, characters in _SMALLER:
        if len(text.encode()) <= MOST_BYTES:
            break
        text = _json(_smaller(whole, items, characters))
    return text


def schema() -> str:
    """The JSON Schema of a detail: docs/schemas/record-v1.json."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    text = json.dumps({**dialect, **msgspec.json.schema(Detail)}, indent=2) + "\n"
    return re.sub(r"(\\n) +", r"\1", text)  # from Python 3.13 on, docstrings come without their indentation


def _json(value: Any) -> str:
    # EventBridge would refuse an entry with a lone surrogate. Events are rid of it; an error's text may not be.
    return _WRITER.encode(value).encode(errors="replace").decode()


def _smaller(whole: dict[str, Any], items: int, characters: int) -> dict[str, Any]:
    """The same detail with shorter texts and lists, and no commands: half a command is another one."""
    kept = {**_shortened(whole, items, characters), **{name: [] for name in _COMMANDS}}
    return {**kept, "left_out": {name: left for name in _LISTS if (left := len(whole[name]) - len(kept[name]))}}


def _shortened(value: Any, items: int, characters: int) -> Any:
    if isinstance(value, str):
        return cut(value, characters)
    if isinstance(value, list | tuple):
        return [_shortened(item, items, characters) for item in value[:items]]
    if isinstance(value, dict):
        return {key: _shortened(item, items, characters) for key, item in value.items()}
    return value


class NoticeRequest(Struct, frozen=True, omit_defaults=True):
    """An item of the ledger to notify people of: the undo of a record, or an exemption. One of the two is empty.

    `place` is the key under which the record is kept, so that it is read without an index.
    """

    record: str = ""
    exemption: str = ""
    place: str = ""


def ask_for_notice(request: NoticeRequest) -> Request:
    """Return PutEvents with one entry, on the default bus of the stack's Region."""
    detail = msgspec.json.encode(request).decode()
    return Request(
        "events:PutEvents",
        {"Entries": [{"Source": REQUEST_SOURCE, "DetailType": REQUEST_DETAIL_TYPE, "Detail": detail}]},
    )


def notice_request(event: Any) -> NoticeRequest | None:
    """Return what an event asks for; None for any other event. Raises EventError if it names nothing."""
    if not isinstance(event, Mapping) or event.get("source") != REQUEST_SOURCE:
        return None
    try:
        request = msgspec.convert(event.get("detail"), NoticeRequest)
    except msgspec.ValidationError as error:
        raise EventError(f"An event of the source {REQUEST_SOURCE} asks for no notice ({error}).") from error
    if bool(request.record) == bool(request.exemption):
        raise EventError(f"An event of the source {REQUEST_SOURCE} names neither a record nor an exemption, or both.")
    return request
