"""Which ledger the command line uses: a stack's table, or a file of the user's own."""

from __future__ import annotations

import os
from pathlib import Path

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import connection
from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import Ledger, Terms
from cloudmend.disk.ledger import SqliteLedger


def open_ledger(table: str, region: str | None) -> Ledger:
    """The DynamoDB table of that name; without one, the file in the user's state directory. Raises CloudmendError."""
    if table:
        here = connection(region)
        return DynamoDbLedger(here.connect, table, here.clock, Terms())
    return SqliteLedger(_state_folder() / "cloudmend", SystemClock(), Terms())


def _state_folder() -> Path:
    """Where the XDG base directory specification puts what must outlive a restart; it ignores a relative path."""
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return chosen if chosen.is_absolute() else Path.home() / ".local/state"
    except RuntimeError:
        raise LedgerError("There is no home folder to keep the ledger in. Set XDG_STATE_HOME to a folder.") from None
