"""Turn a record into the requests that report it: an event for programs, messages for people, findings.

Each channel decides for itself which records it reports. A mend waits for none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from cloudmend.core.model import Record, Request
from cloudmend.core.notice.chat import publish_chat
from cloudmend.core.notice.event import put_event
from cloudmend.core.notice.finding import import_findings
from cloudmend.core.notice.mail import publish_mail
from cloudmend.core.notice.wording import NotificationTargets, is_for_people

Channel = Callable[[Record, NotificationTargets, datetime], Iterator[Request]]


def _events(record: Record, _: NotificationTargets, __: datetime) -> Iterator[Request]:
    """Yield the event of a new record, but not of a clean look: each of cloudmend's own writes leads to one."""
    if record.status != "clean" and record.notice == "now":
        yield put_event(record)


def _is_for_people(record: Record) -> bool:
    """Return whether to notify people: not if the sweep's digest has the record, or if people know it already."""
    return record.notice == "now" and is_for_people(record)


def _mail(record: Record, audience: NotificationTargets, _: datetime) -> Iterator[Request]:
    if audience.topic and _is_for_people(record):
        yield publish_mail(record, audience)


def _chat(record: Record, audience: NotificationTargets, _: datetime) -> Iterator[Request]:
    if audience.chat_topic and _is_for_people(record):
        yield publish_chat(record, audience.chat_topic)


def _findings(record: Record, audience: NotificationTargets, now: datetime) -> Iterator[Request]:
    """Yield the import into Security Hub, which takes from an account no finding about another's.

    Security Hub gets each resource of a digest, too.
    """
    is_own = not audience.account or record.account == audience.account
    if record.notice != "held" and audience.security_hub and is_own:
        yield from import_findings(record, audience.region, now)


# Messages to people come first. If the function runs out of time, people are the ones who can still act.
CHANNELS: Final[tuple[Channel, ...]] = (_mail, _chat, _events, _findings)
