"""A report as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

import msgspec

from cloudmend.core.escaping import cell
from cloudmend.core.scan.report import Report, Row

_CELL: Final = 2000  # characters; a spreadsheet takes some 32,000


def as_json(report: Report) -> str:
    """One document, in ASCII: whatever a name holds, a terminal that shows it is not told to do anything."""
    told = {name: value for name, value in msgspec.to_builtins(report).items() if name != "all_clear"}
    return json.dumps({**told, "summary": report.summary}, indent=2) + "\n"


def as_csv(report: Report) -> str:
    """A line of names, then a line for each row; several addresses are parted by a space."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(Row.__struct_fields__)
    lines.writerows([_cell(value) for value in msgspec.structs.astuple(row)] for row in report.rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Return a cell; empty if the value is not known."""
    told = " ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return cell(told, _CELL)
