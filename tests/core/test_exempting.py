"""What an exemption must say, and how long it may last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.ebs_snapshot_public import CONTROL as SNAPSHOTS
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import InputError
from cloudmend.core.exempting import LONGEST, Where, exemption_record, left_open, parse_duration
from cloudmend.core.guidance import guided
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.core.model import Actor, Attribution, Record, Resource
from undoing import ALICE, GROUNDS, grounds

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
GROUP, GROUP_TYPE = "sg-05fe30eb67c909f27", "AWS::EC2::SecurityGroup"
BOB = ALICE.replace("alice", "bob")


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
        with pytest.raises(InputError, match=r"to 30 days, .* longer time, add an exemption to the policy file\.$"):
            grounds(duration=duration)


WHERE = Where(group=GROUP, name="web", account="111122223333", region="eu-west-1", control=CONTROL.id)


def test_it_is_of_a_group_or_of_what_its_rules_say_from_now_on() -> None:
    assert GROUNDS.exemption("x-1", WHERE, NOW, ("tcp/22 from ::/0",)) == TimedExemption(
        version=2,
        id="x-1",
        group=GROUP,
        name="web",
        account="111122223333",
        region="eu-west-1",
        control=CONTROL.id,
        parts=("tcp/22 from ::/0",),
        owner="network-team",
        reason="The vendor has no VPN yet",
        expires=NOW + timedelta(hours=2),
        created=NOW,
        created_by=ALICE,
    )
    assert GROUNDS.exemption("x-1", WHERE, NOW).is_whole
    assert not GROUNDS.exemption("x-1", WHERE, NOW, ()).is_whole


def test_what_a_digest_marks_is_told_in_words_and_an_unknown_control_costs_none() -> None:
    whole, part = GROUNDS.exemption("x-1", WHERE, NOW), GROUNDS.exemption("x-1", WHERE, NOW, ("1a2b3c4d5e6f7a8b",))
    assert [left_open(each, SNAPSHOTS) for each in (whole, part)] == ["all of it", "what an undo restored"]
    assert [left_open(each, None) for each in (whole, part)] == ["all of it", "1a2b3c4d5e6f7a8b"]


def test_it_ends_early_where_somebody_ends_it() -> None:
    exemption = GROUNDS.exemption("x-1", WHERE, NOW)
    assert exemption.holds(NOW)
    assert not replace(exemption, ended=NOW, ended_by=ALICE).holds(NOW)


UNTIL = "until 2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team)."


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        (None, "every rule"),
        (("tcp/22 from ::/0",), "tcp/22 from ::/0"),
        (("tcp/22 from ::/0", "udp/53 from 0.0.0.0/0"), "tcp/22 from ::/0; udp/53 from 0.0.0.0/0"),
    ],
)
def test_its_record_says_exactly_what_is_left_open_by_whom_why_and_until_when(
    parts: tuple[str, ...] | None, what: str
) -> None:
    record = exemption_record(GROUNDS.exemption("x-1", WHERE, NOW, parts), CONTROL)
    assert record.summary == f"{record.resource.label}: {what} is left open {UNTIL}"
    assert (record.status, record.event_name, record.exemption_id) == ("exempt", "Exempt", "x-1")
    assert (record.account, record.region, record.resource.name) == ("111122223333", "eu-west-1", "web")
    assert (record.actor.arn, record.attribution.who, record.attribution.through) == (ALICE, ALICE, "cloudmend exempt")


@pytest.mark.parametrize(
    ("fields", "name", "by", "runner"),
    [
        ({}, "Exempt", ALICE, ALICE),
        ({"ended": NOW, "ended_by": BOB}, "EndExemption", BOB, BOB),
        ({"ended": NOW, "ended_by": ""}, "EndExemption", "somebody unknown", ""),
    ],
)
def test_its_record_is_about_the_resource_and_by_the_person(
    fields: dict[str, Any], name: str, by: str, runner: str
) -> None:
    record = exemption_record(replace(GROUNDS.exemption("x-1", WHERE, NOW), **fields), CONTROL)
    whole = Record(
        status="exempt",
        control=CONTROL.id,
        resource=Resource(type=GROUP_TYPE, id=GROUP, name="web"),
        account="111122223333",
        region="eu-west-1",
        event_id="",
        event_name=name,
        actor=Actor(arn=by),
        attribution=Attribution(who=by, through="cloudmend exempt", where="unknown"),
        run_by=runner,
        summary=record.summary,
        exemption_id="x-1",
    )
    assert record == guided(whole, CONTROL)


def test_the_record_of_its_early_end_says_what_is_closed_and_by_whom() -> None:
    ended = replace(GROUNDS.exemption("x-1", WHERE, NOW), ended=NOW, ended_by=BOB)
    record = exemption_record(ended, CONTROL)
    assert record.summary == (
        f"{record.resource.label}: every rule is no longer exempt, so the next event or sweep closes it; "
        f"it was exempt {UNTIL}"
    )
    assert (record.event_name, record.attribution.who) == ("EndExemption", BOB)
    unknown = exemption_record(replace(ended, ended_by=""), CONTROL)
    assert unknown.attribution.who == "somebody unknown"
