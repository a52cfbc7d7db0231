"""A report of a scan as a page: summary, pictures, findings, the plan, and the findings in the ledger."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from cloudmend.core.ledger import Entries, Entry, Found
from cloudmend.core.scan import Door, Report, doors_of
from cloudmend.core.version import CODE_VERSION
from cloudmend.entry.briefing import STACK_NAME
from cloudmend.entry.pages import render
from cloudmend.entry.pages.pictures import bars, timeline

_MOST_ENTRIES: Final = 500  # the newest of a ledger; a page of all would be too large to read


def scan_page(report: Report, found: Iterable[Found] | None, now: datetime, options: tuple[str, ...] = ()) -> str:
    """One self-contained HTML file. `found` is a ledger's, oldest first; None: no ledger is known.

    `options` are the scan's own, with which another command judges by the same.
    """
    entries = Entries(found or ())
    doors = None if found is None else _doors(entries, report)
    used = [row for row in report.rows if row.interfaces]
    return render(
        "scan.html",
        scripts=("sorting.js",),
        report=report,
        now=now,
        # `fix` takes no stack: by another mode and switch it would change what the stack leaves open.
        fix="" if STACK_NAME in options else shlex.join(["cloudmend", "fix", *options]),
        version=CODE_VERSION,
        accounts=sorted({row.account for row in report.rows}),
        in_use=len({(row.region, row.group) for row in used}),
        behind=len({address for row in used for address in row.attached_addresses}),
        by_port=bars(report, lambda row: row.ports),
        by_region=bars(report, lambda row: row.region),
        planned=[row for row in report.rows if row.action == "fix"],
        doors=doors,
        unreadable=entries.unreadable,
        lanes=timeline(doors or (), now),
    )


def _doors(entries: Iterable[Entry], report: Report) -> Sequence[Door]:
    """Of the Regions that were read."""
    of_these = (entry for entry in entries if entry.intent.region in report.regions)
    return doors_of(deque(of_these, _MOST_ENTRIES))
