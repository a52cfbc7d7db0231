"""A record is found by its whole id and by a beginning that no other has. The contract of every ledger."""

from __future__ import annotations

import re

import pytest

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.record_ids import find
from ledgers.backends import Backend
from ledgers.values import GROUP, OTHER_GROUP, intent

HOUR_S = 3600


def two_hours(backend: Backend) -> tuple[LedgerRecord, LedgerRecord]:
    """Two records that are an hour apart, so that six characters tell them apart."""
    first = backend.ledger().intend(intent())
    backend.clock.sleep(HOUR_S)
    return first, backend.ledger().intend(intent(OTHER_GROUP))


@pytest.mark.parametrize("length", [6, 9, 10, 11, 25, 26])
def test_the_beginning_of_an_id_is_enough_where_no_other_has_it(backend: Backend, length: int) -> None:
    first, second = two_hours(backend)
    assert find(backend.ledger(), first.id[:length]) == first
    assert find(backend.ledger(), second.id[:length].lower()) == second


def test_a_beginning_that_several_have_lists_them_with_their_times_and_resources(backend: Backend) -> None:
    first, second = two_hours(backend)
    third = backend.ledger().intend(intent("sg-0aaaaaaaaaaaaaaaa"))  # in the millisecond of the second
    with pytest.raises(LedgerError) as refused:
        find(backend.ledger(), second.id[:10])
    told = str(refused.value)
    assert told.startswith(f"2 records have an id that begins with {second.id[:10]}: ")
    for each in (second, third):
        assert f"{each.id} (2026-11-24 08:00:00 UTC, {each.intent.resource.id})" in told
    assert first.id not in told
    assert told.endswith("Pass more characters of one.")


def test_a_long_list_of_candidates_is_cut(backend: Backend) -> None:
    entries = backend.ledger().intend_all([intent(f"sg-{number:017x}") for number in range(12)])
    with pytest.raises(LedgerError, match=r"12 records have an id .*; and 2 more\. Pass more"):
        find(backend.ledger(), entries[0].id[:10])


def test_fewer_than_six_characters_are_no_id(backend: Backend) -> None:
    first, _ = two_hours(backend)
    with pytest.raises(
        LedgerError, match=re.escape(f"'{first.id[:5]}' is too short for a record's id. Pass its first 6")
    ):
        find(backend.ledger(), first.id[:5])


@pytest.mark.parametrize(
    "text", ["01M866", "01M865NCC0BPFHRBKTPD08TVGN", "7ZZZZZ", "nonsense", "UUUUUU", f"{GROUP}/20261124T"]
)
def test_a_beginning_of_nothing_is_unknown(backend: Backend, text: str) -> None:
    backend.ledger().intend(intent())
    with pytest.raises(LedgerError, match=re.escape(f"There is no record {text}")):
        find(backend.ledger(), text)


def test_the_one_that_cannot_be_read_says_so(backend: Backend) -> None:
    first, _ = two_hours(backend)
    backend.spoil(first.id, b"{}")
    with pytest.raises(LedgerError, match=f"Record {first.id} cannot be read"):
        find(backend.ledger(), first.id[:6])
