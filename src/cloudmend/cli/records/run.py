"""`cloudmend records`: what the ledger holds, for a person or for a program; with --standing, what stands in it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec
from rich.text import Text

from cloudmend.cli.ledgers import SearchedLedger, find_ledger
from cloudmend.cli.messages import came_to, who_of
from cloudmend.cli.scan.report import SETTINGS
from cloudmend.cli.screen import Column, Screen
from cloudmend.cli.subjects import named_resources
from cloudmend.controls import by_id, is_known
from cloudmend.core.digest import status_of
from cloudmend.core.errors import InputError
from cloudmend.core.escaping import plural, terminal
from cloudmend.core.exempting import parse_duration
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords, State, StoredRecord
from cloudmend.core.standing import StandingResource, Unit, UnreadableStanding
from cloudmend.core.stored import json_lines

_STYLE: Final[dict[State, str]] = {"INTENT": "yellow", "DONE": "green", "FAILED": "bold red", "UNDONE": "cyan"}
_STDOUT: Final = Path("-")
_STANDING_STYLE: Final = {"open": "bold red", "failed": "bold red", "baseline": "cyan", "observed": "yellow"}
_COLUMNS: Final = (Column("status"), Column("resource"), Column("where"), Column("since"), Column("why"))


def records(*, resource: str, since: str, ledger: str, region: str | None, export: Path | None) -> int:
    """Write the records, oldest first: in words, or as JSON lines into the file `export` ("-" is stdout).

    Records that cannot be read are reported on stderr. Return the exit code: 1 if there was one, otherwise 0. Raises
    CloudmendError.
    """
    opened_since = datetime.now(UTC) - parse_duration(since) if since else None
    ids = frozenset(each.resource.id for each in named_resources(resource)) if resource else frozenset()
    searched = find_ledger(ledger, region)
    entries = LedgerRecords(_chosen(searched.ledger, ids, opened_since) if searched.ledger else ())
    told = _told_if_none(entries, searched, "such record" if resource or since else "record")
    if export is None:
        _tell(told)
    elif export == _STDOUT:
        sys.stdout.writelines(_lines(told))
    else:
        _export(told, export)
    sys.stderr.writelines(f"cloudmend: {terminal(each.problem)}\n" for each in entries.unreadable)
    return 1 if entries.unreadable else 0


def _chosen(ledger: Ledger, ids: Collection[str], since: datetime | None) -> Iterable[StoredRecord]:
    """Return all records, or those of the resources with these ids under any control."""
    return (each for each in ledger.entries(since) if not ids or each.resource_id in ids)


def _told_if_none(entries: LedgerRecords, searched: SearchedLedger, what: str) -> Iterator[LedgerRecord]:
    """Yield the entries. If there are none, say on stderr what was searched."""
    one = None
    for one in entries:
        yield one
    if one is None and not entries.unreadable:
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing(f'There is no {what}'))}\n")


def _lines(entries: Iterable[LedgerRecord]) -> Iterable[str]:
    return (f"{line}\n" for line in json_lines(entries))


def _export(entries: Iterable[LedgerRecord], path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            written = sum(bool(file.write(line)) for line in _lines(entries))
    except OSError as error:
        raise InputError(f"The records cannot be written to {path} ({error}). Pass another file, or -.") from None
    if written:
        sys.stderr.write(f"cloudmend: {plural(written, 'record')} written to {terminal(str(path))}.\n")


def _tell(entries: Iterable[LedgerRecord]) -> None:
    """Three lines each: a table would be wider than a terminal, and cut the id that undo takes."""
    screen = Screen()
    for entry in entries:
        when = f"{entry.opened.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        status, told = came_to(entry)
        label = terminal(entry.intent.resource.label)
        screen.say(when, label, Text(status, _STYLE[entry.state]), terminal(who_of(entry)), hang=4)
        screen.say(f"  {terminal(told)}")
        screen.say(Text(f"  {entry.id}", "dim"))


def list_standing(*, control: str, ledger: str, region: str | None, as_json: bool) -> int:
    """List what stands, and when it was read: resources, then settings, each oldest first.

    What cannot be read is on stderr. The exit code: 1 if something cannot be read, or was not. Raises CloudmendError.
    """
    searched = find_ledger(ledger, region)
    found = tuple(searched.ledger.all_standing()) if searched.ledger else ()
    units = searched.ledger.units() if searched.ledger else ()
    stands = sorted(
        (each for each in found if isinstance(each, StandingResource) and control in ("", each.control)),
        key=lambda each: (_is_setting(each), each.since, each.id),
    )
    read = [each for each in units if isinstance(each, Unit) and control in ("", each.control)]
    unreadable = [each.problem for each in (*found, *units) if isinstance(each, UnreadableStanding)]
    if as_json:
        told = {"standing": stands, "units": read}
        sys.stdout.write(f"{msgspec.json.encode(told).decode()}\n")
    else:
        _tell_standing(stands, read, unreadable, datetime.now(UTC))
    if not (read or unreadable):
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing(_unread(control)))}\n")
    sys.stderr.writelines(f"cloudmend: {terminal(problem)}\n" for problem in unreadable)
    return 0 if read and not unreadable and all(unit.read and not unit.unread for unit in read) else 1


def _is_setting(each: StandingResource) -> bool:
    return is_known(each.control) and by_id(each.control).resource.is_setting


def _unread(control: str) -> str:
    """Return the first words of a sentence that says where no sweep is recorded."""
    return f"It is not known what stands: no sweep{f' by {control}' if control else ''} is recorded"


def _tell_standing(
    stands: Sequence[StandingResource], units: Sequence[Unit], unreadable: Sequence[str], now: datetime
) -> None:
    screen = Screen()
    for unit in units:
        screen.say(_read(unit, now), hang=2)
    for is_setting, found in groupby(stands, key=_is_setting):
        if is_setting:
            screen.say(Text(SETTINGS, "bold"))
        screen.rows(_COLUMNS, [_row(each, now) for each in found])
    if stands:
        return
    if unreadable:
        screen.say("Nothing stands in what could be read; the rest is not known.")
    elif units:
        screen.say("Nothing stands, as of these reads.")


def _read(unit: Unit, now: datetime) -> str:
    """Return when a unit was last read whole, and what was not read."""
    where = f"{unit.control} in {unit.account}, {unit.region}"
    read = f"last read whole {_ago(unit.read, now)}" if unit.read else "never read whole"
    first = "" if unit.baseline else " Its first sweep is not through."
    unread = f" Not read: {'; '.join(map(terminal, unit.unread))}" if unit.unread else ""
    return f"{where}: {read}.{first}{unread}"


def _row(each: StandingResource, now: datetime) -> list[Text]:
    status = status_of(each)
    why = "\n".join(terminal(finding.why) for finding in each.findings)
    held = f"\n{each.held:,} events not reported" if each.held else ""
    return [
        Text(status, _STANDING_STYLE.get(status, "")),
        Text(terminal(each.resource.label)),
        Text(f"{each.control}\n{each.account}\n{each.region}"),
        Text(f"{each.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC\n{_ago(each.since, now)}"),
        Text(f"{why}{held}"),
    ]


def _ago(then: datetime, now: datetime) -> str:
    age = max(now - then, timedelta())
    if age >= timedelta(days=2):
        return f"{age.days} days ago"
    hours, minutes = divmod(int(age.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min ago" if hours else f"{minutes} min ago"
