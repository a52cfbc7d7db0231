"""A replay for people: what it comes to, the doors that stood open longest, and exemptions to think about."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudmend.core.escaping import plain
from cloudmend.core.replay import Door, Summary
from cloudmend.core.scan import plural

SHOWN: Final = 40  # doors
_WIDTH: Final = 130  # characters, where stdout is no terminal
_FOREIGN: Final = 100  # characters of what a caller chose
_PROBLEM: Final = 300  # characters of what is wrong with a record
_NAMED: Final = 5  # principals
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}
_COLUMNS: Final = {  # and the characters that none of them may be narrower than: those of an id, or of a time
    "opened, UTC": 16,
    "group": 20,
    "door": 0,
    "by": 0,
    "what cloudmend would have done": 0,
    "stood open": 0,
}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def longest(doors: Iterable[Door]) -> list[Door]:
    """Those that are shown, in the order in which they were opened; all are gone through, and few are kept."""
    return sorted(heapq.nlargest(SHOWN, doors, key=lambda door: door.seconds_open), key=lambda door: door.opened)


def print_replay(doors: list[Door], summary: Summary) -> None:
    """To stdout. Text in it is no markup."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    for line in _summary(summary):
        console.print(Text(line))
    if doors:
        console.print(_table(doors, summary))
    if summary.exemptions:
        console.print(Text("\nExemptions to think about, for the policy file. Fill in what is empty:\n"))
        for suggestion in summary.exemptions:
            console.print(Text(suggestion.toml), soft_wrap=True)


def _summary(summary: Summary) -> Iterator[str]:
    read = summary.read
    yield f"{plural(read.records, 'record')} in {plural(read.files, 'file')}, {_span(summary)}."
    changed = f"{plural(read.calls, 'call')} changed security groups or prefix lists, and opened"
    yield f"{changed} {plural(summary.doors, 'door')} to the world." if summary.doors else f"{changed} no door."
    if summary.longest_seconds_open is not None:
        yield (
            f"At once {summary.would_close:,} would have been closed, {summary.would_report:,} only reported, and "
            f"{summary.exempt:,} left open by an exemption."
        )
        yield f"{_closed(summary)} {summary.still_open:,} still open when the records end."
        yield f"Opened by: {_principals(summary)}."
    yield from _untold(summary)


def _span(summary: Summary) -> str:
    if summary.since is None or summary.read.until is None:
        return "none of which changed a security group"
    return (
        f"which change security groups from {summary.since:%Y-%m-%d %H:%M} to {summary.read.until:%Y-%m-%d %H:%M} UTC"
    )


def _closed(summary: Summary) -> str:
    told = f"The longest stood open for {duration(summary.longest_seconds_open or 0)};"
    if summary.median_seconds_open is None:
        return told
    return f"Half of those that somebody closed stood open for {duration(summary.median_seconds_open)} or less. {told}"


def _principals(summary: Summary) -> str:
    named = list(summary.opened_by.items())[:_NAMED]
    more = len(summary.opened_by) - len(named)
    told = ", ".join(f"{plain(principal, _FOREIGN) or 'somebody unknown'} ({doors:,})" for principal, doors in named)
    return f"{told} and {more:,} more" if more else told


def _untold(summary: Summary) -> Iterator[str]:
    """What the records cannot tell, and what was passed over."""
    read = summary.read
    problem = plain(read.first_not_understood, _PROBLEM).rstrip(".")
    told = (
        (summary.older_rules, "change", "of rules whose opening is older than the records"),
        (summary.prefix_lists, "change", "of prefix lists, not judged: the records do not tell all their entries"),
        (summary.nameless, "call", "not judged, for the record tells no group"),
        (read.failed, "call", "refused by AWS, which opened nothing"),
        (read.repeated, "record", "seen before, and counted once"),
        (read.ignored_files, "file", "not read: by its name none of CloudTrail's"),
        (read.not_understood, "record", f"not understood, the first because: {problem}"),
        (len(read.unread), "file", "not read to the end: see below"),
    )
    yield from (f"- {plural(number, noun)} {words}." for number, noun, words in told if number)
    yield from (f"- {caveat}" for caveat in summary.caveats)


def _table(doors: list[Door], summary: Summary) -> Table:
    more = (
        f"The {SHOWN} that stood open longest; --json tells all {summary.doors:,}." if summary.doors > SHOWN else None
    )
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False, caption=more, caption_justify="left")
    for heading, width in _COLUMNS.items():
        table.add_column(heading, overflow="fold", min_width=width)
    for door in doors:
        outcome = Text(door.outcome, _STYLE[door.action])
        table.add_row(f"{door.opened:%Y-%m-%d %H:%M}", _group(door), _door(door), _by(door), outcome, _open(door))
    return table


def _group(door: Door) -> Text:
    return Text("\n".join((plain(door.group, _FOREIGN), door.account, door.region)))


def _door(door: Door) -> Text:
    older = "\nolder than the records: it may have been open before, and may be egress" if door.is_older else ""
    return Text(door.opening + older)


def _by(door: Door) -> Text:
    by = door.opened_by
    return Text("\n".join((plain(by.who, _FOREIGN), f"through {plain(by.through, _FOREIGN)}")))


def _open(door: Door) -> Text:
    if door.closed_by is None:
        return Text(f"{duration(door.seconds_open)}, and still is", "bold")
    return Text(f"{duration(door.seconds_open)}; closed by {plain(door.closed_by.who, _FOREIGN)}, {door.closed_with}")


def duration(seconds: int) -> str:
    """In the two largest units that it has: 3 days 4 hours."""
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(plural(count, unit) for count, unit in parts[:2] if count) or "0 seconds"
