"""A replay for people: the summary, whom to talk to, the findings that stood open longest, and exemptions."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

from rich.text import Text

from cloudmend.core.escaping import cut, terminal
from cloudmend.core.replay import Door, Opener, Summary
from cloudmend.core.scan import plural
from cloudmend.entry.screen import Screen
from cloudmend.entry.wording import duration

SHOWN: Final = 10  # doors, and exemptions
ASKED: Final = 5  # people and principals
_FOREIGN: Final = 100  # characters of what a caller chose
_PROBLEM: Final = 300  # characters of what is wrong with a record
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def longest(doors: Iterable[Door]) -> list[Door]:
    """Return those that are shown, in the order in which they were opened; all are gone through, and few are kept."""
    return sorted(heapq.nlargest(SHOWN, doors, key=lambda door: door.seconds_open), key=lambda door: door.opened)


def print_replay(doors: list[Door], summary: Summary, all_clear: str) -> None:
    """To stdout. Text in it is no markup. `all_clear` is what holds where there is no door, for a sentence."""
    to = Screen()
    for line in (*_verdict(summary, all_clear), *_summary(summary)):
        to.say(line)
    _print_openers(summary, to)
    if summary.doors > len(doors):
        to.say(f"The {len(doors):,} that stood open longest; --json lists all {summary.doors:,}:\n")
    for door in doors:
        _print_door(door, to)
    _print_exemptions(summary, to)


def _verdict(summary: Summary, all_clear: str) -> Iterator[str]:
    """First what is open, or else what could not be read: never an all-clear before that."""
    unread = tuple(_unread(summary))
    if not summary.doors:
        yield from unread
        if summary.read.records:
            yield f"As far as the records show, {all_clear} after any of these calls."
        return
    still = "1 is" if summary.still_open == 1 else f"{summary.still_open:,} are"
    yield f"{plural(summary.doors, 'finding')}; {still} still open when the records end."
    yield from unread


def _unread(summary: Summary) -> Iterator[str]:
    read = summary.read
    if not read.records:
        where = f" in {plural(read.files, 'file')}" if read.files else ""
        yield f"No record of CloudTrail's was found{where}."
    if read.not_understood:
        problem = cut(terminal(read.first_not_understood), _PROBLEM)
        yield f"{plural(read.not_understood, 'record')} could not be understood. The first: {problem}"
    if read.unread:
        yield f"{plural(len(read.unread), 'file')} could not be read, or not to the end: see below."


def _summary(summary: Summary) -> Iterator[str]:
    read = summary.read
    if read.records:
        yield f"{plural(read.records, 'record')} in {plural(read.files, 'file')}, {_span(summary)}."
        yield f"{plural(read.calls, 'call')} changed security groups or prefix lists."
    if summary.longest_seconds_open is not None:
        yield (
            f"At once {summary.would_close:,} would have been closed, {summary.would_report:,} only reported, and "
            f"{summary.exempt:,} left open by an exemption."
        )
        yield _closed(summary)
    yield from _untold(summary)


def _span(summary: Summary) -> str:
    if summary.since is None or summary.read.until is None:
        return "none of which changed a security group"
    return (
        f"which change security groups from {summary.since:%Y-%m-%d %H:%M} to {summary.read.until:%Y-%m-%d %H:%M} UTC"
    )


def _closed(summary: Summary) -> str:
    told = f"The longest stood open for {duration(summary.longest_seconds_open or 0)}."
    if summary.median_seconds_open is None:
        return told
    return f"Half of those that somebody closed stood open for {duration(summary.median_seconds_open)} or less. {told}"


def _untold(summary: Summary) -> Iterator[str]:
    """Yield what the records cannot tell, and what was passed over."""
    read = summary.read
    told = (
        (summary.older_rules, "change", "of rules whose opening is older than the records"),
        (
            summary.prefix_lists,
            "change",
            "of prefix lists, not judged, because the records do not show all their entries",
        ),
        (summary.nameless, "call", "not judged, because the record names no group"),
        (read.failed, "call", "refused by AWS, which opened nothing"),
        (read.repeated, "record", "seen before, and counted once"),
        (read.ignored_files, "file", "not read, because its name is not that of CloudTrail's files"),
    )
    yield from (f"- {plural(number, noun)} {words}." for number, noun, words in told if number)
    yield from (f"- {caveat}" for caveat in summary.caveats)


def _print_openers(summary: Summary, to: Screen) -> None:
    if not summary.openers:
        return
    to.say(Text("\nWhom to talk to first:", "bold"))
    for opener in summary.openers[:ASKED]:
        to.say(f"  {_opener(opener)}")
        if opener.hint:
            to.say(Text(f"    {opener.hint}", "dim"))
    if others := summary.openers[ASKED:]:
        to.say(f"  and {len(others):,} more, with {plural(sum(each.doors for each in others), 'finding')}.")
    to.say("")


def _opener(opener: Opener) -> str:
    who = _foreign(opener.person) or "somebody unknown"
    strange = ", of another account than the group's or of none that is known" if opener.is_stranger else ""
    still = f", {opener.still_open:,} still open" if opener.still_open else ""
    return f"{who}{strange}: {plural(opener.doors, 'finding')}{still}; through {_foreign(opener.through)}"


def _print_exemptions(summary: Summary, to: Screen) -> None:
    """Its blocks are whole lines, to be copied."""
    shown = summary.exemptions[:SHOWN]
    if shown:
        to.say("\nExemptions to think about, for the policy file. Fill in what is empty:\n")
    for suggestion in shown:
        to.console.print(Text(suggestion.toml), soft_wrap=True)
    if more := len(summary.exemptions) - len(shown):
        to.say(f"{plural(more, 'group')} more may be open on purpose; --json lists all.")
    if summary.by_strangers:
        to.say(f"{plural(summary.by_strangers, 'finding')} opened by strangers: none is suggested as an exemption.")


def _print_door(door: Door, to: Screen) -> None:
    """Four lines or more, of sentences: a table would be wider than a terminal, or break an ARN."""
    place = ", ".join(filter(None, (door.account, door.region))) or "account and Region not named"
    to.say(Text(f"{_foreign(door.group)} ({place}): {door.opening}", "bold"))
    by = door.opened_by
    told = f"opened {door.opened:%Y-%m-%d %H:%M} UTC by {_foreign(by.who)}, through {_foreign(by.through)}"
    to.say(f"  {told}")
    if door.is_older:
        older = "The rule is older than the records: it may have been open before, and may be egress."
        to.say(f"  {older}")
    to.say(f"  stood open for {_open(door)}")
    to.say(Text(f"  {door.outcome}", _STYLE[door.action]))


def _foreign(text: str) -> str:
    return cut(terminal(text), _FOREIGN)


def _open(door: Door) -> str:
    if door.closed_by is None:
        return f"{duration(door.seconds_open)}, and still does"
    return f"{duration(door.seconds_open)}, closed by {_foreign(door.closed_by.who)} ({door.closed_with})"
