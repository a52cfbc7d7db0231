"""The ledger of a command: a stack's table, or a file of the user's own; and the request to the stack to notify people.

A file is of one account of one AWS: AWS itself, a server that an endpoint names, or one start of the embedded AWS.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from threading import Lock
from typing import Any, Final, cast

from msgspec import Struct

from cloudmend.aws.gateway import SystemClock
from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.stack import ask_stack
from cloudmend.aws.world import Identity, anywhere, connection, other_endpoint
from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.escaping import terminal
from cloudmend.core.ledger import Ledger, Terms
from cloudmend.core.notice.event import NoticeRequest
from cloudmend.disk.database import FILE
from cloudmend.disk.ledger import SqliteLedger

_EMBEDDED: Final = "embedded"  # the folder of what is kept of the embedded AWS
_ACCOUNTS: Final = "[0-9]" * 12


class SearchedLedger(Struct, frozen=True):
    """The ledger that a command reads; `name` is what was searched, in words for a sentence."""

    ledger: Ledger | None
    name: str
    hint: str = "A stack has a table of its own: pass its name as --ledger (its output LedgerTableName)."

    def nothing(self, what: str, *advice: str) -> str:
        """Return the sentence that nothing was found there, and what to do."""
        return " ".join(filter(None, (f"{what} in {self.name}.", *advice, self.hint)))


def open_ledger(table: str, region: str | None) -> Ledger:
    """The DynamoDB table of that name; without one, the user's own file for the account, made at its first use.

    Raises CloudmendError, here or at the first use: the account is asked for then.
    """
    if table:
        here = connection(region)
        return DynamoDbLedger(here.connect, table, here.clock, Terms())
    return cast("Ledger", _OwnFile(region))


def find_ledger(table: str, region: str | None) -> SearchedLedger:
    """Find the ledger for a command that only looks: no file is made. Raises CloudmendError.

    If AWS does not name the account of the credentials, the only existing file counts. A line on stderr says so.
    """
    if table:
        named = open_ledger(table, region)
        return SearchedLedger(named, named.name, hint="")
    if not _some_file():
        return SearchedLedger(None, f"{_folder()}, which holds no ledger yet")
    try:
        identity = anywhere(region).brief_identity()
    except CloudmendError as error:
        return _without_identity(error, region)
    file = _folder() / _place(identity) / FILE
    return _opened(file) if file.exists() else SearchedLedger(None, f"the file {file}, which is not there yet")


def known_ledger(table: str, region: str | None) -> Ledger | None:
    """Return the ledger of `find_ledger`; None if there is none. Raises CloudmendError for a named table."""
    try:
        return find_ledger(table, region).ledger
    except LedgerError:  # what cannot be looked into is no ledger of this user's
        if table:
            raise
        return None


def forget_embedded(start: str) -> None:
    """Delete the ledgers of a start of the embedded AWS, which forgot what they tell of."""
    shutil.rmtree(_folder() / _EMBEDDED / start, ignore_errors=True)


class StackNotifier:
    """The stack that a ledger's table belongs to. A user's own file belongs to none, and then nobody gets a notice."""

    def __init__(self, table: str, region: str | None) -> None:
        self.table = table
        self._region = region

    def tell(self, request: NoticeRequest) -> None:
        """Ask it to notify people; say so on stderr if it could not be asked."""
        problem = ask_stack(connection(self._region).brief_gateway, request) if self.table else ""
        if problem:
            sys.stderr.write(f"cloudmend: What was done stands, but nobody was notified of it: {terminal(problem)}\n")


class _OwnFile:
    """The user's own file for the account, opened when something of it is first asked for."""

    def __init__(self, region: str | None) -> None:
        self._region = region
        self._lock = Lock()
        self._opened: Ledger | None = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._opened is None:
                place = _place(anywhere(self._region).identity())
                self._opened = SqliteLedger(_folder() / place, SystemClock(), Terms())
        return getattr(self._opened, name)


def _without_identity(error: CloudmendError, region: str | None) -> SearchedLedger:
    endpoint = other_endpoint(anywhere(region).connect("sts").meta.endpoint_url)
    folder = _folder() / _slug(endpoint)
    files = sorted(folder.glob(f"{_ACCOUNTS}/{FILE}"))
    if len(files) != 1:
        several = f"there are several: {', '.join(map(str, files))}" if files else f"{folder} holds none"
        raise LedgerError(f"{error} Without that, nobody knows whose ledger to search, and {several}.")
    found = _opened(files[0])
    sys.stderr.write(f"cloudmend: {terminal(str(error))} The only ledger that there is was searched: {found.name}.\n")
    return found


def _opened(file: Path) -> SearchedLedger:
    ledger = SqliteLedger(file.parent, SystemClock(), Terms())
    return SearchedLedger(ledger, ledger.name)


def _place(identity: Identity) -> Path:
    """Relative to the folder of all ledgers."""
    if identity.start:
        return Path(_EMBEDDED, _slug(identity.start), _slug(identity.account))
    return Path(_slug(identity.endpoint), _slug(identity.account))


def _slug(text: str) -> str:
    """Return the text as a safe folder name: a server's name for itself never leads out of the folder."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text)


def _some_file() -> bool:
    """Return whether there is any ledger. Raises LedgerError if nobody can look."""
    folder = _folder()
    try:
        next(folder.iterdir(), None)  # glob would be silent about a folder that is not to be read
        return any(folder.glob(f"**/{FILE}"))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerError(f"The ledgers in {folder} cannot be read: {error}. Check that the folder is yours.") from None


def _folder() -> Path:
    return _state_folder() / "cloudmend"


def _state_folder() -> Path:
    """Return the folder of the XDG base directory specification for lasting state; a relative path is ignored."""
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return chosen if chosen.is_absolute() else Path.home() / ".local/state"
    except RuntimeError:
        raise LedgerError("There is no home folder to keep the ledger in. Set XDG_STATE_HOME to a folder.") from None
