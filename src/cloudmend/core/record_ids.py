"""Ids of records as people type them: whole, or their unique beginning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Final

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import Ledger, unknown
from cloudmend.core.ledger_records import LedgerRecord, StoredRecord, Unreadable
from cloudmend.core.ulid import LENGTH, SHORTEST, typed

_NAMED: Final = 10  # records that a sentence names


def find(ledger: Ledger, text: str) -> LedgerRecord:
    """Return the entry of an id that a person typed: whole, or its unique beginning. Raises LedgerError.

    An id of version 1 has a "/", and must be whole.
    """
    if "/" in text:
        return ledger.get(text)
    wanted = typed(text)
    if len(wanted) == LENGTH:
        return ledger.get(wanted)
    if len(wanted) < SHORTEST:
        raise LedgerError(f"{text!r} is too short for a record's id. Pass its first {SHORTEST} characters, or more.")
    found = ledger.beginning(wanted)
    if not found:
        raise unknown(text, ledger.name)
    if len(found) > 1:
        raise LedgerError(_several(text, found))
    (one,) = found
    if isinstance(one, Unreadable):
        raise LedgerError(one.problem)
    return ledger.get(one.id, one.place)


def _several(text: str, found: Sequence[StoredRecord]) -> str:
    """Return which records an ambiguous beginning may mean."""
    named = "; ".join(f"{each.id} ({_told(each)})" for each in found[:_NAMED])
    more = f"; and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return f"{len(found):,} records have an id that begins with {text}: {named}{more}. Pass more characters of one."


def _told(found: StoredRecord) -> str:
    if isinstance(found, Unreadable):
        return "cannot be read"
    return f"{found.opened.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {found.intent.resource.label}"
