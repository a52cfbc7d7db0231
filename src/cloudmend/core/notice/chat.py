"""Turn a record into a custom notification of Amazon Q Developer in chat applications, for Slack and Teams.

The schema, version 1.0: docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html. Amazon Q drops any message
that is not such JSON; so chat has a topic of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cloudmend.core.escaping import chat
from cloudmend.core.model import END_EXEMPTION, Record, Request
from cloudmend.core.notice.wording import (
    WAITING,
    attributes,
    call,
    duration,
    headline,
    is_by_hand,
    label,
    problems,
    remarks,
    removed,
    run_by,
    why_unchanged,
)

_DESCRIPTION: Final = 3000  # characters of a section in Slack
_TITLE: Final = 150
_NAME: Final = 200
_REMARK: Final = 300
_ITEMS: Final = 5
_REST: Final = "The rest is in the record."


def publish_chat(record: Record, topic: str) -> Request:
    """Return the Publish call with the notification as JSON."""
    return Request("sns:Publish", {"TopicArn": topic, "Message": msgspec.json.encode(notification(record)).decode()})


def notification(record: Record) -> dict[str, Any]:
    """Return the notification.

    A custom action can take metadata as variables, so metadata has no text that a caller chose.
    """
    ids = {name: chat(value, _NAME) for name, value in attributes(record).items()}
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": chat(headline(record), _TITLE),
            "description": _whole_lines("\n".join(_description(record))),
            "nextSteps": list(_next_steps(record)),
            "keywords": list(ids.values()),
        },
        "metadata": {
            "threadId": chat(f"{record.account}/{record.region}/{record.resource.key}", _NAME),
            "summary": chat(headline(record), _TITLE),
            "eventType": "cloudmend record",
            "relatedResources": [chat(record.arn or record.resource.key, _NAME)],
            "additionalContext": {**ids, "event": chat(record.event_id, _NAME), "entry": chat(record.entry_id, _NAME)},
        },
    }


def _description(record: Record) -> Iterator[str]:
    yield chat(record.summary, 500)
    yield f"*Who:* {_code(record.attribution.who)}"
    yield f"*Call:* {_code(call(record))} from {_code(record.attribution.where)}"
    yield f"*Through:* {_code(record.attribution.through)}"
    if runner := run_by(record):
        yield f"*Run by:* {_code(runner)}"
    if record.whose:
        yield f"*Whose:* {_code(record.whose)}"
    notes = remarks(record)
    yield from (f"*Note:* {chat(note, _REMARK)}" for note in notes[:_ITEMS])
    for edit in record.edits[:_ITEMS]:
        before, after = edit.before or removed(record, "was"), edit.after or removed(record, "is")
        yield f"*Before:* {_code(before)} *after:* {_code(after)}"
    told = problems(record)
    yield from (f"*Problem:* {chat(problem, _NAME)}" for problem in told[:_ITEMS])
    if left_out := sum(max(0, len(items) - _ITEMS) for items in (notes, record.edits, told)):
        yield f"{left_out} more are in the record."
    if took := duration(record):
        yield took


def _whole_lines(text: str) -> str:
    """Return as many whole lines as a section has room for: half a code span is not a code span."""
    if len(text) <= _DESCRIPTION:
        return text
    whole, _, _ = text[: _DESCRIPTION - len(_REST)].rpartition("\n")
    return f"{whole}\n{_REST}"


def _next_steps(record: Record) -> Iterator[str]:
    """Yield the next steps, without commands: a chat program may change what it shows, and so break a command."""
    if record.status in ("open", "failed"):
        yield "Read the mail of this record, or cloudmend's log: it has the commands to look and to close by hand."
        yield "Lambda tries an event again twice within minutes, then moves it to the dead-letter queue."
    elif record.status in WAITING:
        yield WAITING[record.status]
    elif record.status == "observed":
        yield chat(why_unchanged(record), _REMARK)
    elif is_by_hand(record) and record.event_name != END_EXEMPTION:
        yield f"Nothing, if this is intended. Otherwise, cloudmend exempt remove ends it: {_code(record.exemption_id)}."
    elif is_by_hand(record):
        yield "Nothing: the next event or sweep closes what is still open."
    elif record.undo and record.entry_id:
        undone = f"Otherwise, cloudmend undo restores it: {_code(record.entry_id)}."
        yield f"Nothing, if nobody needs the wider access. {undone}"
    else:
        yield "Nothing, if nobody needs the wider access."
    yield f"The record is in cloudmend's log: event {_code(record.event_id)}, resource {_code(label(record))}."


def _code(text: str) -> str:
    return f"`{chat(text, _NAME) or 'unknown'}`"
