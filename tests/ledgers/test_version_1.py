"""What version 1 stored under a resource's id is found, completed and undone as long as it is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloudmend.aws.ledger_items import key, put_entry
from cloudmend.core.errors import Busy
from cloudmend.core.ledger_records import LedgerRecord, iso_time
from cloudmend.core.record_ids import find
from cloudmend.core.stored import encode
from ledgers.backends import Backend
from ledgers.values import CONTROL, GROUP, intent, record
from support import ACCOUNT, NOW, REGION

PLACE = f"{ACCOUNT}/{REGION}/{CONTROL}/{GROUP}"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
SCHEMA_1 = """
CREATE TABLE entries (
    id TEXT PRIMARY KEY, place TEXT NOT NULL, account TEXT NOT NULL, resource TEXT NOT NULL,
    opened TEXT NOT NULL, state TEXT NOT NULL, expires TEXT, entry TEXT NOT NULL);
CREATE INDEX entries_of_resource ON entries (resource, opened);
CREATE INDEX entries_by_time ON entries (opened);
CREATE INDEX open_entries ON entries (place, opened) WHERE state = 'INTENT';
CREATE TABLE exemptions (id TEXT PRIMARY KEY, expires TEXT NOT NULL, exemption TEXT NOT NULL);
PRAGMA user_version = 1;
"""

Store = Callable[[LedgerRecord], None]


def of_version_1(control: str = CONTROL) -> LedgerRecord:
    """As version 1 kept it: an intent whose process died a minute ago."""
    record_id = f"{GROUP}/20261124T065900.000001Z-1a2b3c4d"
    opened = NOW - timedelta(seconds=59, microseconds=999_999)
    return LedgerRecord(version=1, id=record_id, state="INTENT", opened=opened, intent=intent(control=control))


@pytest.fixture
def stored_in_dynamodb(dynamodb: Any, table: str, in_dynamodb: Backend) -> tuple[Backend, Store]:
    def store(entry: LedgerRecord) -> None:
        item = put_entry(entry)["Put"]["Item"]
        assert item["pk"] == {"S": f"resource/{GROUP}"}
        dynamodb.put_item(TableName=table, Item=item)
        dynamodb.put_item(TableName=table, Item=key("open", entry.id))

    return in_dynamodb, store


@pytest.fixture
def stored_on_disk(tmp_path: Path, on_disk: Backend) -> tuple[Backend, Store]:
    def store(entry: LedgerRecord) -> None:
        (tmp_path / "state").mkdir()
        where = (entry.place, ACCOUNT, GROUP, iso_time(entry.opened), entry.state)
        with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite3")) as connection, connection:
            connection.executescript(SCHEMA_1)
            row = (entry.id, *where, encode(entry).decode())
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", row)

    return on_disk, store


@pytest.fixture(params=["stored_in_dynamodb", "stored_on_disk"])
def old(request: pytest.FixtureRequest) -> tuple[Backend, LedgerRecord]:
    """A store that holds one record, of version 1."""
    backend, store = request.getfixturevalue(request.param)
    entry = of_version_1()
    store(entry)
    return backend, entry


def test_it_is_got_by_its_whole_id_and_is_among_all_and_the_open_ones(old: tuple[Backend, LedgerRecord]) -> None:
    backend, entry = old
    assert backend.ledger().get(entry.id) == entry
    assert find(backend.ledger(), entry.id) == entry
    assert backend.ledger().open_intents() == (entry,)
    assert list(backend.ledger().entries(NOW - timedelta(hours=1))) == [entry]


def test_it_is_in_order_with_those_of_version_2(old: tuple[Backend, LedgerRecord]) -> None:
    backend, entry = old
    backend.clock.sleep(1)
    new = backend.ledger().intend(intent())
    assert list(backend.ledger().entries()) == [entry, new]
    assert list(backend.ledger().entries(newest_first=True)) == [new, entry]
    assert list(backend.ledger().entries(NOW)) == [new]
    assert backend.ledger().open_intents() == (entry, new)
    assert backend.ledger().recent(PLACE, EVER) == (entry, new)


def test_it_is_of_its_own_place_alone(old: tuple[Backend, LedgerRecord]) -> None:
    backend, entry = old
    assert backend.ledger().recent(PLACE, EVER) == (entry,)
    assert backend.ledger().recent(PLACE.replace(CONTROL, "another"), EVER) == ()


def test_it_is_completed_and_undone_under_its_own_id(old: tuple[Backend, LedgerRecord]) -> None:
    backend, entry = old
    mine = backend.ledger().resume(entry, NOW + timedelta(seconds=1))
    done = backend.ledger().finish(mine, "DONE", record())
    backend.ledger().undone(done, record("given back"))
    kept = backend.ledger().get(entry.id)
    assert (kept.version, kept.id, kept.state, kept.has_own_id) == (1, entry.id, "UNDONE", True)
    assert backend.ledger().open_intents() == ()


def test_whoever_resumes_it_keeps_a_mend_of_version_2_out(old: tuple[Backend, LedgerRecord]) -> None:
    backend, entry = old
    backend.ledger().resume(entry, NOW + timedelta(seconds=1))
    with pytest.raises(Busy, match=f"Another mend of {GROUP} was in progress when it was read \\(record {entry.id}\\)"):
        backend.ledger().intend(msgspec.structs.replace(intent(), seen=NOW))


def test_a_mend_pays_one_query_for_the_last_hour_and_sees_what_version_2_stored(
    dynamodb: Any, stored_in_dynamodb: tuple[Backend, Store]
) -> None:
    backend, store = stored_in_dynamodb
    store(of_version_1())
    new = backend.ledger().intend(intent(seen=NOW))
    queries: list[str] = []
    dynamodb.meta.events.register("provide-client-params.dynamodb.Query", lambda **_: queries.append("Query"))
    assert backend.ledger().recent(PLACE, NOW - timedelta(hours=1)) == (new,)
    assert queries == ["Query"]
