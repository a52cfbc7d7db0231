"""What an exemption must say, and how long it may last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cloudmend.core.errors import InputError
from cloudmend.core.exempting import LONGEST, parse_duration
from cloudmend.core.ledger import TimedExemption
from undoing import ALICE, GROUNDS, grounds

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
GROUP, RULE = "sg-05fe30eb67c909f27", "sgr-05fe30eb67c909f27"


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
    with pytest.raises(InputError, match=r"^An exemption needs an owner and a reason\. Say why with --reason\.$"):
        grounds(**{field: " "})


def test_it_lasts_for_thirty_days_at_most_and_not_for_no_time() -> None:
    assert grounds(duration=LONGEST).duration == timedelta(days=30)
    for duration in (LONGEST + timedelta(seconds=1), timedelta(), timedelta(seconds=-1)):
        with pytest.raises(InputError, match=r"to 30 days, .* longer belongs in the policy file\.$"):
            grounds(duration=duration)


def test_it_is_of_a_group_or_of_one_of_its_rules_from_now_on() -> None:
    assert GROUNDS.exemption("x-1", GROUP, NOW, RULE) == TimedExemption(
        id="x-1",
        group=GROUP,
        rule=RULE,
        owner="network-team",
        reason="The vendor has no VPN yet",
        expires=NOW + timedelta(hours=2),
        created=NOW,
        created_by=ALICE,
    )
    assert GROUNDS.exemption("x-1", GROUP, NOW).rule == ""


@pytest.mark.parametrize(
    ("group", "rule", "told"),
    [
        ("web", RULE, r"^'web' is not a security group id\. One is like sg-05fe30eb67c909f27\.$"),
        (GROUP, "ssh", r"^'ssh' is not a security group rule id\. One is like sgr-05fe30eb67c909f27\.$"),
    ],
)
def test_an_id_of_something_else_is_refused_with_one_that_is_right(group: str, rule: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        GROUNDS.exemption("x-1", group, NOW, rule)
