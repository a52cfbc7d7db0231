"""A report of a scan as a page: summary, pictures, findings, the plan, and the findings in the ledger."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from cloudmend.cli.context import STACK_NAME
from cloudmend.cli.scan.report import Report, Row, by_control, numbers_of
from cloudmend.core.contract import Control
from cloudmend.core.ledger_records import Entries, Entry, Found
from cloudmend.core.version import CODE_VERSION
from cloudmend.web.pictures import OpenPeriod, bars, open_periods, timeline
from cloudmend.web.render import render

_MOST_ENTRIES: Final = 500  # the newest of a ledger; a page of all would be too large to read


def scan_page(
    report: Report,
    controls: Sequence[Control[Any]],
    found: Iterable[Found] | None,
    now: datetime,
    options: tuple[str, ...] = (),
) -> str:
    """Return a self-contained HTML file. `found` are the ledger's records, oldest first; None if no ledger is known.

    `options` are the options of the scan, with which another command judges in the same way.
    """
    entries = Entries(found or ())
    periods = None if found is None else _periods(entries, report)
    used = [row for row in report.rows if row.reach and row.reach.users]
    return render(
        "scan.html",
        scripts=("sorting.js",),
        report=report,
        now=now,
        # `fix` takes no stack: by another mode and switch it would change what the stack leaves open.
        fix="" if STACK_NAME in options else shlex.join(["cloudmend", "fix", *options]),
        version=CODE_VERSION,
        accounts=sorted({row.account for row in report.rows} - {""}),
        in_use=_known(len({(row.region, row.type, row.resource) for row in used}), report.rows),
        behind=_known(len({address for row in used if row.reach for address in row.reach.addresses}), report.rows),
        pictures=[
            ("by-control", "Findings by control", bars(report, lambda row: row.control)),
            ("by-region", "Findings by Region", bars(report, lambda row: row.region)),
            ("by-kind", "Findings by what is open", bars(report, lambda row: row.kind)),
        ],
        findings=_findings(report, controls),
        planned=[row for row in report.rows if row.action == "fix"],
        periods=periods,
        unreadable=entries.unreadable,
        lanes=timeline(periods or (), now),
    )


def _known(count: int, rows: Sequence[Row]) -> str:
    """Return a count of what is behind these rows. It may be too small if that is not known of each row."""
    if all(row.reach for row in rows):
        return f"{count:,}"
    return f"{count:,} known" if any(row.reach for row in rows) else "not known"


def _findings(
    report: Report, controls: Sequence[Control[Any]]
) -> Iterator[tuple[Control[Any], list[str], Sequence[Row]]]:
    """Yield each control that found something, the details that are numbers, and the rows."""
    rows = by_control(report.rows)
    for control in controls:
        if found := rows.get(control.id):
            yield control, numbers_of(found), found


def _periods(entries: Iterable[Entry], report: Report) -> Sequence[OpenPeriod]:
    """Return the open findings of the controls and Regions that the report covers."""
    of_these = (
        entry for entry in entries if entry.intent.region in report.regions and entry.intent.control in report.controls
    )
    return open_periods(deque(of_these, _MOST_ENTRIES))
