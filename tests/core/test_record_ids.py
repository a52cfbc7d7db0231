"""Ids of records as people type them: which entry is meant, or the sentence that says why none is."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import OTHER_LEDGER
from cloudmend.core.ledger_records import LedgerRecord, Unreadable
from cloudmend.core.model import Resource
from cloudmend.core.record_ids import find
from ledgers.values import GROUP, intent
from support import NOW

ENTRY = LedgerRecord.of(intent(), NOW.astimezone(timezone(timedelta(hours=9))), bytes(5))
SPOILED = Unreadable("01M865NCC0SPOILED000000000", "It is spoiled.")


class Ledger:
    """A ledger whose ids begin as these do, and which notes what it is asked."""

    name = "a table"

    def __init__(self, *found: Any) -> None:
        self._found = found
        self.asked: list[tuple[str, ...]] = []

    def get(self, *asked: str) -> LedgerRecord:
        self.asked.append(asked)
        return ENTRY

    def beginning(self, prefix: str) -> Any:
        self.asked.append(("beginning", prefix))
        return self._found


def found(text: str, *entries: Any) -> list[tuple[str, ...]]:
    """What the ledger is asked for."""
    ledger: Any = Ledger(*entries)
    assert find(ledger, text) == ENTRY
    return ledger.asked  # type: ignore[no-any-return]


def test_a_whole_id_is_asked_for_as_it_is_spelled() -> None:
    assert found(f"{GROUP}/20261124T") == [(f"{GROUP}/20261124T",)]
    assert found(f" {ENTRY.id.lower()} ") == [(ENTRY.id,)]


def test_a_beginning_is_looked_up_and_its_entry_read_where_it_is_kept() -> None:
    assert found(ENTRY.id[:6].lower(), ENTRY) == [("beginning", ENTRY.id[:6]), (ENTRY.id, ENTRY.place)]


NAMED = replace(ENTRY, intent=intent(resource=Resource(type="", id=GROUP, name="web")))
TWO = f"{ENTRY.id} (2026-11-24 07:00:00 UTC, {GROUP} (web)); {SPOILED.id} (cannot be read)"
MANY = "; ".join([f"{SPOILED.id} (cannot be read)"] * 10)


@pytest.mark.parametrize(
    ("text", "entries", "told"),
    [
        ("01m86", [], "'01m86' is too short for a record's id. Pass its first 6 characters, or more."),
        ("01m865", [], f"There is no record 01m865 in a table. {OTHER_LEDGER}"),
        ("01m865", [SPOILED], "It is spoiled."),
        (
            "01m865",
            [NAMED, SPOILED],
            f"2 records have an id that begins with 01m865: {TWO}. Pass more characters of one.",
        ),
        (
            "01m865",
            [SPOILED] * 10,
            f"10 records have an id that begins with 01m865: {MANY}. Pass more characters of one.",
        ),
        (
            "01m865",
            [SPOILED] * 1011,
            f"1,011 records have an id that begins with 01m865: {MANY}; and 1,001 more. Pass more characters of one.",
        ),
    ],
)
@pytest.mark.usefixtures("machine_in_tokyo")
def test_what_is_no_record_or_more_than_one_is_told(text: str, entries: list[Any], told: str) -> None:
    ledger: Any = Ledger(*entries)
    with pytest.raises(LedgerError) as refused:
        find(ledger, text)
    assert str(refused.value) == told
