"""`cloudmend invoke`: the engine over the user's own AWS, told to a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from rich.text import Text

from cloudmend import controls, engine
from cloudmend.aws.world import world
from cloudmend.cli.ledgers import open_ledger
from cloudmend.cli.messages import STATUS_STYLE
from cloudmend.cli.screen import Screen
from cloudmend.core.escaping import terminal
from cloudmend.core.model import Ignored, Record
from cloudmend.core.undo import undo_command
from cloudmend.disk.policy_file import read_policy

GOOD: Final = ("mended", "clean", "observed", "exempt")


def invoke(
    event: object, settings: Mapping[str, str], policy_file: Path, region: str | None, *, ledger: str, as_json: bool
) -> int:
    """Handle one event; the exit code: 0 where every record is a good end, else 1. Raises CloudmendError."""
    policy = read_policy(settings, policy_file)
    notifier = _TerminalNotifier(ledger, as_json=as_json)
    here = world(ledger=open_ledger(ledger, region), notifier=notifier, region=region)
    here = msgspec.structs.replace(here, keeps_baseline=bool(ledger))  # as the stack of that table would handle it
    answer = engine.handle(event, woken_by=controls.woken_by, policy=policy, world=here)
    for ignored in (each for each in answer if isinstance(each, Ignored)):
        sys.stderr.write(f"cloudmend: ignored, {terminal(ignored.reason)}.\n")
    return 0 if all(isinstance(each, Ignored) or (each.status in GOOD and not each.waits) for each in answer) else 1


class _TerminalNotifier:
    """A notifier that tells the person at the terminal, or a program."""

    def __init__(self, table: str, *, as_json: bool) -> None:
        self._screen = Screen()
        self._table = table
        self._as_json = as_json

    def publish(self, record: Record) -> None:
        if self._as_json:
            sys.stdout.write(f"{msgspec.json.encode(record).decode()}\n")
            return
        self._screen.say(Text(record.status, STATUS_STYLE[record.status]), terminal(record.summary), hang=4)
        for line in (*(edit.why for edit in record.edits), *record.errors):
            if line not in record.summary:
                self._screen.say(Text(f"  {terminal(line)}", "dim"))
        if record.status == "gone":
            self._screen.say("  To try it on a group of yours, pass --group GROUP_ID.")
        if record.entry_id:
            self._screen.say("  record:", record.entry_id)
            undo = undo_command(record.entry_id, region=record.region, ledger=self._table)
            self._screen.command("  undo: ", undo)
