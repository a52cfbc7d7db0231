"""What a process that died left behind: one takes it over, once its lease has run out. The contract of every ledger."""

from __future__ import annotations

import pytest

from cloudmend.core.errors import Busy, WrongState
from cloudmend.core.ledger_records import LEASE, LedgerRecord
from ledgers.backends import Backend
from ledgers.test_at_once import CROWD, at_once
from ledgers.values import OTHER_GROUP, intent, record

LEASE_S = LEASE.total_seconds()


def crashed(backend: Backend) -> LedgerRecord:
    """An intent whose lease has just run out."""
    entry = backend.ledger().intend(intent(seen=backend.clock.now()))
    backend.clock.sleep(LEASE_S)
    return entry


def test_an_intent_is_not_taken_over_while_its_lease_runs(backend: Backend) -> None:
    entry = backend.ledger().intend(intent())
    backend.clock.sleep(LEASE_S - 1)
    with pytest.raises(Busy, match=entry.id):
        backend.ledger().resume(entry, backend.clock.now())
    assert backend.ledger().open_intents() == (entry,)


def test_who_takes_it_over_has_a_lease_of_his_own(backend: Backend) -> None:
    entry = crashed(backend)
    mine = backend.ledger().resume(entry, backend.clock.now())
    assert (mine.id, mine.opened, mine.resumed) == (entry.id, entry.opened, backend.clock.now())
    assert backend.ledger().open_intents() == (mine,)
    backend.clock.sleep(LEASE_S - 1)
    for _ in range(2):
        with pytest.raises(Busy, match=entry.id):
            backend.ledger().resume(entry, backend.clock.now())
        with pytest.raises(Busy, match=entry.id):
            backend.ledger().intend(intent(seen=backend.clock.now()))
    assert backend.ledger().intend(intent(OTHER_GROUP)).state == "INTENT"


def test_of_a_crowd_that_would_complete_one_intent_exactly_one_does(backend: Backend) -> None:
    entry, now = crashed(backend), backend.clock.now()
    ledgers = [backend.ledger() for _ in range(CROWD)]
    ends = at_once(lambda number: ledgers[number].resume(entry, now))
    (mine,) = [end for end in ends if isinstance(end, LedgerRecord)]
    assert [type(end) for end in ends if end is not mine] == [Busy] * (CROWD - 1)


def test_it_is_ended_by_who_took_it_over_and_others_are_let_in(backend: Backend) -> None:
    mine = backend.ledger().resume(crashed(backend), backend.clock.now())
    done = backend.ledger().finish(mine, "DONE", record("found done"))
    assert (done.state, done.resumed) == ("DONE", mine.resumed)
    assert backend.ledger().get(mine.id) == done
    assert backend.ledger().open_intents() == ()
    assert backend.ledger().intend(intent(seen=backend.clock.now())).state == "INTENT"


def test_one_who_dies_while_he_completes_it_is_followed_by_another(backend: Backend) -> None:
    mine = backend.ledger().resume(crashed(backend), backend.clock.now())
    backend.clock.sleep(LEASE_S)
    (left,) = backend.ledger().open_intents()
    assert left == mine
    assert backend.ledger().resume(left, backend.clock.now()).resumed == backend.clock.now()


def test_what_has_ended_is_not_taken_over(backend: Backend) -> None:
    entry = backend.ledger().intend(intent())
    backend.ledger().finish(entry, "DONE", record())
    backend.clock.sleep(LEASE_S)
    with pytest.raises(WrongState, match=f"{entry.id} is DONE: there is nothing to complete"):
        backend.ledger().resume(entry, backend.clock.now())


def test_what_was_seen_before_another_mended_there_says_nothing_of_what_was_left_behind(backend: Backend) -> None:
    entry, seen = crashed(backend), backend.clock.now()
    backend.clock.sleep(1)
    other = backend.ledger().intend(intent(seen=backend.clock.now()))
    with pytest.raises(Busy, match=other.id):
        backend.ledger().resume(entry, seen)
    backend.clock.sleep(1)
    backend.ledger().finish(other, "DONE", record())
    with pytest.raises(Busy, match=other.id):
        backend.ledger().resume(entry, seen)
    assert backend.ledger().resume(entry, backend.clock.now()).id == entry.id


def test_one_who_was_thought_dead_ends_his_mend_and_who_completes_it_hears_of_that(backend: Backend) -> None:
    entry = crashed(backend)
    mine = backend.ledger().resume(entry, backend.clock.now())
    assert backend.ledger().finish(entry, "DONE", record("came back")).state == "DONE"
    with pytest.raises(WrongState, match="is DONE and cannot become FAILED"):
        backend.ledger().finish(mine, "FAILED", record("found undone"))


def test_one_who_outlived_his_lease_keeps_out_who_looked_before_he_ended(backend: Backend) -> None:
    entry = crashed(backend)
    backend.clock.sleep(LEASE_S)
    seen = backend.clock.now()
    backend.clock.sleep(1)
    backend.ledger().finish(entry, "DONE", record())
    with pytest.raises(Busy, match=entry.id):
        backend.ledger().intend(intent(seen=seen))
