"""A record -> what is sent about it, as requests: an event for programs, messages for people, findings.

Each channel says on its own which records it tells of. None of them is on the way to a closed door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from cloudmend.core.model import Record, Request
from cloudmend.core.notice.audience import Audience
from cloudmend.core.notice.chat import publish_chat
from cloudmend.core.notice.event import put_event
from cloudmend.core.notice.finding import import_findings
from cloudmend.core.notice.mail import publish_mail
from cloudmend.core.notice.wording import is_for_people

__all__ = ["CHANNELS", "Audience"]


Channel = Callable[[Record, Audience, datetime], Iterator[Request]]


def _events(record: Record, _: Audience, __: datetime) -> Iterator[Request]:
    """What is new, but no clean look: each of cloudmend's own writes leads to one of those."""
    if record.status != "clean" and record.notice == "now":
        yield put_event(record)


def _is_for_people(record: Record) -> bool:
    """Not what the digest of its sweep tells, or what people know already."""
    return record.notice == "now" and is_for_people(record)


def _mail(record: Record, audience: Audience, _: datetime) -> Iterator[Request]:
    if audience.topic and _is_for_people(record):
        yield publish_mail(record, audience)


def _chat(record: Record, audience: Audience, _: datetime) -> Iterator[Request]:
    if audience.chat_topic and _is_for_people(record):
        yield publish_chat(record, audience.chat_topic)


def _findings(record: Record, audience: Audience, now: datetime) -> Iterator[Request]:
    """Security Hub takes from an account no finding about another's. It gets each resource of a digest, too."""
    is_own = not audience.account or record.account == audience.account
    if record.notice != "held" and audience.security_hub and is_own:
        yield from import_findings(record, audience.region, now)


# People first: were the function to run out of time, they are the ones who can still act.
CHANNELS: Final[tuple[Channel, ...]] = (_mail, _chat, _events, _findings)
