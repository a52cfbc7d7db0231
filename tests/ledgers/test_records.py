"""What is intended is kept, goes from state to state, and is found again: the contract of every ledger."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta

import pytest

from cloudmend.core.errors import BudgetSpent, Busy, LedgerError, WrongState
from cloudmend.core.ledger import Ledger
from cloudmend.core.ledger_records import Ending, LedgerRecord, LedgerRecords
from cloudmend.core.model import Intent
from cloudmend.core.stored import json_lines
from cloudmend.core.ulid import time_of
from ledgers.backends import Backend
from ledgers.values import CONTROL, GROUP, OTHER_GROUP, intent, record
from support import ACCOUNT, NOW, REGION


def test_an_intent_is_given_back_whole(backend: Backend) -> None:
    entry = backend.ledger().intend(intent())
    assert entry == LedgerRecord(id=entry.id, state="INTENT", opened=NOW, intent=intent())
    assert backend.ledger().get(entry.id) == entry


def test_a_record_s_id_is_a_ulid_of_its_time_and_no_other_s(backend: Backend) -> None:
    first, second = backend.ledger().intend(intent()), backend.ledger().intend(intent(OTHER_GROUP))
    assert (time_of(first.id), time_of(second.id)) == (NOW, NOW)
    assert (first.id != second.id, first.has_own_id, second.has_own_id) == (True, True, True)


@pytest.mark.parametrize("state", ["DONE", "FAILED"])
def test_a_mend_ends_and_is_undone(backend: Backend, state: Ending) -> None:
    ledger = backend.ledger()
    entry = ledger.intend(intent())
    backend.clock.sleep(1.5)
    ended = ledger.finish(entry, state, record())
    backend.clock.sleep(3600)
    undone = ledger.undone(ended, record("given back"))
    assert backend.ledger().get(entry.id) == undone
    assert (undone.state, undone.opened, undone.intent) == ("UNDONE", NOW, intent())
    assert undone.ended is not None
    assert (undone.ended.at, undone.ended.record) == (NOW + timedelta(seconds=1.5), record())
    assert undone.undone is not None
    assert (undone.undone.at, undone.undone.record) == (NOW + timedelta(seconds=3601.5), record("given back"))


def test_the_same_end_again_changes_nothing(backend: Backend) -> None:
    ledger = backend.ledger()
    entry = ledger.intend(intent())
    done = ledger.finish(entry, "DONE", record())
    backend.clock.sleep(60)
    assert ledger.finish(entry, "DONE", record()) == done
    assert ledger.finish(done, "DONE", record()) == done
    undone = ledger.undone(done, record("given back"))
    backend.clock.sleep(60)
    assert ledger.undone(done, record("given back")) == undone
    assert ledger.get(entry.id) == undone


def test_another_end_is_refused_and_both_states_are_named(backend: Backend) -> None:
    ledger = backend.ledger()
    entry = ledger.intend(intent())
    with pytest.raises(WrongState, match="is INTENT and cannot become UNDONE"):
        ledger.undone(entry, record())
    done = ledger.finish(entry, "DONE", record())
    with pytest.raises(WrongState, match=f"{entry.id} is DONE and cannot become FAILED"):
        ledger.finish(entry, "FAILED", record())
    with pytest.raises(WrongState, match="is DONE and cannot become DONE"):
        ledger.finish(entry, "DONE", record("another story"))
    ledger.undone(done, record("given back"))
    with pytest.raises(WrongState, match="is UNDONE and cannot become DONE"):
        ledger.finish(entry, "DONE", record())
    with pytest.raises(WrongState, match="is UNDONE and cannot become UNDONE"):
        ledger.undone(done, record("given back by another"))


def test_a_record_that_is_not_there_is_an_error(backend: Backend) -> None:
    ledger = backend.ledger()
    elsewhere = LedgerRecord.of(intent(), NOW, bytes(5))
    for unknown in (
        elsewhere.id,
        "nonsense",
        f"{GROUP}/",
        "",
        f"{GROUP}/20261124T070000.000001Z-1a2b3c4d",
        "7" + "Z" * 25,
    ):
        with pytest.raises(LedgerError) as missing:
            ledger.get(unknown)
        assert str(missing.value).startswith(f"There is no record {unknown} in {ledger.name}. A stack keeps its ")
    with pytest.raises(LedgerError, match="There is no record"):
        ledger.finish(elsewhere, "DONE", record())


def test_its_name_says_where_it_is(backend: Backend) -> None:
    assert re.fullmatch(
        r"table \S+ in [a-z]{2}-[a-z]+-\d|the file /\S+/ledger\.sqlite3|the ledger of this test", backend.ledger().name
    )


def test_while_a_mend_is_under_way_another_of_the_same_place_is_refused(backend: Backend) -> None:
    entry = backend.ledger().intend(intent())
    backend.clock.sleep(59.9)
    with pytest.raises(Busy, match=rf"{entry.id}.*try again from 2026-11-24T07:01:00\.000000\+00:00"):
        backend.ledger().intend(intent(event_id="another"))
    assert backend.ledger().open_intents() == (entry,)


@pytest.mark.parametrize(
    "elsewhere",
    [intent(OTHER_GROUP), intent(control="another"), intent(region="eu-west-2"), intent(account="123456789012")],
)
def test_another_place_is_not_kept_waiting(backend: Backend, elsewhere: Intent) -> None:
    backend.ledger().intend(intent())
    assert backend.ledger().intend(elsewhere).state == "INTENT"


@pytest.mark.parametrize("state", ["DONE", "FAILED"])
def test_a_mend_that_has_ended_lets_the_next_one_in(backend: Backend, state: Ending) -> None:
    ledger = backend.ledger()
    first = ledger.finish(ledger.intend(intent()), state, record())
    second = ledger.intend(intent())
    assert second.id != first.id
    assert ledger.open_intents() == (second,)


def test_what_a_crash_left_is_told_until_somebody_ends_it(backend: Backend) -> None:
    crashed = backend.ledger().intend(intent())
    backend.clock.sleep(7 * 24 * 3600)
    assert backend.ledger().open_intents() == (crashed,)
    ended = backend.ledger().finish(crashed, "FAILED", record("completed by the sweep"))
    assert backend.ledger().open_intents() == ()
    assert backend.ledger().get(crashed.id) == ended


def test_a_retry_of_the_same_event_after_a_crash_is_let_in_and_both_intents_stay(backend: Backend) -> None:
    crashed = backend.ledger().intend(intent())
    backend.clock.sleep(60)  # Lambda's first retry comes a minute after the crash, or later
    retried = backend.ledger().intend(intent())
    assert backend.ledger().open_intents() == (crashed, retried)
    assert backend.ledger().finish(retried, "DONE", record()).state == "DONE"
    assert backend.ledger().open_intents() == (crashed,)


def test_one_who_comes_back_late_ends_his_own_mend_and_keeps_the_place_of_the_next(backend: Backend) -> None:
    ledger = backend.ledger()
    late = ledger.intend(intent())
    backend.clock.sleep(60)
    ledger.intend(intent())
    assert ledger.finish(late, "DONE", record()).state == "DONE"
    assert ledger.get(late.id).state == "DONE"
    with pytest.raises(Busy):
        ledger.intend(intent())


def test_the_budget_of_an_account_is_spent_and_comes_back_with_the_hour(backend: Backend) -> None:
    ledger = backend.ledger(budget=2)
    mend(ledger)
    mend(ledger, OTHER_GROUP)
    backend.clock.sleep(3599)
    with pytest.raises(
        BudgetSpent,
        match="Account 111122223333 has used its budget of 2 resources under security_group_ingress for the hour 2026",
    ):
        mend(ledger, "sg-3")
    assert ledger.open_intents() == ()
    ledger.intend(intent(account="123456789012"))
    backend.clock.sleep(1)
    assert mend(ledger, "sg-3").state == "DONE"


def test_a_resource_that_is_mended_again_and_again_counts_once_in_the_budget(backend: Backend) -> None:
    ledger = backend.ledger(budget=2)
    for _ in range(5):
        mend(ledger)
        backend.clock.sleep(1)
    mend(ledger, OTHER_GROUP)
    with pytest.raises(BudgetSpent):
        mend(ledger, "sg-3")
    assert mend(backend.ledger(budget=2)).state == "DONE"  # it is among the two


def test_the_same_id_in_another_region_is_another_resource(backend: Backend) -> None:
    ledger = backend.ledger(budget=2)
    ledger.intend(intent())
    ledger.intend(intent(region="us-east-1"))
    with pytest.raises(BudgetSpent):
        ledger.intend(intent(region="eu-west-2"))


def test_each_control_has_a_budget_of_its_own(backend: Backend) -> None:
    ledger = backend.ledger(budget=1)
    ledger.intend(intent())
    first, second = ledger.intend_all([intent(OTHER_GROUP, control="another"), intent(control="a_third")])
    assert (first.state, second.state) == ("INTENT", "INTENT")
    for control in ("security_group_ingress", "another", "a_third"):
        with pytest.raises(BudgetSpent, match=f"its budget of 1 resource under {control} for the hour"):
            ledger.intend(intent("sg-3", control=control))
    with pytest.raises(BudgetSpent, match="under another for"):  # one of several is refused: none is stored
        ledger.intend_all([intent("sg-4", control="a_fourth"), intent("sg-4", control="another")])
    assert ledger.intend(intent("sg-4", control="a_fourth")).state == "INTENT"


def test_what_is_not_budgeted_is_never_refused_for_it_and_takes_nobody_s_room(backend: Backend) -> None:
    ledger = backend.ledger(budget=1)
    for number in range(3):
        ledger.intend(intent(f"sg-{number}", control="trail", budgeted=False))
    ledger.intend_all(
        [intent("sg-8", control="trail", budgeted=False), intent("sg-9", control="trail", budgeted=False)]
    )
    assert ledger.intend(intent()).state == "INTENT"


def test_one_who_is_refused_does_not_use_up_the_budget(backend: Backend) -> None:
    ledger = backend.ledger(budget=2)
    ledger.intend(intent())
    for _ in range(3):
        with pytest.raises(Busy):
            ledger.intend(intent())
    assert ledger.intend(intent(OTHER_GROUP)).state == "INTENT"


def test_one_who_finds_the_budget_spent_does_not_block_the_place(backend: Backend) -> None:
    mend(backend.ledger(budget=1), OTHER_GROUP)
    with pytest.raises(BudgetSpent):
        mend(backend.ledger(budget=1))
    assert mend(backend.ledger(budget=2)).state == "DONE"


def test_the_recent_mends_of_a_resource_are_told_oldest_first(backend: Backend) -> None:
    ledger = backend.ledger()
    mended = []
    for _ in range(3):
        mended.append(mend(ledger))
        mend(ledger, OTHER_GROUP)
        backend.clock.sleep(1800)
    for elsewhere in (intent(control="another"), intent(region="eu-west-2"), intent(account="123456789012")):
        ledger.intend(elsewhere)
    place = f"{ACCOUNT}/{REGION}/{CONTROL}/{GROUP}"
    assert ledger.recent(place, NOW) == tuple(mended)
    assert ledger.recent(place, NOW + timedelta(microseconds=1)) == tuple(mended[1:])
    assert ledger.recent(place, NOW + timedelta(seconds=1800)) == tuple(mended[1:])
    assert ledger.recent(f"{ACCOUNT}/{REGION}/{CONTROL}/sg-0", NOW) == ()


def test_the_export_is_one_json_object_a_line_oldest_first(backend: Backend) -> None:
    ledger = backend.ledger()
    mended = []
    for group_id in (OTHER_GROUP, GROUP, OTHER_GROUP, GROUP):
        mended.append(mend(ledger, group_id))
        backend.clock.sleep(0.001)
    mended.append(ledger.intend(intent()))
    lines = list(json_lines(LedgerRecords(ledger.entries())))
    assert [json.loads(line)["id"] for line in lines] == [entry.id for entry in mended]
    assert json.loads(lines[0])["intent"]["before"] == intent().before
    assert not any("\n" in line for line in lines)
    assert list(ledger.entries(newest_first=True)) == mended[::-1]


def test_entries_are_read_while_others_write(backend: Backend) -> None:
    ledger = backend.ledger()
    first = mend(ledger)
    entries = ledger.entries()
    assert next(entries) == first
    backend.clock.sleep(1)
    second = mend(ledger)
    assert list(itertools.chain([first], entries)) in ([first], [first, second])


def mend(ledger: Ledger, group_id: str = GROUP) -> LedgerRecord:
    """From the intent to the end."""
    return ledger.finish(ledger.intend(intent(group_id)), "DONE", record(group_id=group_id))
