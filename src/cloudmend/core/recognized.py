"""Name the objects that are known and hold no event, and say what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A kind of object: its name, what to do, and how it is recognized. An `ignored` one needs no action."""

    name: str
    advice: str
    has: tuple[str, ...] = ()  # keys, all of them
    has_any: tuple[str, ...] = ()  # keys, at least one
    lacks: str = ""  # a key
    starts: tuple[str, str] = ("", "")  # a key, and how its value begins
    ignored: bool = False

    def fits(self, event: Mapping[str, Any]) -> bool:
        """Return whether an object is of this kind."""
        key, start = self.starts
        return (
            all(key in event for key in self.has)
            and (not self.has_any or any(key in event for key in self.has_any))
            and self.lacks not in event
            and text(event.get(key)).startswith(start)
        )


KINDS: Final = (
    Kind(
        "the message by which CloudWatch Logs tries a destination",
        "There is nothing to do.",
        starts=("messageType", "CONTROL_MESSAGE"),
        ignored=True,
    ),
    Kind("S3's test message", "There is nothing to do.", starts=("Event", "s3:TestEvent"), ignored=True),
    Kind(
        "a CloudTrail Insights event",
        "It reports unusual numbers of calls, and no change.",
        has=("insightDetails",),
        ignored=True,
    ),
    Kind("S3's notice that a file was stored", f"{_BY_FILE} {_BY_RULE}", starts=("eventSource", "aws:s3")),
    Kind("CloudTrail's notice that it delivered files", f"{_BY_FILE} {_BY_RULE}", has=("s3Bucket", "s3ObjectKey")),
    Kind("a batch of Kafka's records", _BY_RULE, has=("records",)),
    Kind("a record of another event source of Lambda's", _BY_RULE, starts=("eventSource", "aws:")),
    Kind(
        "Lambda's notice of a stream's batch that failed",
        "It names the batch and holds no event. Read the batch from the stream, or let the sweep find what is open.",
        has_any=("KinesisBatchInfo", "DDBStreamBatchInfo"),
    ),
    Kind(
        "an event in OCSF, as Security Lake stores it",
        f"cloudmend reads CloudTrail's own records only. {_BY_RULE}",
        has=("class_uid", "metadata"),
    ),
    Kind("an event of AWS Config", _BY_RULE, has_any=("invokingEvent", "configurationItem")),
    Kind(
        "a digest of CloudTrail's, which proves that log files are whole",
        "It holds no event. Replay the log files that it names.",
        has=("digestStartTime", "logFiles"),
    ),
    Kind(
        "an event that an input transformer or InputPath cut down",
        "Remove it from the rule or the pipe, so that the whole event is sent.",
        has_any=("requestParameters", "userIdentity", "groupId"),
    ),
    Kind(
        "an EventBridge event without its detail",
        "An input transformer took it away: send its variable aws.events.event.json, or remove the transformer.",
        has=("detail-type",),
        lacks="detail",
    ),
    Kind(
        "an EventBridge event that reports no API call",
        'Only events of detail-type "AWS API Call via CloudTrail" do. Narrow the pattern of the rule that sent it.',
        has=("detail-type", "source"),
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
        return Ignored(f"it is {kind.name}", text(event.get("eventID")))
    raise EventError(f"This is {kind.name}{_label(event)}. {kind.advice}")


def _label(event: Mapping[str, Any]) -> str:
    """Return the sender's own name for it, in brackets."""
    told = text(event.get("detail-type")) or text(event.get("eventSource"))
    return f" ({told[:_SHOWN]})" if told else ""
