"""A record as a message on the SNS topic for people: plain text, for mail and pagers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from cloudmend.core.escaping import ascii_line, command, plain
from cloudmend.core.model import END_EXEMPTION, Record, Request
from cloudmend.core.notice.wording import (
    WAITING,
    NotificationTargets,
    attributes,
    call,
    duration,
    headline,
    label,
    problems,
    remarks,
    remove_command,
    removed,
    run_by,
    undo_command,
    why_unchanged,
)

_SUBJECT: Final = 99  # SNS: less than 100 characters
_PLACE: Final = 40  # of those
_TEXT: Final = 300  # characters of one text of the record
_ITEMS: Final = 20  # of one list of the record
# SNS takes 256 KiB for a message; without the commands it stays below 100.
_COMMANDS: Final = 128 * 1024
_NOT_KNOWN: Final = ("",)  # one line says that the command is not known


def publish_mail(record: Record, audience: NotificationTargets) -> Request:
    """Return the Publish call with the message, and with the attributes that a subscription may filter on."""
    return Request(
        "sns:Publish",
        {
            "TopicArn": audience.topic,
            "Subject": subject(record),
            "Message": text(record, audience),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": plain(value, _TEXT)}
                for name, value in attributes(record).items()
            },
        },
    )


def subject(record: Record) -> str:
    """Return the subject. A long name is cut, but not the place after it."""
    place = ascii_line(f"({record.account}, {record.region})", _PLACE)
    return f"{ascii_line(headline(record), _SUBJECT - 1 - len(place))} {place}"


def text(record: Record, audience: NotificationTargets) -> str:
    """Return the whole message: paragraphs of short lines."""
    by_hand, undo = partial(_by_hand, audience=audience), partial(_undo, audience=audience)
    paragraphs = (_event, _remarks, _edits, _problems, _next, by_hand, undo, _ids)
    return "\n\n".join("\n".join(lines) for paragraph in paragraphs if (lines := list(paragraph(record)))) + "\n"


def _event(record: Record) -> Iterator[str]:
    yield _said(record.summary)
    yield ""
    yield f"Who:     {_said(record.attribution.who)}"
    yield f"Call:    {_said(call(record))}"
    yield f"Through: {_said(record.attribution.through)}"
    yield f"From:    {_said(record.attribution.where)}"
    if runner := run_by(record):
        yield f"Run by:  {_said(runner)}"
    if record.whose:
        yield f"Whose:   {_said(record.whose)}"
    if record.decision:
        yield f"Decided: {_said(record.decision)}"
    if took := duration(record):
        yield took


def _remarks(record: Record) -> Iterator[str]:
    told = remarks(record)
    if told:
        yield "What else to know"
    yield from (f"- {_said(remark)}" for remark in told[:_ITEMS])
    yield from _more(told)


def _edits(record: Record) -> Iterator[str]:
    if record.edits:
        yield "What was done" if record.status != "observed" else "What would have been done"
    for edit in record.edits[:_ITEMS]:
        yield f"- before: {_said(edit.before or removed(record, 'was'))}"
        yield f"  after:  {_said(edit.after or removed(record, 'is'))}"
        yield f"  why:    {_said(edit.why)}"
    yield from _more(record.edits)


def _problems(record: Record) -> Iterator[str]:
    told = problems(record)
    if told:
        yield "Problems"
    yield from (f"- {_said(problem)}" for problem in told[:_ITEMS])
    yield from _more(told)


def _next(record: Record) -> Iterator[str]:
    """Yield what to do, at three in the morning too."""
    if record.status == "mended" and record.look:
        yield "To ask AWS yourself who took it:"
        yield from _commands(record.look)
    if record.status in ("mended", "exempt"):
        return
    yield "What to do"
    if record.status == "observed":
        yield _said(why_unchanged(record))
        if record.by_hand:
            yield "To close it yourself:"
            yield from _commands(record.by_hand)
        return
    if record.status in WAITING:
        yield WAITING[record.status]
        yield "To look at it yourself:"
        yield from _commands(record.look or _NOT_KNOWN)
        return
    known = "It is open now" if record.status == "open" else "It may be open now: cloudmend could not check"
    yield f"1. {known}. Lambda tries an event again twice within minutes,"
    yield "   then moves it to the dead-letter queue. You get another notice if a retry closes it."
    yield f"2. Look at {_said(label(record))}:"
    yield from _commands(record.look or _NOT_KNOWN)
    yield f"3. If it is open, {_said(record.words.close)}:"
    yield from _commands(record.by_hand or _NOT_KNOWN)
    yield "4. Read the problems above, for example a missing right, or somebody who opens it again."


def _by_hand(record: Record, audience: NotificationTargets) -> Iterator[str]:
    """Yield what to do about a part that a person left open, or leaves open no longer."""
    if record.status != "exempt":
        return
    yield "What to do"
    if record.event_name == END_EXEMPTION:
        yield "Nothing: the next event or sweep closes what is still open."
        return
    yield "Nothing, if this is intended. To end it early, so that the next event or sweep closes it:"
    yield from _commands([remove_command(record.exemption_id, region=audience.region, ledger=audience.ledger)])


def _undo(record: Record, audience: NotificationTargets) -> Iterator[str]:
    if not record.undo:
        return
    if record.entry_id:
        yield "To undo this exactly, and exempt it for two hours, run (replace the dots by your reason):"
        yield from _commands([undo_command(record.entry_id, region=audience.region, ledger=audience.ledger)])
    yield "To undo it without cloudmend, run these as they are, in order. The next event closes it again,"
    yield "unless it is exempt or cloudmend only observes:"
    yield from _commands(record.undo)


def _commands(commands: Iterable[str]) -> Iterator[str]:
    """Yield each command on a line of its own, whole or not at all."""
    room, left_out = _COMMANDS, 0
    for line in map(command, commands):
        room -= len(line)
        left_out += room < 0
        if room >= 0:
            yield f"     {line or '(no command is known for it)'}"
    if left_out:
        yield f"     ({left_out} more have no room here: they are in the record)"


def _ids(record: Record) -> Iterator[str]:
    yield f"Account:  {_said(record.account)}"
    yield f"Region:   {_said(record.region)}"
    yield f"Resource: {_said(record.resource.type)} {_said(record.resource.label)}"
    yield f"Control:  {_said(record.control)}"
    yield f"Event:    {_said(record.event_id or 'none')}"
    yield f"Record:   {_said(record.entry_id or 'none: nothing was started')}"
    if record.exemption_id:
        yield f"Exempt:   {_said(record.exemption_id)}"
    yield "The record, with everything that is cut here, is in cloudmend's log under these ids."


def _more(items: tuple[object, ...]) -> Iterator[str]:
    if len(items) > _ITEMS:
        yield f"  ({len(items) - _ITEMS} more are in the record)"


def _said(text: str) -> str:
    return plain(text, _TEXT)
