"""`cloudmend records --standing`: what stands in a ledger, how old it is, and when each unit was last read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from rich.text import Text

from cloudmend.cli.ledgers import find_ledger
from cloudmend.cli.screen import Column, Screen
from cloudmend.core.digest import status_of
from cloudmend.core.escaping import terminal
from cloudmend.core.standing import StandingResource, Unit, UnreadableStanding

_STYLE: Final = {"open": "bold red", "failed": "bold red", "baseline": "cyan", "observed": "yellow"}
_COLUMNS: Final = (Column("status"), Column("resource"), Column("where"), Column("since"), Column("why"))


def list_standing(*, control: str, ledger: str, region: str | None, as_json: bool) -> int:
    """List what stands, oldest first, and when it was read; what cannot be read, on stderr.

    The exit code: 1 if something cannot be read, or was not. Raises CloudmendError.
    """
    searched = find_ledger(ledger, region)
    found = tuple(searched.ledger.all_standing()) if searched.ledger else ()
    units = searched.ledger.units() if searched.ledger else ()
    stands = sorted(
        (each for each in found if isinstance(each, StandingResource) and control in ("", each.control)),
        key=lambda each: (each.since, each.id),
    )
    read = [each for each in units if isinstance(each, Unit) and control in ("", each.control)]
    unreadable = [each.problem for each in (*found, *units) if isinstance(each, UnreadableStanding)]
    if as_json:
        told = {"standing": stands, "units": read}
        sys.stdout.write(f"{msgspec.json.encode(told).decode()}\n")
    else:
        _tell(stands, read, unreadable, datetime.now(UTC))
    if not (read or unreadable):
        sys.stderr.write(f"cloudmend: {terminal(searched.nothing(_unread(control)))}\n")
    sys.stderr.writelines(f"cloudmend: {terminal(problem)}\n" for problem in unreadable)
    return 0 if read and not unreadable and all(unit.read and not unit.unread for unit in read) else 1


def _unread(control: str) -> str:
    """Return the first words of a sentence that says where no sweep is recorded."""
    return f"It is not known what stands: no sweep{f' by {control}' if control else ''} is recorded"


def _tell(stands: Sequence[StandingResource], units: Sequence[Unit], unreadable: Sequence[str], now: datetime) -> None:
    screen = Screen()
    for unit in units:
        screen.say(_read(unit, now), hang=2)
    if stands:
        screen.rows(_COLUMNS, [_row(each, now) for each in stands])
    elif unreadable:
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
        Text(status, _STYLE.get(status, "")),
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
