"""Check that the ledger's items can be read, that mends that did not end are completed, and when each unit was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from cloudmend.cli.doctor.check import Answer, Verdict
from cloudmend.core.escaping import plain, plural
from cloudmend.core.ledger import Entries, Exemptions, Found
from cloudmend.core.standing import Unit, UnitFound

_FORGOTTEN: Final = timedelta(days=1)  # a mend that did not end is completed by the next try, or by a sweep
_OLD: Final = timedelta(days=2)  # a schedule sweeps once a day at least, unless somebody chose otherwise
_TEXT: Final = 400  # characters of a problem


def records(open_intents: Iterable[Found], exemptions: Exemptions, now: datetime) -> Answer:
    """Judge the mends that did not end, and the exemptions."""
    entries = Entries(open_intents)
    left = [entry for entry in entries if entry.opened < now - _FORGOTTEN]
    unread = [*(each.problem for each in entries.unreadable), *exemptions.unreadable]
    if unread:
        others = f" {len(unread) - 1:,} more cannot be read." if len(unread) > 1 else ""
        verdict: Verdict = "broken" if entries.unreadable else "warning"
        return Answer(verdict, f"{plain(unread[0], _TEXT)}{others}")
    if left:
        return Answer(
            "warning",
            f"{plural(len(left), 'mend')} did not end, and no sweep completed them. The oldest is {left[0].id}. "
            "Check that the sweep looks at its Region, and read the sweep's last errors.",
        )
    return Answer("ok", "All exemptions in the ledger, and all mends that did not end, can be read.")


def units(found: Iterable[UnitFound], now: datetime) -> Answer:
    """Judge the units: a unit is a control in one account and Region."""
    all_of_them = list(found)
    problems = [problem for each in all_of_them if (problem := _problem(each, now))]
    if not all_of_them:
        return Answer("warning", "No sweep has read anything yet: the first one starts with the deployment.")
    if problems:
        others = f" The same holds for {len(problems) - 1:,} more." if len(problems) > 1 else ""
        return Answer("warning", f"{problems[0]}{others}")
    oldest = min(each.read for each in all_of_them if isinstance(each, Unit) and each.read)
    return Answer("ok", f"{plural(len(all_of_them), 'control')} read whole, the first of them {_time(oldest)}.")


def _problem(unit: UnitFound, now: datetime) -> str:
    """Return the problem of a unit; empty if it has none."""
    if not isinstance(unit, Unit):
        return plain(unit.problem, _TEXT)
    where = f"{unit.control} in account {unit.account}, Region {unit.region}"
    read = f"was last read whole {_time(unit.read)}" if unit.read else "was never read whole"
    if unit.unread:
        return f"{where} {read}. Not read: {plain(unit.unread[0], _TEXT)}"
    if unit.baseline is None:
        return f"The first sweep of {where} is not through, so what was there before is not known yet."
    return f"{where} {read}." if unit.read is None or now - unit.read > _OLD else ""


def _time(instant: datetime) -> str:
    return f"at {instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
