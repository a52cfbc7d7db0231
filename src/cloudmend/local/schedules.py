"""Schedule expressions, as EventBridge's rules and EventBridge Scheduler have them: rate, cron, and at.

Sources: docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_RATE: Final = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
_AT: Final = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS: Final = tuple(name.upper() for name in calendar.month_abbr[1:])
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST_YEAR: Final = 2199
_SATURDAY: Final = 6


class InvalidSchedule(ValueError):
    """An expression that EventBridge does not take."""


class Field(NamedTuple):
    """The values that a field of cron can have, and their names, counted from the first."""

    first: int
    last: int
    names: tuple[str, ...] = ()


_MINUTES, _HOURS, _DATES = Field(0, 59), Field(0, 23), Field(1, 31)
_OF_YEAR, _OF_WEEK, _YEARS = Field(1, 12, _MONTHS), Field(1, 7, _DAYS), Field(1970, _LAST_YEAR)


def moments(expression: str, since: datetime, after: datetime, zone: ZoneInfo | timezone = UTC) -> Iterator[datetime]:
    """Yield when a schedule is due after a moment, in order. A rate counts from `since`.

    Raises InvalidSchedule.
    """
    if match := _RATE.fullmatch(expression):
        return _by_rate(_period(match), since, after)
    if match := _AT.fullmatch(expression):
        once = datetime.fromisoformat(match[1]).replace(tzinfo=zone)
        return iter([once] if once > after else [])
    if match := _CRON.fullmatch(expression):
        return Cron(*match.groups()).after(after, zone)
    raise InvalidSchedule(expression)


def _period(match: re.Match[str]) -> timedelta:
    """Return the period of a rate. One takes the singular, more take the plural."""
    count = int(match[1])
    if (count > 1) is not bool(match[3]):
        raise InvalidSchedule(match[0])
    return count * timedelta(**{f"{match[2]}s": 1})


def _by_rate(period: timedelta, since: datetime, after: datetime) -> Iterator[datetime]:
    number = max(0, (after - since) // period) + 1
    while True:
        yield since + number * period
        number += 1


class Cron:
    """A cron expression of six fields. One of the two for days has to be a question mark."""

    def __init__(self, minutes: str, hours: str, dates: str, months: str, days: str, years: str) -> None:
        if (dates == "?") is (days == "?"):
            raise InvalidSchedule(f"{dates} and {days}: one of day-of-month and day-of-week has to be ?")
        self._times = [(hour, minute) for hour in values(hours, _HOURS) for minute in values(minutes, _MINUTES)]
        self._months, self._years = frozenset(values(months, _OF_YEAR)), frozenset(values(years, _YEARS))
        self._has_day = _day_of_week(days) if dates == "?" else _day_of_month(dates)

    def after(self, moment: datetime, zone: ZoneInfo | timezone) -> Iterator[datetime]:
        """Yield when it is due after a moment."""
        day = moment.astimezone(zone).date()
        while day.year <= max(self._years):
            if day.year in self._years and day.month in self._months and self._has_day(day):
                for hour, minute in self._times:
                    due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    if due > moment:
                        yield due.astimezone(UTC)
            day += timedelta(days=1)


def values(text: str, field: Field) -> list[int]:
    """Return the values of a field, in order: *, 5, 1-5, 0/15, MON-FRI, and lists of them. Raises InvalidSchedule."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, end = field.first, field.last
        else:
            start = _value(first, field)
            end = _value(last, field) if last else field.last if step else start
        if end < start or (step and not re.fullmatch(r"[1-9]\d*", step)):
            raise InvalidSchedule(part)
        found.update(range(start, end + 1, int(step or 1)))
    return sorted(found)


def _value(text: str, field: Field) -> int:
    named = text.upper()
    if named in field.names:
        return field.names.index(named) + field.first
    if not text.isdecimal() or not field.first <= int(text) <= field.last:
        raise InvalidSchedule(text)
    return int(text)


def _day_of_month(text: str) -> Callable[[date], bool]:
    """Return whether a day is one of these: a list of dates, L for the last, 15W for the weekday that is nearest."""
    if text == "L":
        return lambda day: day.day == _length(day)
    if match := re.fullmatch(r"(\d+)W", text):
        wanted = _value(match[1], _DATES)
        return lambda day: day == _nearest_weekday(day, wanted)
    dates = frozenset(values(text, _DATES))
    return lambda day: day.day in dates


def _nearest_weekday(day: date, wanted: int) -> date | None:
    """Return the weekday nearest to a date of a day's month, within that month; None if the month is too short."""
    if wanted > _length(day):
        return None
    at = day.replace(day=wanted)
    shift = {5: -1, 6: 1}.get(at.weekday(), 0)
    if not 1 <= wanted + shift <= _length(day):
        shift = -2 * shift
    return at + timedelta(days=shift)


def _day_of_week(text: str) -> Callable[[date], bool]:
    """Return whether a day is one of these: a list, 6L for the last Friday, 6#3 for the third, L for Saturday."""
    if text == "L":
        return lambda day: _weekday(day) == _SATURDAY + 1
    if match := re.fullmatch(r"(\w+)L", text):
        last = _value(match[1], _OF_WEEK)
        return lambda day: _weekday(day) == last and day.day + 7 > _length(day)
    if match := re.fullmatch(r"(\w+)#([1-5])", text):
        wanted, number = _value(match[1], _OF_WEEK), int(match[2])
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 + 1 == number
    days = frozenset(values(text, _OF_WEEK))
    return lambda day: _weekday(day) in days


def _weekday(day: date) -> int:
    """Return the number of a weekday as cron counts: 1 is Sunday."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
