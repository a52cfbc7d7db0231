"""Encode and decode entries and exemptions: one JSON object each, with its version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger_records import (
    EXEMPTION_VERSION,
    VERSION,
    Exemptions,
    LedgerRecord,
    StoredRecord,
    TimedExemption,
    Unreadable,
)

# A time further off was not written by cloudmend.
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC)
_NEWEST: Final = {LedgerRecord: VERSION, TimedExemption: EXEMPTION_VERSION}

_Stored = TypeVar("_Stored", LedgerRecord, TimedExemption)


def json_lines(entries: Iterable[LedgerRecord]) -> Iterator[str]:
    """Yield each entry as one line of JSON, without the line's end: the export."""
    return (encode(entry).decode() for entry in entries)


def encode(stored: LedgerRecord | TimedExemption) -> bytes:
    """Return the stored form: one JSON object."""
    return msgspec.json.encode(stored)


def decode_entry(data: bytes) -> LedgerRecord:
    """Return what was stored by this version or an older one. Raises LedgerError."""
    return _decoded(data, LedgerRecord)


def read_entry(record_id: str, read: Callable[[], LedgerRecord], place: str = "") -> StoredRecord:
    """Return the entry that is stored under an id and, if the ledger tells it, a place; or why it cannot be read."""
    try:
        entry = read()
    except LedgerError as error:
        return Unreadable(record_id, f"Record {record_id} cannot be read. {error}", place)
    own = (record_id, place or entry.place)
    if (entry.id, entry.place) != own:
        named = f"{entry.id} of {entry.place}" if entry.id == record_id else entry.id
        told = f"Record {record_id} says that it is record {named}. Was it edited by hand?"
        return Unreadable(record_id, told, place)
    return entry


def read_exemptions(stored: Iterable[tuple[str, bytes]], now: datetime) -> Exemptions:
    """Return the active exemptions, of texts by id. One that cannot be read does not hide the others."""
    read, unreadable = [], []
    for exemption_id, data in stored:
        try:
            exemption = _decoded(data, TimedExemption)
        except LedgerError as error:
            unreadable.append(Unreadable(exemption_id, f"Exemption {exemption_id} cannot be read. {error}"))
        else:
            read.append(exemption)
    held = tuple(exemption for exemption in read if exemption.holds(now))
    over = tuple(exemption for exemption in read if not exemption.holds(now))
    return Exemptions(held, tuple(unreadable), over)


class _Header(Struct):
    """The fields that every version has."""

    version: int
    id: str


def _dated(stored: _Stored) -> _Stored:
    """Return the same. Raises OverflowError for a time so far off that its lease would end past all time."""
    for moment in _times(stored):
        if moment.tzinfo is None or not _EARLIEST <= moment <= _LATEST:
            raise OverflowError(f"{moment} is not from {_EARLIEST:%Y} to {_LATEST:%Y}, with a zone")
    return stored


def _times(stored: LedgerRecord | TimedExemption) -> Iterator[datetime]:
    """Return the times that decide something."""
    found: tuple[datetime | None, ...]
    if isinstance(stored, TimedExemption):
        found = (stored.expires, stored.created, stored.ended)
    else:
        ends = (end.at for end in (stored.ended, stored.undone) if end)
        found = (stored.opened, stored.resumed, stored.intent.seen, *ends)
    return (moment for moment in found if moment)


def _decoded(data: bytes, kind: type[_Stored]) -> _Stored:
    try:
        header = msgspec.json.decode(data, type=_Header)
        if header.version <= _NEWEST[kind]:
            return _dated(msgspec.json.decode(data, type=kind))
    except msgspec.MsgspecError as error:
        raise LedgerError(
            f"It is not what cloudmend stores ({error}): {data[:200]!r}. Was it edited by hand?"
        ) from error
    except OverflowError as error:
        raise LedgerError(f"It tells a time that none of cloudmend's is ({error}). Was it edited by hand?") from error
    raise LedgerError(
        f"{header.id} was stored in version {header.version}; this cloudmend reads up to {_NEWEST[kind]}. "
        "Update cloudmend."
    )
