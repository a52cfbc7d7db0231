"""What an exemption must say, and how long it may last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloudmend.core.errors import InputError
from cloudmend.core.exempting import LONGEST, parse_duration
from undoing import grounds


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("9999d", timedelta(days=9999)),
    ],
)
def test_a_duration_is_in_minutes_hours_or_days(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "2", "h", "2 h", "2H", "-2h", "1.5h", "2h30m", "2h\n", "10000d", "\u0662h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(InputError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("field", ["owner", "reason"])
def test_it_needs_an_owner_and_a_reason(field: str) -> None:
    with pytest.raises(InputError, match="needs an owner and a reason"):
        grounds(**{field: " "})


def test_it_lasts_for_thirty_days_at_most_and_not_for_no_time() -> None:
    assert grounds(duration=LONGEST).duration == timedelta(days=30)
    for duration in (LONGEST + timedelta(seconds=1), timedelta(), timedelta(seconds=-1)):
        with pytest.raises(InputError, match="from a minute to 30 days"):
            grounds(duration=duration)
