"""A report as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cloudmend.core.escaping import cell
from cloudmend.core.scan.report import Report, Row

_CELL: Final = 2000  # characters; a spreadsheet takes some 32,000


def as_json(report: Report) -> str:
    """Return one document, in ASCII: whatever a name holds, a terminal that shows it is not told to do anything."""
    document = msgspec.to_builtins(report)
    for row, written in zip(report.rows, document["rows"], strict=True):
        if row.reach:
            written["reach"] = {"status": row.reach.status, **written["reach"]}
    return json.dumps({**document, "summary": report.summary}, indent=2) + "\n"


def as_csv(report: Report) -> str:
    """A line of names, then a line for each row. The details are JSON; several addresses are parted by a space."""
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(COLUMNS)
    written.writerows(map(list, map(_cells, report.rows)))
    return text.getvalue()


_TABLES: Final = ("details", "reach")
_REACH: Final = ("reach", "users", "addresses")
COLUMNS: Final = (*(name for name in Row.__struct_fields__ if name not in _TABLES), "details", *_REACH)


def _cells(row: Row) -> Iterator[str]:
    """Yield the cells of a row; empty if the value is not known."""
    plain = [getattr(row, name) for name in Row.__struct_fields__ if name not in _TABLES]
    details = json.dumps(row.details) if row.details else ""
    reach = (row.reach.status, row.reach.users, row.reach.addresses) if row.reach else (None, None, None)
    return map(_cell, (*plain, details, *reach))


def _cell(value: Any) -> str:
    told = " ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return cell(told, _CELL)
