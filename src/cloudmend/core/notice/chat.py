"""A record as a custom notification of Amazon Q Developer in chat applications, for Slack and Teams.

The schema, version 1.0: docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html. What is no such
JSON, Amazon Q drops; so chat has a topic of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cloudmend.core.escaping import chat, cut
from cloudmend.core.model import Record, Request
from cloudmend.core.notice.resources import arn
from cloudmend.core.notice.wording import attributes, duration, headline, source, through, who

_DESCRIPTION: Final = 3000  # characters of a section in Slack
_TITLE: Final = 150
_NAME: Final = 200
_ITEMS: Final = 5


def publish_chat(record: Record, topic: str) -> Request:
    """Publish of the notification as JSON."""
    return Request("sns:Publish", {"TopicArn": topic, "Message": msgspec.json.encode(notification(record)).decode()})


def notification(record: Record) -> dict[str, Any]:
    """The notification. What a custom action may take as a variable (metadata) is no text that a caller chose."""
    ids = {name: chat(value, _NAME) for name, value in attributes(record).items()}
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": chat(headline(record), _TITLE),
            "description": cut("\n".join(_description(record)), _DESCRIPTION),
            "nextSteps": list(_next_steps(record)),
            "keywords": list(ids.values()),
        },
        "metadata": {
            "threadId": chat(f"{record.account}/{record.region}/{record.resource.id}", _NAME),
            "summary": chat(headline(record), _TITLE),
            "eventType": "cloudmend record",
            "relatedResources": [chat(arn(record) or record.resource.id, _NAME)],
            "additionalContext": {**ids, "event": chat(record.event_id, _NAME)},
        },
    }


def _description(record: Record) -> Iterator[str]:
    yield chat(record.summary, 500)
    yield f"*Who:* {_code(who(record.actor))}"
    yield f"*Call:* {_code(record.event_name or 'none')} from {_code(source(record.actor))}"
    yield f"*Through:* {_code(through(record.actor))}"
    for edit in record.edits[:_ITEMS]:
        yield f"*Before:* {_code(edit.before)} *after:* {_code(edit.after or 'nothing: it is revoked')}"
    problems = (*(finding.why for finding in record.remaining), *record.errors)
    yield from (f"*Wrong:* {chat(problem, _NAME)}" for problem in problems[:_ITEMS])
    left_out = max(0, len(record.edits) - _ITEMS) + max(0, len(problems) - _ITEMS)
    if left_out:
        yield f"{left_out} more are in the record."
    if took := duration(record):
        yield took


def _next_steps(record: Record) -> Iterator[str]:
    """No commands: a chat program may change what it shows, and a command must stay what it is."""
    if record.status in ("open", "failed"):
        yield "Read the mail of this record, or cloudmend's log: it has the commands to look and to close by hand."
        yield "An event is tried again twice within minutes, then it is kept in the dead-letter queue."
    elif record.status == "observed":
        yield "cloudmend only observes: set Mode=fix, or close it yourself."
    else:
        yield "Nothing, if nobody needs the wider access. The commands that take it back are in the record."
    yield f"The record is in cloudmend's log: event {_code(record.event_id)}, resource {_code(record.resource.id)}."


def _code(text: str) -> str:
    return f"`{chat(text, _NAME) or 'unknown'}`"
