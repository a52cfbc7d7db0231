"""The ledger's values: what an entry says of itself, how it moves, keys of places, and budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.errors import WrongState
from cloudmend.core.ledger import (
    OTHER_LEDGER,
    Terms,
    budget_spent,
    busy,
    hour,
    keeps_out,
    next_hour,
    sharing_budget,
    unknown,
)
from cloudmend.core.ledger_records import (
    LEASE,
    NO_LEASE,
    End,
    Exemptions,
    LedgerRecord,
    LedgerRecords,
    State,
    Unreadable,
    control_of,
    iso_time,
    key_of,
    place_of,
    resource_of,
    unit_of,
)
from cloudmend.core.model import Resource
from ledgers.values import GROUP, exemption, intent, record
from support import ACCOUNT, NOW, REGION

SECOND = timedelta(seconds=1)
PLACE = f"{ACCOUNT}/{REGION}/security_group_ingress/{GROUP}"
EAST = timezone(timedelta(hours=9))


def entry(state: State = "INTENT", **fields: Any) -> LedgerRecord:
    return replace(LedgerRecord.of(intent(), NOW, bytes(5)), state=state, **fields)


def end(summary: str = "narrowed") -> End:
    return End(NOW, record(summary))


def test_a_new_entry_is_an_intent_with_an_id_of_its_time_salt_and_place() -> None:
    made = LedgerRecord.of(intent(), NOW, bytes(5))
    assert (made.version, made.state, made.opened, made.intent) == (2, "INTENT", NOW, intent())
    assert made.id == "01M865NCC000000000K8CXMK4G"
    assert made.place == place_of(intent()) == PLACE
    assert (made.resource_id, made.counted) == (GROUP, "AE7BwpyH")


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        ({}, True),
        ({"id": LedgerRecord.of(intent(), NOW, b"other").id}, True),
        ({"id": LedgerRecord.of(intent(), NOW, bytes(5)).id[1:]}, False),
        ({"id": LedgerRecord.of(intent("sg-05fe30eb67c909f27"), NOW, bytes(5)).id}, False),
        ({"opened": NOW + SECOND}, False),
        ({"version": 1}, False),
        ({"version": 1, "id": f"{GROUP}/20261124T070000.000000Z-1a2b3c4d"}, True),
        ({"version": 1, "id": "sg-05fe30eb67c909f27/20261124T070000.000000Z-1a2b3c4d"}, False),
    ],
)
def test_an_id_fits_its_time_and_place(fields: dict[str, Any], own: bool) -> None:
    assert entry(**fields).has_own_id is own


def test_a_lease_runs_from_the_last_process_that_began_it_and_ends_with_the_mend() -> None:
    later = NOW + timedelta(minutes=5)
    assert entry().leased_until == NOW + LEASE
    assert entry(resumed=later).leased_until == later + LEASE
    assert entry("DONE", resumed=later, ended=end()).leased_until == NOW


@pytest.mark.parametrize(
    ("state", "seen", "left"),
    [
        ("INTENT", NOW + LEASE - SECOND, False),
        ("INTENT", NOW + LEASE, True),
        ("DONE", NOW + LEASE, False),
    ],
)
def test_an_intent_is_left_behind_once_its_lease_ended(state: State, seen: datetime, left: bool) -> None:
    assert entry(state).is_orphaned(seen) is left


def test_what_was_seen_is_as_old_as_the_intent_says() -> None:
    assert entry().seen == NOW
    assert entry(intent=intent(seen=NOW - SECOND)).seen == NOW - SECOND


def test_an_intent_is_taken_over_and_what_has_ended_is_not() -> None:
    assert entry().taken_over(NOW + SECOND) == entry(resumed=NOW + SECOND)
    with pytest.raises(WrongState) as refused:
        entry("DONE").taken_over(NOW)
    assert str(refused.value) == f"Record {entry().id} is DONE: there is nothing to complete. It stays as it is."


@pytest.mark.parametrize(
    ("before", "state", "after"),
    [
        (entry(), "DONE", entry("DONE", ended=end())),
        (entry(), "FAILED", entry("FAILED", ended=end())),
        (entry("DONE", ended=end("a")), "UNDONE", entry("UNDONE", ended=end("a"), undone=end())),
        (entry("FAILED", ended=end("a")), "UNDONE", entry("UNDONE", ended=end("a"), undone=end())),
        (entry("DONE", ended=end()), "DONE", entry("DONE", ended=end())),
        (
            entry("UNDONE", ended=end("a"), undone=end()),
            "UNDONE",
            entry("UNDONE", ended=end("a"), undone=end()),
        ),
    ],
)
def test_an_entry_moves_forward_and_a_repeat_is_accepted(
    before: LedgerRecord, state: State, after: LedgerRecord
) -> None:
    assert before.moved(state, end()) == after


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (entry(), "UNDONE"),
        (entry("DONE", ended=end("another")), "DONE"),
        (entry("DONE", ended=end()), "FAILED"),
        (entry("DONE"), "DONE"),
        (entry("UNDONE", ended=end(), undone=end("another")), "UNDONE"),
        (entry("UNDONE", ended=end(), undone=end()), "DONE"),
        (entry("DONE", ended=end()), "INTENT"),
    ],
)
def test_no_other_move_is_made(before: LedgerRecord, state: State) -> None:
    with pytest.raises(WrongState) as refused:
        before.moved(state, end())
    assert str(refused.value) == (f"Record {before.id} is {before.state} and cannot become {state}. It stays as it is.")


def test_what_cannot_be_read_names_its_resource_by_its_place_or_its_id() -> None:
    assert Unreadable("01", "spoiled", PLACE).resource_id == GROUP
    assert Unreadable(f"{GROUP}/2026", "spoiled").resource_id == GROUP
    assert Unreadable("01", "spoiled").resource_id == ""


def test_those_that_cannot_be_read_are_kept_beside_the_others() -> None:
    spoiled = Unreadable("01", "spoiled")
    found = LedgerRecords([spoiled, entry()])
    assert found.unreadable == []
    assert list(found) == [entry()]
    assert found.unreadable == [spoiled]


def test_keys_are_taken_apart_as_they_are_put_together() -> None:
    place = key_of(ACCOUNT, REGION, "a_control", "an/id/with/slashes")
    assert place == f"{ACCOUNT}/{REGION}/a_control/an/id/with/slashes"
    assert (unit_of(place), control_of(place)) == (f"{ACCOUNT}/{REGION}/a_control", "a_control")
    assert resource_of(place) == "an/id/with/slashes"


@pytest.mark.usefixtures("machine_in_tokyo")
def test_times_are_in_utc_wherever_the_machine_is() -> None:
    half_past = datetime(2026, 11, 24, 16, 30, tzinfo=EAST)
    assert iso_time(half_past) == "2026-11-24T07:30:00.000000+00:00"
    assert hour(half_past) == "2026-11-24T07"
    late = datetime(2026, 11, 25, 8, 59, 59, 999_999, tzinfo=EAST)
    assert next_hour(late).isoformat() == "2026-11-25T00:00:00+00:00"
    assert next_hour(datetime(2026, 11, 24, 7, tzinfo=UTC)) == datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "out"),
    [(timedelta(), False), (timedelta(microseconds=1), True), (NO_LEASE, True), (NO_LEASE + SECOND, False)],
)
def test_a_lease_keeps_others_out_while_it_runs_unless_a_wrong_clock_wrote_it(left: timedelta, out: bool) -> None:
    assert keeps_out(NOW + left, NOW) is out


def test_errors_say_what_and_where_and_what_to_do() -> None:
    assert str(busy(PLACE, "01", "7:01")) == (
        f"Another mend of {GROUP} was in progress when it was read (record 01). If it is still open, try again from "
        "7:01."
    )
    used = f"Account {ACCOUNT} has used its budget of"
    until = "under security_group_ingress for the hour 2026-11-24T07:00Z."
    assert str(budget_spent(entry(), Terms(budget=1))) == f"{used} 1 resource {until}"
    assert str(budget_spent(entry(), Terms(budget=2000))) == f"{used} 2,000 resources {until}"
    assert str(budget_spent(entry(), Terms(budget=2))) == f"{used} 2 resources {until}"
    assert str(unknown("01", "a table")) == f"There is no record 01 in a table. {OTHER_LEDGER}"


def test_entries_of_one_account_and_control_share_a_budget() -> None:
    first, second = entry(), entry(intent=intent("sg-05fe30eb67c909f27"))
    there, other = entry(intent=intent(account="1")), entry(intent=intent(control="other"))
    free = entry(intent=intent(budgeted=False))
    assert list(sharing_budget([first, there, free, second, other])) == [[first, second], [there], [other]]


@pytest.mark.usefixtures("machine_in_tokyo")
def test_an_exemption_is_told_with_its_owner_and_reason_and_named_by_its_resource() -> None:
    asked = exemption(name="web", expires=datetime(2026, 11, 24, 18, tzinfo=EAST))
    assert asked.told == "exempt: e-1, by network-team until 2026-11-24 09:00 UTC: The vendor has no VPN yet"
    assert asked.label == f"{GROUP} (web)"


@pytest.mark.parametrize(
    ("fields", "whole"), [({}, True), ({"rule": "sgr-1"}, False), ({"parts": ()}, False), ({"parts": ("a",)}, False)]
)
def test_an_exemption_is_of_the_whole_resource_unless_it_names_a_part(fields: dict[str, Any], whole: bool) -> None:
    assert exemption(**fields).is_whole is whole


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({}, True),
        ({"control": "c", "account": ACCOUNT, "region": REGION}, True),
        ({"control": "other"}, False),
        ({"account": "123456789012"}, False),
        ({"region": "us-east-1"}, False),
        ({"group": "sg-05fe30eb67c909f27"}, False),
    ],
)
def test_an_exemption_is_about_a_resource_that_nothing_it_names_contradicts(
    fields: dict[str, Any], about: bool
) -> None:
    there = Resource(type="AWS::EC2::SecurityGroup", id=GROUP, account=ACCOUNT, region=REGION)
    assert exemption(**fields).is_about("c", there) is about
    if not fields.get("group"):
        assert exemption(**fields).is_about("", Resource(type="AWS::EC2::SecurityGroup", id=GROUP))


@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"expires": NOW}, True),
        ({"expires": NOW - SECOND}, False),
        ({"ended": NOW}, False),
        ({"owner": ""}, False),
        ({"reason": ""}, False),
    ],
)
def test_an_exemption_holds_to_its_last_moment_unless_somebody_ended_it(fields: dict[str, Any], holds: bool) -> None:
    assert exemption(**fields).holds(NOW) is holds


def test_an_exemption_is_not_readable_itself_or_because_none_of_the_ledger_is() -> None:
    rows = (Unreadable("", "The ledger was refused."), Unreadable("01M8", "It is spoiled."), Unreadable("01M9", "No."))
    said = Exemptions((), rows).problem_of("01M8")
    assert said.startswith("The ledger was refused. It is spoiled. Until it can be read, it exempts nothing.")
    assert Exemptions((), rows[1:]).problem_of("01M7") == ""
