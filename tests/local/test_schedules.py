"""Schedule expressions: when they are due, and which ones EventBridge does not take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from cloudmend.local.schedules import InvalidSchedule, moments

START = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)  # a Friday


def due(expression: str, count: int = 3, zone: str = "UTC") -> list[str]:
    found = islice(moments(expression, START, START, ZoneInfo(zone)), count)
    return [f"{moment.astimezone(UTC):%a %Y-%m-%d %H:%M}" for moment in found]


def test_a_rate_counts_from_its_beginning() -> None:
    assert due("rate(6 hours)") == ["Fri 2026-01-30 16:00", "Fri 2026-01-30 22:00", "Sat 2026-01-31 04:00"]
    later = next(moments("rate(1 day)", START, START + timedelta(days=2, hours=5)))
    assert later == START + timedelta(days=3)


def test_a_single_moment_is_due_once() -> None:
    assert due("at(2026-02-01T12:00:00)") == ["Sun 2026-02-01 12:00"]
    assert due("at(2026-01-30T10:00:00)") == []
    assert due("at(2026-02-01T12:00:00)", zone="Europe/Berlin") == ["Sun 2026-02-01 11:00"]


@pytest.mark.parametrize(
    ("expression", "moments"),
    [
        ("cron(0 10 * * ? *)", ["Sat 2026-01-31 10:00", "Sun 2026-02-01 10:00", "Mon 2026-02-02 10:00"]),
        ("cron(15 12 ? * MON-FRI *)", ["Fri 2026-01-30 12:15", "Mon 2026-02-02 12:15", "Tue 2026-02-03 12:15"]),
        ("cron(0/20 11-12 30 1 ? 2026)", ["Fri 2026-01-30 11:00", "Fri 2026-01-30 11:20", "Fri 2026-01-30 11:40"]),
        ("cron(0 8 1 JAN,jul ? *)", ["Wed 2026-07-01 08:00", "Fri 2027-01-01 08:00", "Thu 2027-07-01 08:00"]),
        ("cron(0 0 L * ? *)", ["Sat 2026-01-31 00:00", "Sat 2026-02-28 00:00", "Tue 2026-03-31 00:00"]),
        ("cron(0 0 1W * ? *)", ["Mon 2026-02-02 00:00", "Mon 2026-03-02 00:00", "Wed 2026-04-01 00:00"]),
        ("cron(0 0 31W * ? *)", ["Tue 2026-03-31 00:00", "Fri 2026-05-29 00:00", "Fri 2026-07-31 00:00"]),
        ("cron(0 0 ? * 6L *)", ["Fri 2026-02-27 00:00", "Fri 2026-03-27 00:00", "Fri 2026-04-24 00:00"]),
        ("cron(0 0 ? * TUE#2 *)", ["Tue 2026-02-10 00:00", "Tue 2026-03-10 00:00", "Tue 2026-04-14 00:00"]),
        ("cron(0 0 ? * L *)", ["Sat 2026-01-31 00:00", "Sat 2026-02-07 00:00", "Sat 2026-02-14 00:00"]),
    ],
)
def test_cron(expression: str, moments: list[str]) -> None:
    assert due(expression) == moments


def test_cron_follows_its_time_zone() -> None:
    assert due("cron(0 8 28-29 3 ? 2026)", zone="Europe/Berlin") == ["Sat 2026-03-28 07:00", "Sun 2026-03-29 06:00"]


def test_years_that_are_over_are_never_due() -> None:
    assert due("cron(0 8 * * ? 2025)") == []


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(1 hours)",
        "rate(5 minute)",
        "rate(5 seconds)",
        "every(5 minutes)",
        "at(2026-02-01)",
        "cron(0 10 * * ?)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(5-1 10 * * ? *)",
        "cron(0/0 10 * * ? *)",
        "cron(0 10 ? * XYZ *)",
        "cron(0 10 ? * 2#6 *)",
    ],
)
def test_what_eventbridge_does_not_take(expression: str) -> None:
    with pytest.raises(InvalidSchedule):
        list(islice(moments(expression, START, START), 1))
