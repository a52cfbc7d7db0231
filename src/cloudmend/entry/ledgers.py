"""Which ledger the command line uses: a stack's table, or a file of the user's own."""

from __future__ import annotations

import os
from pathlib import Path

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import connection
from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import Ledger, Terms
from cloudmend.disk.database import FILE
from cloudmend.disk.ledger import SqliteLedger


def open_ledger(table: str, region: str | None) -> Ledger:
    """The DynamoDB table of that name; without one, the file in the user's state directory. Raises CloudmendError."""
    if table:
        here = connection(region)
        return DynamoDbLedger(here.connect, table, here.clock, Terms())
    return SqliteLedger(_folder(), SystemClock(), Terms())


def known_ledger(table: str, region: str | None) -> Ledger | None:
    """The same for a command that only looks: where the user has no file yet there is none, and none is made."""
    return open_ledger(table, region) if table or _has_file() else None


def _has_file() -> bool:
    try:
        return (_folder() / FILE).exists()
    except (LedgerError, OSError):  # what cannot be looked into is no ledger of this user's
        return False


def _folder() -> Path:
    return _state_folder() / "cloudmend"


def _state_folder() -> Path:
    """Where the XDG base directory specification puts what must outlive a restart; it ignores a relative path."""
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return chosen if chosen.is_absolute() else Path.home() / ".local/state"
    except RuntimeError:
        raise LedgerError("There is no home folder to keep the ledger in. Set XDG_STATE_HOME to a folder.") from None
