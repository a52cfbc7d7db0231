"""One event of EventBridge's -> ApiCall | Ignored. Shapes differ by age, SDK and service; none may crash us."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

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
