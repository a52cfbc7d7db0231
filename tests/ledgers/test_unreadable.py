"""A record that cannot be read costs itself, and hides no other. The contract of every ledger."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec
import pytest

from cloudmend.core.errors import Busy, LedgerError
from cloudmend.core.ledger_records import LEASE, LedgerRecord, LedgerRecords, Unreadable
from cloudmend.core.stored import encode
from cloudmend.core.ulid import ulid
from ledgers.backends import Backend
from ledgers.values import GROUP, OTHER_GROUP, intent, record
from support import NOW

OTHER_ID = ulid(NOW, bytes(10))
SPOILED = {
    "a newer version": (b'{"version": 3, "id": "%s"}', r"%s was stored in version 3; this cloudmend reads up to 2\."),
    "no JSON": (b"\x00 %s", r"It is not what cloudmend stores \(.*\. Was it edited by hand\?"),
    "another shape": (b'{"version": 1, "id": "%s"}', "It is not what cloudmend stores"),
}


def spoiled(backend: Backend, kind: str) -> tuple[LedgerRecord, LedgerRecord]:
    """Two open intents, the first of which can no longer be read."""
    first, second = backend.ledger().intend(intent()), backend.ledger().intend(intent(OTHER_GROUP))
    backend.spoil(first.id, SPOILED[kind][0] % first.id.encode())
    return first, second


@pytest.mark.parametrize("kind", SPOILED)
def test_it_is_named_among_those_that_can(backend: Backend, kind: str) -> None:
    first, second = spoiled(backend, kind)
    for found in (backend.ledger().open_intents(), tuple(backend.ledger().entries())):
        assert second in found
        (broken,) = (each for each in found if isinstance(each, Unreadable))
        assert (broken.id, broken.resource_id) == (first.id, GROUP)
        told = SPOILED[kind][1].replace("%s", re.escape(first.id))
        assert re.match(rf"Record {re.escape(first.id)} cannot be read\. {told}", broken.problem)
    (recent,) = backend.ledger().recent(first.place, NOW)
    assert isinstance(recent, Unreadable)


def test_a_time_at_the_end_of_all_time_costs_its_own_record(backend: Backend) -> None:
    first, second = backend.ledger().intend(intent()), backend.ledger().intend(intent(OTHER_GROUP))
    opened = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    backend.spoil(first.id, encode(msgspec.structs.replace(first, opened=opened)))
    entries = LedgerRecords(backend.ledger().open_intents())
    assert [entry.id for entry in entries if not entry.is_orphaned(NOW)] == [second.id]
    assert [each.id for each in entries.unreadable] == [first.id]


@pytest.mark.parametrize("kind", SPOILED)
def test_it_cannot_be_got_or_ended_and_says_so_by_its_id(backend: Backend, kind: str) -> None:
    first, second = spoiled(backend, kind)
    with pytest.raises(LedgerError, match=f"Record {first.id} cannot be read"):
        backend.ledger().get(first.id)
    assert backend.ledger().finish(second, "DONE", record(group_id=OTHER_GROUP)).state == "DONE"


def test_one_under_the_id_of_another_is_not_taken_for_it(backend: Backend) -> None:
    first = backend.ledger().intend(intent())
    backend.spoil(first.id, encode(msgspec.structs.replace(first, id=OTHER_ID)))
    (found,) = backend.ledger().open_intents()
    assert isinstance(found, Unreadable)
    assert found.problem.startswith(f"Record {first.id} says that it is record {OTHER_ID}")


@pytest.mark.parametrize("kind", SPOILED)
def test_it_keeps_others_out_of_its_place_for_as_long_as_a_lease(backend: Backend, kind: str) -> None:
    spoiled(backend, kind)
    backend.clock.sleep(LEASE.total_seconds() - 1)
    with pytest.raises(Busy):
        backend.ledger().intend(intent())
    backend.clock.sleep(1)
    assert backend.ledger().intend(intent()).state == "INTENT"


def test_a_lease_that_no_clock_could_have_given_keeps_nobody_out(backend: Backend) -> None:
    backend.clock.sleep(24 * 3600)
    ahead = backend.ledger().intend(intent(seen=backend.clock.now()))
    backend.clock.sleep(-24 * 3600)
    mine = backend.ledger().intend(intent(seen=backend.clock.now()))
    assert backend.ledger().open_intents() == (mine, ahead)
