"""The SQLite file: its tables, connections that may be shared with other processes, and errors in a sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from cloudmend.core.errors import LedgerError

FILE: Final = "ledger.sqlite3"

_SCHEMA_VERSION: Final = 3
# The columns beside `entry` and `exemption` repeat what is in the JSON, to be searched by. `expires` is when a
# row may be deleted: an open intent has none.
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY, place TEXT NOT NULL, account TEXT NOT NULL, resource TEXT NOT NULL,
    opened TEXT NOT NULL, state TEXT NOT NULL, expires TEXT, entry TEXT NOT NULL);
DROP INDEX IF EXISTS entries_of_resource;
CREATE INDEX IF NOT EXISTS entries_of_place ON entries (place, opened);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (opened);
CREATE INDEX IF NOT EXISTS open_entries ON entries (place, opened) WHERE state = 'INTENT';
CREATE TABLE IF NOT EXISTS exemptions (
    id TEXT PRIMARY KEY, expires TEXT NOT NULL, exemption TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS standing (
    place TEXT PRIMARY KEY, unit TEXT NOT NULL, resource TEXT NOT NULL, standing TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS standing_of_unit ON standing (unit, resource);
CREATE TABLE IF NOT EXISTS units (id TEXT PRIMARY KEY, unit TEXT NOT NULL);
PRAGMA user_version = {_SCHEMA_VERSION};
COMMIT;
"""
_PATIENCE_S: Final = 10  # for another process's write


class Database:
    """A connection for each use, so threads and processes may share the file. Every method raises LedgerError."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, for this user only, and the file, if they are not there."""
        self.path = folder / FILE
        with self._translated():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading. A query sees one state of the file until its last row."""
        with self._translated(), closing(self._connection()) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that no other write can interrupt. An error rolls it back."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # closing without it rolls back

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            # Each commit reaches the disk: a before-image must outlive a power cut.
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:  # the file is no database
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        with closing(self._connection()) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > _SCHEMA_VERSION:
                raise LedgerError(
                    f"{self.path} has version {version}; this cloudmend reads up to {_SCHEMA_VERSION}. Update it."
                )
            if version < _SCHEMA_VERSION:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            advice = "Check that its folder is on a local disk with room, and yours to write to"
            raise LedgerError(f"The ledger {self.path} cannot be used: {error}. {advice}.") from error
