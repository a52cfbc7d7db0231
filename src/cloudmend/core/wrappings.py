"""Unwrap events, and parse each. One bad event neither hides the others nor is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from cloudmend.core.errors import EventError
from cloudmend.core.events import decoded, parse_event
from cloudmend.core.model import ApiCall, Ignored

Answer = ApiCall | Ignored | EventError


class Form(NamedTuple):
    """A form in which events arrive: its name for people, and the keys around an event, outermost first.

    The value of a key is an object, a list of them, or either as a string of JSON.
    """

    name: str
    path: str

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(re.findall(r"[@\w]+", self.path))


# All that people are known to have. An object with several keys is unwrapped at the one that stands first here.
FORMS: Final = (
    Form("a trail's file, or the event history that the console downloads as JSON", "Records[]"),
    Form("SNS to Lambda", "Records[].Sns.Message"),
    Form("SQS to Lambda, a queue of failures too", "Records[].body"),
    Form("SNS to SQS to Lambda, without raw delivery", "Records[].body.Message"),
    Form("a queue through EventBridge Pipes, or another list", "[].body"),
    Form("what LookupEvents answers", "Events[].CloudTrailEvent"),
    Form("a failed invocation, from Lambda's destination or queue of failures", "requestPayload"),
    Form("CloudWatch Logs to Lambda (base64, gzip)", "awslogs.data.logEvents[].message"),
    Form("CloudWatch Logs through Firehose to S3", "logEvents[].message"),
    Form("Kinesis to Lambda, CloudWatch Logs through it too (base64)", "Records[].kinesis.data"),
    Form("Kinesis through EventBridge Pipes (base64)", "[].data"),
    Form("Firehose to Lambda, to transform it (base64)", "records[].data"),
    Form("what filter-log-events and get-log-events answer", "events[].message"),
    Form("what a query of Logs Insights answers", "results[].@message"),
    Form("what a query of CloudTrail Lake answers", "QueryResultRows[].eventJson"),
    Form("what a query of Athena answers", "ResultSet"),
    Form("an HTTP request: a function's URL, API Gateway", "body"),
    Form("the answer of a Lambda step of Step Functions", "Payload"),
)
# And under any key at all, as EventBridge's input transformers and Step Functions' parameters put an event.
ANY_KEY: Final = Form("an event under a key of your own, as an input transformer puts it", "YOUR_KEY")

_ANY: Final = "*"
KEYS: Final = tuple(dict.fromkeys(key for form in FORMS for key in form.keys))
_TABLES: Final = ("results", "QueryResultRows", "ResultSet")  # their rows are put together first
_DESTINATION: Final = "requestPayload"

_MOST_WRAPPINGS: Final = 8  # what CloudWatch Logs sent through Kinesis, failed, in the queue of failures
# Decompressed bytes of all that one event holds: of a batch as large as Lambda takes, as well as CloudTrail compresses.
_MOST_BYTES: Final = 1 << 26


def parse_events(raw: object) -> tuple[Answer, ...]:
    """Return what each event says, in order; an EventError stands, unraised, for one that cannot be understood.

    A CloudTrail record without EventBridge's envelope is an event too. A wrapping that holds nothing gives
    nothing.
    """
    return tuple(_Unwrapping().answers(raw, "", _MOST_WRAPPINGS))


class _Unwrapping:
    """The unwrapping of one event. It may decompress so many bytes and no more."""

    def __init__(self) -> None:
        self._bytes_left = _MOST_BYTES

    def answers(self, raw: object, place: str, wrappings_left: int) -> Iterator[Answer]:
        event = decoded(decoded(raw))  # a string of JSON may be one in a list of strings
        key = _wrapping(event)
        if not key and not (isinstance(event, list) and event):
            yield _answer(event, place)
        elif not wrappings_left:
            yield EventError(f"In {place}: the event is wrapped more than {_MOST_WRAPPINGS} times. Unwrap it.")
        else:
            for where, content in self._contents(event, key, place):
                if isinstance(content, EventError):
                    yield EventError(f"In {where}: {content}")
                else:
                    yield from self.answers(content, where, wrappings_left - 1)

    def _contents(self, event: Any, key: str, place: str) -> Iterable[tuple[str, object]]:
        """Return each part of what is wrapped with its place; an EventError if it cannot be unpacked."""
        if not key:
            return _members(event, place)
        if key == _ANY:
            return [(_below(place, name), value) for name, value in event.items() if _is_event(value)]
        where = _below(place, key)
        try:
            content = self._content(event, key)
        except EventError as error:
            content = error
        return _members(content, where) if isinstance(content, list) else [(where, content)]

    def _content(self, event: Any, key: str) -> object:
        """Return the value of a key, decoded and unpacked. Raises EventError."""
        content = decoded(event[key])
        if key == "data" or event.get("isBase64Encoded") is True:
            content = decoded(self._unpacked(content))
        if key in _TABLES:
            from cloudmend.core.tables import table_events  # queries of people: no start of a function needs it

            content = table_events(content)
        return content

    def _unpacked(self, content: object) -> object:
        """Return what base64 holds; what is no text, or JSON already, as it is. Raises EventError."""
        if not isinstance(content, str):
            return content
        from cloudmend.core.packed import unpacked

        text, size = unpacked(content, self._bytes_left)
        self._bytes_left -= size
        return text


def _wrapping(event: object) -> str:
    """Return the key of what is wrapped, `*` for any; empty if nothing is: an event, a list, or something unknown."""
    if not isinstance(event, Mapping) or _is_record(event) or _is_known_to_hold_none(event):
        return ""
    if "detail" in event:
        detail = event["detail"]  # Lambda's destination may be an event bus
        return "detail" if isinstance(detail, Mapping) and "eventName" not in detail and _DESTINATION in detail else ""
    known = [key for key in KEYS if key in event]
    if known:
        return known[0]
    return _ANY if any(map(_is_event, event.values())) else ""


def _is_record(event: Mapping[str, Any]) -> bool:
    """Return whether it is CloudTrail's. S3, Kinesis and DynamoDB give their own records an eventName too."""
    return "eventName" in event and not str(event.get("eventSource")).startswith("aws:")


def _is_known_to_hold_none(event: Mapping[str, Any]) -> bool:
    """Return whether it holds no event despite its keys: a try by CloudWatch Logs, or Kafka's records by topic."""
    return event.get("messageType") == "CONTROL_MESSAGE" or isinstance(event.get("records"), Mapping)


def _is_event(value: object) -> bool:
    return isinstance(value, Mapping) and (
        (_is_record(value) and "eventTime" in value)
        or (isinstance(detail := value.get("detail"), Mapping) and "eventName" in detail)
    )


def _below(place: str, key: object) -> str:
    return f"{place}.{key}".removeprefix(".")


def _members(content: Iterable[object], place: str) -> Iterator[tuple[str, object]]:
    return ((f"{place}[{number}]", member) for number, member in enumerate(content))


def _answer(event: object, place: str) -> Answer:
    if isinstance(event, Mapping) and "detail" not in event and _is_record(event):
        event = {"detail": event}  # a bare record: its own account and Region hold
    try:
        return _recognized(event) or parse_event(event)
    except EventError as error:
        return EventError(f"In {place}: {error}") if place else error


def _recognized(event: object) -> Ignored | None:
    """Return an Ignored, or None for what is not known. Raises EventError for what is known and holds no event."""
    if not isinstance(event, Mapping) or _is_event(event):
        return None
    from cloudmend.core.recognized import recognized

    return recognized(event)
