"""Events in whatever they came in -> what each says. One bad event neither hides the others nor is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cloudmend.core.errors import EventError
from cloudmend.core.events import decoded, parse_event
from cloudmend.core.model import ApiCall, Ignored

# The key under which a wrapping holds its content: an object, a list of them, or either as a string of JSON.
_WRAPPINGS: Final = (
    "Records",  # SNS and SQS, as Lambda gets them; a trail's file
    "Sns",
    "body",  # SQS
    "Message",  # SNS, and SNS in SQS without raw delivery
    "Events",  # the answer of lookup-events
    "CloudTrailEvent",  # each of its events
    "requestPayload",  # Lambda's record of an invocation that failed
)
_MOST_WRAPPINGS: Final = 8  # an SNS event that failed, in the queue of failures, is wrapped six times


def parse_events(raw: object) -> tuple[ApiCall | Ignored | EventError, ...]:
    """What each event says, in order; an EventError stands, unraised, for one that cannot be understood.

    A CloudTrail record without EventBridge's envelope is an event too. A wrapping that holds nothing gives
    nothing.
    """
    return tuple(_answers(raw, "", _MOST_WRAPPINGS))


def _answers(raw: object, place: str, wrappings_left: int) -> Iterator[ApiCall | Ignored | EventError]:
    event = decoded(raw)
    key = _wrapping(event)
    if not isinstance(event, Mapping) or not key:
        yield _answer(event, place)
    elif not wrappings_left:
        yield EventError(f"In {place}: the event is wrapped more than {_MOST_WRAPPINGS} times. Unwrap it.")
    else:
        for where, content in _contents(event[key], f"{place}.{key}".removeprefix(".")):
            yield from _answers(content, where, wrappings_left - 1)


def _wrapping(event: object) -> str:
    """The key of what is wrapped; empty where nothing is: an event, or something unknown."""
    if not isinstance(event, Mapping) or "detail" in event or "eventName" in event:
        return ""
    return next((key for key in _WRAPPINGS if key in event), "")


def _contents(content: object, place: str) -> Iterator[tuple[str, object]]:
    content = decoded(content)
    if isinstance(content, list):
        yield from ((f"{place}[{number}]", member) for number, member in enumerate(content))
    else:
        yield place, content


def _answer(event: object, place: str) -> ApiCall | Ignored | EventError:
    if isinstance(event, Mapping) and "detail" not in event and "eventName" in event:
        event = {"detail": event}  # a bare record: its own account and Region hold
    try:
        return parse_event(event)
    except EventError as error:
        return EventError(f"In {place}: {error}") if place else error
