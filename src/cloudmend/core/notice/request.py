"""The event with which a person's command asks a stack to notify people of an undo or an exemption.

The command has no right to the topics, nor to events of the source "cloudmend". The event names an item, and the
stack's function reports what the ledger holds there: an event is a hint
(docs/decisions/0024-exempt-what-was-restored.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.errors import EventError
from cloudmend.core.model import Request

SOURCE: Final = "cloudmend.undo"
DETAIL_TYPE: Final = "cloudmend notice request"


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
    return Request("events:PutEvents", {"Entries": [{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail}]})


def notice_request(event: Any) -> NoticeRequest | None:
    """Return what an event asks for; None for any other event. Raises EventError if it names nothing."""
    if not isinstance(event, Mapping) or event.get("source") != SOURCE:
        return None
    try:
        request = msgspec.convert(event.get("detail"), NoticeRequest)
    except msgspec.ValidationError as error:
        raise EventError(f"An event of the source {SOURCE} asks for no notice ({error}).") from error
    if bool(request.record) == bool(request.exemption):
        raise EventError(f"An event of the source {SOURCE} names neither a record nor an exemption, or both.")
    return request
