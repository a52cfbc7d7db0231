"""`cloudmend undo`: a mend taken back with the user's own credentials, told to a person."""

from __future__ import annotations

import sys

from cloudmend.aws.world import connection, world
from cloudmend.controls import CONTROLS
from cloudmend.core.escaping import command, terminal
from cloudmend.core.exempting import Grounds, parse_duration
from cloudmend.core.model import Record
from cloudmend.core.undo import Undone
from cloudmend.engine.undo import undo as take_back
from cloudmend.entry.ledgers import open_ledger
from cloudmend.entry.wording import exempted


def undo(
    entry_id: str, *, duration: str, reason: str, owner: str, ledger: str, region: str | None, dry_run: bool
) -> None:
    """Raises CloudmendError: nothing was changed, or the sentence says what was."""
    lasting = parse_duration(duration)
    caller = connection(region).caller()
    grounds = Grounds(owner=owner or caller, reason=reason, duration=lasting, caller=caller)
    book = open_ledger(ledger, region)
    # A sweep of all Regions keeps one ledger, where the stack is; the group may be elsewhere.
    here = world(ledger=book, notifier=_Voice(), region=book.get(entry_id).intent.region)
    undone = take_back(entry_id, grounds, controls=CONTROLS, world=here, dry_run=dry_run)
    if undone.record is None:
        _tell_plan(undone, here.region)


class _Voice:
    """A notifier that tells the person at the terminal."""

    def publish(self, record: Record) -> None:
        sys.stdout.write(f"undone {terminal(record.summary)}\n")


def _tell_plan(undone: Undone, region: str) -> None:
    commands = [f"would run: {command(request.command(region))}\n" for request in undone.requests]
    sys.stdout.writelines([f"would exempt {exempted(undone.exemption)}\n", *commands, "Nothing was changed.\n"])
