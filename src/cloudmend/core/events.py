"""One event of EventBridge's -> ApiCall | Ignored. Shapes differ by age, SDK and service; none may crash us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cloudmend.core.errors import EventError
from cloudmend.core.model import Actor, ApiCall, Ignored, Json

EXPECTED: Final = 'an EventBridge event of detail-type "AWS API Call via CloudTrail" (see events/event.json)'
_NO_DETAIL: Final = 'The event has no "detail"'


def parse_event(raw: object) -> ApiCall | Ignored:
    """The API call that an event reports; Ignored where the call failed and so changed nothing.

    Raises EventError for anything else than EventBridge's envelope around a CloudTrail record.
    """
    if not isinstance(raw, Mapping):
        raise EventError(f"The event is {_kind(raw)}, not an object. Send {EXPECTED}.")
    detail = raw.get("detail")
    if not isinstance(detail, Mapping):
        found = f'The event\'s "detail" is {_kind(detail)}, not an object' if detail is not None else _NO_DETAIL
        raise EventError(f"{found}. Send {EXPECTED}.")
    event_id = text(detail.get("eventID")) or text(raw.get("id"))
    name = text(detail.get("eventName"))
    if not name:
        raise EventError(f'Event {event_id or "(no id)"} has no "detail.eventName". Send {EXPECTED}.')
    if code := text(detail.get("errorCode") or ""):  # absent, or null in copies of a record, means success
        return Ignored(f"{name} failed with {code} and changed nothing", event_id, refused=True)
    return ApiCall(
        event_id=event_id,
        source=text(detail.get("eventSource")),
        name=name,
        time=_time(detail.get("eventTime")) or _time(raw.get("time")),
        account=text(raw.get("account")) or text(detail.get("recipientAccountId")),
        region=text(raw.get("region")) or text(detail.get("awsRegion")),
        actor=_actor(detail),
        request=mapping(detail.get("requestParameters")),
        response=mapping(detail.get("responseElements")),
    )


def decoded(value: object) -> object:
    """Return what a string of JSON holds; anything else, text that is no JSON too, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # the second where brackets are nested a thousand deep
        return value


def mapping(value: object) -> Json:
    """A JSON object, also when it comes as a string (Athena, Lake); empty for anything else."""
    value = decoded(value)
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> tuple[Any, ...]:
    """The members of a list in any of CloudTrail's forms: [...], {"items": [...]}, or one bare object."""
    if isinstance(value, Mapping):
        value = value.get("items", [value] if value else [])
    if isinstance(value, Mapping):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """A string that can be written as UTF-8; CloudTrail's guessed encoding may have made a number of it."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a surrogate pair would break the log line it is in
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _kind(value: object) -> str:
    kinds = (
        (bool, "true or false"),
        (str, "text"),
        (int | float, "a number"),
        (list, "a list"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "missing")


def _time(value: object) -> datetime | None:
    """In UTC; None for what is no time there, such as the last hour of the year 9999 further west."""
    try:
        parsed = datetime.fromisoformat(text(value))
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _actor(detail: Json) -> Actor:
    identity = decoded(detail.get("userIdentity"))
    if isinstance(identity, str):  # some copies keep only the arn
        identity = {"arn": identity}
    identity = mapping(identity)
    session = mapping(identity.get("sessionContext"))
    issuer = mapping(session.get("sessionIssuer"))
    person = mapping(identity.get("onBehalfOf"))
    return Actor(
        kind=text(identity.get("type")),
        arn=text(identity.get("arn")) or text(identity.get("principalId")),
        account=text(identity.get("accountId")),
        user_name=text(identity.get("userName")),
        role_arn=text(issuer.get("arn")),
        on_behalf_of=text(person.get("userId")),
        identity_store=text(person.get("identityStoreArn")).rpartition("/")[2],
        source_identity=text(session.get("sourceIdentity")),
        invoked_by=text(identity.get("invokedBy")),
        from_console=detail.get("sessionCredentialFromConsole") in ("true", True),
        source_ip=text(detail.get("sourceIPAddress")),
        user_agent=text(detail.get("userAgent")),
    )


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
