"""`cloudmend records`: what the ledger holds, for a person or for a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.text import Text

from cloudmend.cli.ledgers import SearchedLedger, find_ledger
from cloudmend.cli.messages import came_to, who_of
from cloudmend.cli.screen import Screen
from cloudmend.core.errors import InputError
from cloudmend.core.escaping import plural, terminal
from cloudmend.core.exempting import parse_duration
from cloudmend.core.ledger import Entries, Entry, Found, Ledger, State
from cloudmend.core.stored import json_lines

_STYLE: Final[dict[State, str]] = {"INTENT": "yellow", "DONE": "green", "FAILED": "bold red", "UNDONE": "cyan"}
_STDOUT: Final = Path("-")


def records(*, group: str, since: str, ledger: str, region: str | None, export: Path | None) -> int:
    """Write the records, oldest first: in words, or as JSON lines into the file `export` ("-" is stdout).

    Records that cannot be read are reported on stderr. Return the exit code: 1 if there was one, otherwise 0. Raises
    CloudmendError.
    """
    opened_since = datetime.now(UTC) - parse_duration(since) if since else None
    searched = find_ledger(ledger, region)
    entries = Entries(_chosen(searched.ledger, group, opened_since) if searched.ledger else ())
    told = _told_if_none(entries, searched, "such record" if group or since else "record")
    if export is None:
        _tell(told)
    elif export == _STDOUT:
        sys.stdout.writelines(_lines(told))
    else:
        _export(told, export)
    sys.stderr.writelines(f"cloudmend: {terminal(each.problem)}\n" for each in entries.unreadable)
    return 1 if entries.unreadable else 0


def _chosen(ledger: Ledger, group: str, since: datetime | None) -> Iterable[Found]:
    """Return all records, or those of one resource under any control."""
    return (each for each in ledger.entries(since) if not group or each.resource_id == group)


def _told_if_none(entries: Entries, searched: SearchedLedger, what: str) -> Iterator[Entry]:
    """Yield the entries. If there are none, say on stderr what was searched."""
    one = None
    for one in entries:
        yield one
    if one is None and not entries.unreadable:
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing(f'There is no {what}'))}\n")


def _lines(entries: Iterable[Entry]) -> Iterable[str]:
    return (f"{line}\n" for line in json_lines(entries))


def _export(entries: Iterable[Entry], path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            written = sum(bool(file.write(line)) for line in _lines(entries))
    except OSError as error:
        raise InputError(f"The records cannot be written to {path} ({error}). Pass another file, or -.") from None
    if written:
        sys.stderr.write(f"cloudmend: {plural(written, 'record')} written to {terminal(str(path))}.\n")


def _tell(entries: Iterable[Entry]) -> None:
    """Three lines each: a table would be wider than a terminal, and cut the id that undo takes."""
    screen = Screen()
    for entry in entries:
        when = f"{entry.opened.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        status, told = came_to(entry)
        label = terminal(entry.intent.resource.label)
        screen.say(when, label, Text(status, _STYLE[entry.state]), terminal(who_of(entry)), hang=4)
        screen.say(f"  {terminal(told)}")
        screen.say(Text(f"  {entry.id}", "dim"))
