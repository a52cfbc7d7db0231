"""What only the ledger on disk has: its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import Terms
from cloudmend.disk.ledger import SqliteLedger
from ledgers.backends import Backend
from ledgers.values import OTHER_GROUP, exemption, intent, record
from support import NOW, StandingClock


def test_the_folder_is_made_for_this_user_alone_and_the_file_keeps_a_write_ahead_log(
    on_disk: Backend, tmp_path: Path
) -> None:
    on_disk.ledger()
    folder = tmp_path / "state"
    assert folder.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(folder / "ledger.sqlite3")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_file_of_a_newer_version_is_refused(on_disk: Backend, tmp_path: Path) -> None:
    on_disk.ledger()
    with closing(sqlite3.connect(tmp_path / "state" / "ledger.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 4")
    with pytest.raises(LedgerError, match=r"ledger\.sqlite3 has version 4; this cloudmend reads up to 3\. Update it"):
        on_disk.ledger()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=r"cannot be used: .*Check that its folder is on a local disk"):
        SqliteLedger(tmp_path / "file" / "state", StandingClock(), Terms())


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_text("Dear diary, " * 1000)
    with pytest.raises(LedgerError, match="file is not a database"):
        SqliteLedger(tmp_path, StandingClock(), Terms())


def test_what_has_ended_is_deleted_after_the_retention_and_an_open_intent_never(on_disk: Backend) -> None:
    ledger = on_disk.ledger(retention=timedelta(days=30))
    crashed = ledger.intend(intent(OTHER_GROUP))
    ledger.finish(ledger.intend(intent()), "DONE", record())
    ledger.exempt(exemption())
    on_disk.clock.sleep(31 * 24 * 3600)
    assert len(list(ledger.entries())) == 2
    late = ledger.intend(intent())
    assert list(ledger.entries()) == [crashed, late]
    assert ledger.exemptions(NOW).held == ()
