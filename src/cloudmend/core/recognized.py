"""Objects that are known, and hold no event: the name of each, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from cloudmend.core.errors import EventError
from cloudmend.core.events import text
from cloudmend.core.model import Ignored

_SHOWN: Final = 80  # characters of a name that stands in the event
_BY_RULE: Final = (
    "Send the events themselves: an EventBridge rule like the one in template.yaml delivers them within seconds."
)
_BY_FILE: Final = "It names a file and holds no event. To look back, copy the file and run cloudmend replay FILE."


class Kind(NamedTuple):
    """What an object is, how it is known, and what to do; what is `ignored` needs nothing to be done."""

    name: str
    fits: Callable[[Mapping[str, Any]], bool]
    advice: str
    ignored: bool = False


def _has(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: all(key in event for key in keys)


def _has_any(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: any(key in event for key in keys)


def _is(key: str, start: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda event: text(event.get(key)).startswith(start)


KINDS: Final = (
    Kind(
        "the message by which CloudWatch Logs tries a destination",
        _is("messageType", "CONTROL_MESSAGE"),
        "Nothing is to be done.",
        ignored=True,
    ),
    Kind("S3's test message", _is("Event", "s3:TestEvent"), "Nothing is to be done.", ignored=True),
    Kind(
        "a CloudTrail Insights event",
        _has("insightDetails"),
        "It tells of unusual numbers of calls, and no change.",
        ignored=True,
    ),
    Kind("S3's notice that a file was stored", _is("eventSource", "aws:s3"), f"{_BY_FILE} {_BY_RULE}"),
    Kind(
        "CloudTrail's notice that it delivered files",
        _has("s3Bucket", "s3ObjectKey"),
        f"{_BY_FILE} {_BY_RULE}",
    ),
    Kind("a batch of Kafka's records", lambda event: isinstance(event.get("records"), Mapping), _BY_RULE),
    Kind("a record of another event source of Lambda's", _is("eventSource", "aws:"), _BY_RULE),
    Kind(
        "Lambda's notice of a stream's batch that failed",
        _has_any("KinesisBatchInfo", "DDBStreamBatchInfo"),
        "It names the batch and holds no event. Read the batch from the stream, or let the sweep find what is open.",
    ),
    Kind(
        "an event in OCSF, as Security Lake stores it",
        _has("class_uid", "metadata"),
        f"cloudmend reads CloudTrail's own records only. {_BY_RULE}",
    ),
    Kind("an event of AWS Config", _has_any("invokingEvent", "configurationItem"), _BY_RULE),
    Kind(
        "a digest of CloudTrail's, which proves that log files are whole",
        _has("digestStartTime", "logFiles"),
        "It holds no event. Replay the log files that it names.",
    ),
    Kind(
        "an event that an input transformer or InputPath cut down",
        _has_any("requestParameters", "userIdentity", "groupId"),
        "Remove it from the rule or the pipe, so that the whole event is sent.",
    ),
    Kind(
        "an EventBridge event without its detail",
        lambda event: "detail-type" in event and "detail" not in event,
        "An input transformer took it away: send its variable aws.events.event.json, or remove the transformer.",
    ),
    Kind(
        "an EventBridge event that reports no API call",
        _has("detail-type", "source"),
        'Only events of detail-type "AWS API Call via CloudTrail" do. Narrow the pattern of the rule that sent it.',
    ),
)


def recognized(event: Mapping[str, Any]) -> Ignored | None:
    """Return an Ignored for what needs no action, and None for what is not known.

    Raises EventError for what is known, and holds no event that could be read.
    """
    kind = next((kind for kind in KINDS if kind.fits(event)), None)
    if kind is None:
        return None
    if kind.ignored:
        return Ignored(f"it is {kind.name}", text(event.get("id")) or text(event.get("eventID")))
    raise EventError(f"This is {kind.name}{_label(event)}. {kind.advice}")


def _label(event: Mapping[str, Any]) -> str:
    """By which its sender calls it, in brackets."""
    told = text(event.get("detail-type")) or text(event.get("eventSource"))
    return f" ({told[:_SHOWN]})" if told else ""
