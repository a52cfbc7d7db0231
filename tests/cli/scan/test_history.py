"""The findings of a ledger: when each was opened, and when it was closed."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from cloudmend.cli.scan.pictures import OpenPeriod, open_periods
from cloudmend.core.ledger_records import End, LedgerRecord
from ledgers.values import GROUP, OTHER_GROUP, intent, record
from records import FAILED, OPEN
from support import NOW

MINUTE = timedelta(minutes=1)


def mended(at: datetime, group_id: str = GROUP, seconds: float | None = 2.5) -> LedgerRecord:
    """A mend that began then and ended a second later, `seconds` after the API call."""
    end = End(at + timedelta(seconds=1), replace(record(group_id=group_id), seconds_since_call=seconds))
    return replace(LedgerRecord.of(intent(group_id), at, bytes(5)), state="DONE", ended=end)


def only(*entries: LedgerRecord) -> OpenPeriod:
    (door,) = open_periods(entries)
    return door


def test_a_mended_door_was_open_from_the_call_until_it_was_proved_closed() -> None:
    door = only(mended(NOW))
    assert (door.kind, door.resource, door.region) == ("mended", GROUP, "eu-west-1")
    assert door.closed == NOW + timedelta(seconds=1)
    assert (door.lasted, door.is_exact) == (timedelta(seconds=2.5), True)
    assert (door.who, door.told) == ("the IAM user mallory", "narrowed")


def test_of_a_door_that_no_event_told_it_is_known_only_when_it_was_found() -> None:
    door = only(mended(NOW, seconds=None))
    assert (door.opened, door.is_exact, door.lasted) == (NOW, False, None)


def test_a_door_that_was_not_mended_is_open_until_the_next_mend_of_its_group() -> None:
    still = replace(mended(NOW), state="FAILED", ended=End(NOW, OPEN))
    assert (only(still).kind, only(still).closed, only(still).lasted) == ("open", None, None)
    of_another = mended(NOW + MINUTE, OTHER_GROUP)
    later = mended(NOW + 2 * MINUTE)
    first, *_ = open_periods([still, of_another, later])
    assert (first.kind, first.closed) == ("open", NOW + 2 * MINUTE + timedelta(seconds=1))


def test_a_second_failure_closes_nothing() -> None:
    failed = End(NOW + MINUTE, FAILED)
    first, _ = open_periods([replace(mended(NOW), ended=failed), replace(mended(NOW + MINUTE), ended=failed)])
    assert first.closed is None


def test_what_a_crash_left_behind_is_open_and_said_to_be() -> None:
    door = only(replace(mended(NOW), state="INTENT", ended=None))
    assert (door.kind, door.opened, door.closed, door.is_exact) == ("open", NOW, None, False)
    assert "cut off by a crash" in door.told


def test_what_somebody_else_closed_is_closed() -> None:
    door = only(replace(mended(NOW), ended=End(NOW + MINUTE, replace(record(), status="clean"))))
    assert (door.kind, door.closed) == ("mended", NOW + MINUTE)


def test_an_undo_opens_the_door_again_until_the_next_mend() -> None:
    taken_back = replace(record("restored"), status="exempt")
    undone = replace(mended(NOW), state="UNDONE", undone=End(NOW + MINUTE, taken_back))
    first, again = open_periods([undone])
    assert (first.kind, first.closed) == ("mended", NOW + timedelta(seconds=1))
    assert (again.kind, again.opened, again.closed, again.told) == ("undone", NOW + MINUTE, None, "restored")
    _, again, _ = open_periods([undone, mended(NOW + 5 * MINUTE)])
    assert again.lasted == 4 * MINUTE + timedelta(seconds=1)


def test_findings_are_in_the_order_in_which_they_were_opened() -> None:
    slow = mended(NOW + MINUTE, OTHER_GROUP, seconds=3600)
    assert [door.resource for door in open_periods([mended(NOW), slow])] == [OTHER_GROUP, GROUP]
