"""Several intents, and several ends, as one: all of them or none. The contract of every ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloudmend.core.errors import BudgetSpent, Busy, CloudmendError
from cloudmend.core.ledger import MendEnd
from ledgers.backends import Backend
from ledgers.values import GROUP, OTHER_GROUP, intent, record
from support import NOW

MOST = 33
GROUPS = [f"sg-{number:017x}" for number in range(MOST)]


def test_as_many_as_are_promised_are_kept_and_ended_as_one(backend: Backend) -> None:
    ledger = backend.ledger()
    entries = ledger.intend_all([intent(group) for group in GROUPS])
    assert [entry.intent.resource.id for entry in entries] == GROUPS
    assert {entry.id for entry in ledger.open_intents()} == {entry.id for entry in entries}
    moved = ledger.finish_all([MendEnd(entry, "DONE", record(group_id=entry.intent.resource.id)) for entry in entries])
    assert ledger.open_intents() == ()
    assert [ledger.get(entry.id) for entry in entries] == list(moved)
    assert {entry.state for entry in moved} == {"DONE"}
    assert ledger.intend(intent(GROUPS[0])).state == "INTENT"  # and others are let in


def test_of_several_intents_of_which_one_is_busy_none_is_kept(backend: Backend) -> None:
    ledger = backend.ledger()
    entry = ledger.intend(intent(OTHER_GROUP))
    with pytest.raises(Busy, match=OTHER_GROUP):
        ledger.intend_all([intent(GROUP), intent(OTHER_GROUP)])
    assert ledger.open_intents() == (entry,)


@pytest.mark.parametrize("spent", [0, 1])
def test_several_intents_for_which_the_budget_has_no_room_are_not_kept(backend: Backend, spent: int) -> None:
    ledger = backend.ledger(budget=1 + spent)
    for group in GROUPS[:spent]:
        ledger.intend(intent(group))
    with pytest.raises(BudgetSpent):
        ledger.intend_all([intent(GROUP), intent(OTHER_GROUP)])
    assert len(ledger.open_intents()) == spent
    assert ledger.intend(intent(GROUP)).state == "INTENT"


def test_several_intents_take_as_many_places_in_the_budget(backend: Backend) -> None:
    ledger = backend.ledger(budget=3)
    ledger.intend_all([intent(GROUP), intent(OTHER_GROUP)])
    ledger.intend(intent(GROUPS[0]))
    with pytest.raises(BudgetSpent):
        ledger.intend(intent(GROUPS[1]))


def test_of_several_ends_of_which_one_cannot_be_none_is_told(backend: Backend) -> None:
    ledger = backend.ledger()
    first, second = ledger.intend_all([intent(GROUP), intent(OTHER_GROUP)])
    ledger.finish(second, "FAILED", record("otherwise", OTHER_GROUP))
    with pytest.raises(CloudmendError):
        ledger.finish_all([MendEnd(first, "DONE", record()), MendEnd(second, "DONE", record(group_id=OTHER_GROUP))])
    assert ledger.get(first.id) == first


def test_what_was_opened_since_then_is_found_of_all_resources(backend: Backend) -> None:
    ledger = backend.ledger()
    ledger.intend(intent(GROUP))
    backend.clock.sleep(3600)
    later = ledger.intend_all([intent(GROUPS[0]), intent(OTHER_GROUP)])
    assert {entry.id for entry in ledger.entries(NOW + timedelta(hours=1))} == {entry.id for entry in later}
    assert len(list(ledger.entries())) == 3
