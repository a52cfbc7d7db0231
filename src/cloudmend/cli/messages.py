"""The wording that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from cloudmend.controls import by_id, is_known
from cloudmend.controls.catalog import CATALOG
from cloudmend.core import exempting
from cloudmend.core.attribution import attribute
from cloudmend.core.escaping import plural, terminal
from cloudmend.core.ledger_records import LedgerRecord, TimedExemption
from cloudmend.core.model import Status

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
STATUS_STYLE: Final[dict[Status, str]] = {
    "mended": "green",
    "clean": "green",
    "observed": "yellow",
    "exempt": "yellow",
    "gone": "red",
    "open": "bold red",
    "failed": "bold red",
    "pending": "yellow",
    "deferred": "yellow",
}


def again(*words: str, ledger: str, region: str | None) -> str:
    """Return another cloudmend command, for a POSIX shell, that is about the same ledger."""
    where = [("--ledger", ledger), ("--region", region)]
    named = [word for option, value in where if value for word in (option, value)]
    return shlex.join(["cloudmend", *words, *named])


def exempted(exemption: TimedExemption) -> str:
    """Return what is left open, until when, why, and on whose word; for a terminal."""
    what = f"{left_open(exemption)} of {exemption.label}"
    until = f"{exemption.expires:%Y-%m-%d %H:%M} UTC"
    return terminal(f"{what} until {until}: {exemption.reason} ({exemption.owner})")


def left_open(exemption: TimedExemption) -> str:
    """Return what an exemption leaves open, in the words of its control; version 1 knew one control only."""
    control_id = exemption.control or CATALOG.first
    return exempting.left_open(exemption, by_id(control_id) if is_known(control_id) else None)


def who_of(entry: LedgerRecord) -> str:
    """Return who opened the finding, who ran cloudmend by hand, and who undid the mend."""
    people = [f"opened by {attribute(entry.intent.actor).who}"]
    if entry.intent.run_by:
        people.append(f"mended by {entry.intent.run_by}")
    if entry.undone:
        people.append(f"undone by {entry.undone.record.attribution.who}")
    return ", ".join(people)


def not_kept(keys: Sequence[str], problem: str) -> str:
    """Return the line for stderr that says what the ledger does not hold after a mend or a look."""
    told = f"What stands at {', '.join(keys)} is not in the ledger as it is: {problem} The next look finds it again."
    return f"cloudmend: {terminal(told)}\n"


def came_to(entry: LedgerRecord) -> tuple[str, str]:
    """Return the status of a mend (undone if it was undone), and a sentence that says what was done."""
    if entry.ended is None:
        return "in progress", "if a crash cut it off, the next try or sweep completes it"
    if entry.undone:
        return "undone", entry.undone.record.summary
    return entry.ended.record.status, entry.ended.record.summary


def duration(seconds: int) -> str:
    """Return a duration in its two largest units, as in `3 days 4 hours`."""
    parts: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(plural(count, unit) for count, unit in parts[:2] if count) or "0 seconds"
