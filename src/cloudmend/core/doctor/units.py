"""Check when each control's resources were last read, and which of them could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from cloudmend.core.doctor.check import Answer
from cloudmend.core.escaping import plain
from cloudmend.core.scan import plural
from cloudmend.core.standing import Unit, UnitFound

_OLD: Final = timedelta(days=2)  # a schedule sweeps once a day at least, unless somebody chose otherwise
_TEXT: Final = 400  # characters of a problem


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
