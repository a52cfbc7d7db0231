"""A digest as a mail, a chat notification, and an event: counts first, then the resources, then what to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.digest import Digest, status_of
from cloudmend.core.escaping import ascii_line, chat, plain, plural
from cloudmend.core.model import Request
from cloudmend.core.notice.event import SOURCE
from cloudmend.core.notice.wording import NotificationTargets
from cloudmend.core.standing import StandingResource

DETAIL_TYPE: Final = "cloudmend digest"
_SUBJECT: Final = 99  # characters: SNS takes less than 100
_PLACE: Final = 40  # of those
_TEXT: Final = 300  # characters of one text
_MAILED: Final = 20  # resources of each list
_CHATTED: Final = 5
_IN_EVENT: Final = 100

_WORDS: Final = {
    "open": "still open",
    "failed": "not known: the last look failed",
    "pending": "waiting for AWS to show the change",
    "deferred": "waiting: the resource cannot be changed now",
    "observed": "observed",
    "baseline": "in the baseline: there before cloudmend",
    "exempt": "exempt",
}


def requests(digest: Digest, audience: NotificationTargets) -> Iterator[Request]:
    """Yield what is sent of a digest: people first."""
    if audience.topic:
        yield _mail(digest, audience)
    if audience.chat_topic:
        message = msgspec.json.encode(notification(digest)).decode()
        yield Request("sns:Publish", {"TopicArn": audience.chat_topic, "Message": message})
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": msgspec.json.encode(detail(digest)).decode()}
    yield Request("events:PutEvents", {"Entries": [entry]})


def headline(digest: Digest) -> str:
    """Return what this is about, in a few words."""
    if digest.is_first:
        return f"{_count(digest.standing)} at fault before cloudmend, nothing was changed: {digest.control}"
    if digest.new:
        return f"{_count(digest.new)} newly at fault, not mended: {digest.control}"
    if not digest.standing:
        return f"{plural(digest.unread_resources, 'resource')} not read, so not known: {digest.control}"
    return f"{_count(digest.standing)} still at fault, not mended: {digest.control}"


def text(digest: Digest, audience: NotificationTargets) -> str:
    """Return the whole mail: paragraphs of short lines."""
    paragraphs = (
        _summary(digest),
        _listed("New", _new(digest)),
        _listed("At fault for longer", _older(digest)),
        _unread(digest),
        _next(digest, audience),
    )
    return "\n\n".join("\n".join(lines) for each in paragraphs if (lines := list(each))) + "\n"


def notification(digest: Digest) -> dict[str, Any]:
    """Return the notification for Amazon Q Developer in chat applications. It has no commands, which chat changes."""
    title = chat(headline(digest), 150)
    shown = (_new(digest) or digest.standing)[:_CHATTED]
    lines = [*_summary(digest), *map(_line, shown), *_more(len(_new(digest) or digest.standing), len(shown))]
    ids = [digest.control, digest.account, digest.region]
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": "\n".join(chat(line, _TEXT) for line in lines),
            "nextSteps": [
                "Read the mail of this digest: it has the commands to list all of it and to mend the baseline."
            ],
            "keywords": [chat(each, _TEXT) for each in ids],
        },
        "metadata": {
            "threadId": chat(f"{digest.account}/{digest.region}/{digest.control}", _TEXT),
            "summary": title,
            "eventType": DETAIL_TYPE,
        },
    }


class Stands(Struct, frozen=True, kw_only=True):
    """A resource in the event of a digest."""

    type: str
    id: str
    name: str
    status: str
    since: datetime
    why: tuple[str, ...]
    is_new: bool


class Detail(Struct, frozen=True, kw_only=True):
    """A digest as programs get it: `resources` are the new ones first, and `left_out` counts those without room."""

    version: int = 1
    control: str
    title: str
    severity: str
    account: str
    region: str
    is_baseline: bool
    counts: dict[str, int]
    new: int
    resources: tuple[Stands, ...]
    left_out: int
    unread: tuple[str, ...]
    unread_resources: int
    unread_held: int


def detail(digest: Digest) -> Detail:
    """Return the detail of the event."""
    all_of_them = (*_new(digest), *_older(digest))
    shown = tuple(_stands(each, digest) for each in all_of_them[:_IN_EVENT])
    return Detail(
        control=digest.control,
        title=digest.title,
        severity=digest.severity,
        account=digest.account,
        region=digest.region,
        is_baseline=digest.is_first,
        counts=dict[str, int](digest.counts.items()),
        new=len(digest.new),
        resources=shown,
        left_out=len(all_of_them) - len(shown),
        unread=digest.unread,
        unread_resources=digest.unread_resources,
        unread_held=digest.unread_held,
    )


def _stands(each: StandingResource, digest: Digest) -> Stands:
    return Stands(
        type=each.resource.type,
        id=each.resource.id,
        name=plain(each.resource.name, 200),
        status=status_of(each),
        since=each.since,
        why=tuple(plain(finding.why, 200) for finding in each.findings[:3]),
        is_new=each.id in digest.new,
    )


def _mail(digest: Digest, audience: NotificationTargets) -> Request:
    place = ascii_line(f"({digest.account}, {digest.region})", _PLACE)
    subject = f"{ascii_line(f'cloudmend: {headline(digest)}', _SUBJECT - 1 - len(place))} {place}"
    named = {
        "status": "baseline" if digest.is_first else "digest",
        "severity": "normal",
        "control": digest.control,
        "account": digest.account,
        "region": digest.region,
    }
    attributes = {name: {"DataType": "String", "StringValue": plain(value, _TEXT)} for name, value in named.items()}
    message = {"TopicArn": audience.topic, "Subject": subject, "Message": text(digest, audience)}
    return Request("sns:Publish", {**message, "MessageAttributes": attributes})


def _summary(digest: Digest) -> Iterator[str]:
    where = f"account {digest.account}, Region {digest.region} (control {digest.control})"
    if digest.is_first:
        yield f"The first sweep of {where} found {_count(digest.standing)} at fault. Nothing was changed."
    elif digest.standing:
        yield f"{_count(digest.standing)} at fault in {where}, and not mended."
    else:
        yield f"{plural(digest.unread_resources, 'resource')} of {where} cannot be read, and may be at fault."
    yield f"Control: {digest.title}. Severity: {digest.severity}."
    yield from (f"- {count:,} {_WORDS[status]}" for status, count in digest.counts.items())
    if digest.told_before:
        held = f" {plural(digest.held, 'sweep')} since then had nothing new to report." if digest.held else ""
        yield f"The last digest was sent at {_time(digest.told_before)}.{held}"


def _listed(title: str, found: Sequence[StandingResource]) -> Iterator[str]:
    if found:
        yield f"{title} ({len(found):,})"
    yield from (f"- {plain(_line(each), 2 * _TEXT)}" for each in found[:_MAILED])
    yield from _more(len(found), _MAILED)


def _line(each: StandingResource) -> str:
    was = "was" if each.held == 1 else "were"
    held = f"; {plural(each.held, 'event')} about it {was} not reported one by one" if each.held else ""
    why = "; ".join(finding.why for finding in each.findings)
    return f"{each.resource.label}, {status_of(each)} since {_time(each.since)}: {why}{held}"


def _more(count: int, shown: int) -> Iterator[str]:
    if count > shown:
        yield f"and {count - shown:,} more"


def _unread(digest: Digest) -> Iterator[str]:
    if digest.unread:
        yield "Not read, so not known"
    yield from (f"- {plain(each, _TEXT)}" for each in digest.unread)
    yield from _more(digest.unread_resources, len(digest.unread))
    if digest.unread_held:
        looks = "look at them was" if digest.unread_held == 1 else "looks at them were"
        yield f"{digest.unread_held:,} more {looks} not reported one by one."


def _next(digest: Digest, audience: NotificationTargets) -> Iterator[str]:
    yield "What to do"
    yield from _steps(digest, audience)


def _steps(digest: Digest, audience: NotificationTargets) -> Iterator[str]:
    yield f"To list all of it, with ages, run: cloudmend records --standing{_options(digest, audience)}"
    if digest.counts.get("baseline"):
        options = _options(digest, _there(digest, audience))
        yield f"To mend the baseline, which asks first, run: cloudmend fix{options}"
        yield 'To have sweeps mend it, set existing = "fix" in the policy. What is opened from now on is no baseline.'
    if digest.counts.get("observed"):
        yield f'To have cloudmend mend what it observes, set control.{digest.control}.mode = "fix" in the policy.'


def _options(digest: Digest, audience: NotificationTargets) -> str:
    options = {"--control": digest.control, "--region": audience.region, "--ledger": audience.ledger}
    return "".join(f" {name} {shlex.quote(value)}" for name, value in options.items() if value)


def _there(digest: Digest, audience: NotificationTargets) -> NotificationTargets:
    """Return the audience with the Region of the digest. In another Region than the stack's, `fix` has no table."""
    if audience.region in ("", digest.region):
        return audience
    return NotificationTargets(region=digest.region)


def _new(digest: Digest) -> tuple[StandingResource, ...]:
    return tuple(each for each in digest.standing if each.id in digest.new)


def _older(digest: Digest) -> tuple[StandingResource, ...]:
    return tuple(each for each in digest.standing if each.id not in digest.new)


def _count(resources: Sequence[object]) -> str:
    return plural(len(resources), "resource")


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
