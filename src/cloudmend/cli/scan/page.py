"""A report of a scan as a page: summary, pictures, findings, the plan, and the findings in the ledger.

A page is one self-contained file, without a network, whose foreign text is inert twice over. Jinja escapes whatever is
put into a template, and a Content-Security-Policy lets a browser run and apply nothing but our own script and style,
which it knows by their hashes. The console takes the style and the filters from here.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from cloudmend.cli.context import STACK_NAME
from cloudmend.cli.messages import duration
from cloudmend.cli.scan.pictures import OpenPeriod, bars, open_periods, timeline
from cloudmend.cli.scan.report import Report, Row, detail_text, numbers_of, sections
from cloudmend.core.contract import Control
from cloudmend.core.escaping import cut, plural, terminal
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords, StoredRecord
from cloudmend.core.version import CODE_VERSION

_MINUTE: Final = 60.0  # seconds
_VALUE: Final = 300  # characters
_PACKAGE: Final = "cloudmend.cli.scan"
_FOLDER: Final = "pages"
# What a browser may break at a hyphen, or anywhere where a column is narrow: ids of resources, records, events and
# accounts, addresses and networks.
_UNBROKEN: Final = re.compile(
    r"\b[a-z]+-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\b"
    r"|\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b|\b\d{12}\b|\b\d+(?:\.\d+){3}(?:/\d+)?|\b[0-9a-f]{1,4}:[0-9a-f:]+(?:/\d+)?"
)
_MOST_ENTRIES: Final = 500  # the newest of a ledger; a page of all would be too large to read


def render(template: str, *, scripts: tuple[str, ...] = (), **values: Any) -> str:
    """Return the page that a template of this folder makes from these values, with its style and scripts inside."""
    style, script = asset("style.css"), Markup().join(map(asset, scripts))
    page = _environment().get_template(template)
    return page.render(**values, style=style, script=script, security=security_policy(style, script))


def asset(name: str) -> Markup:
    """Return a style sheet or script of this folder."""
    return Markup((files(_PACKAGE) / _FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - our own files, never foreign text


def security_policy(style: str, script: str) -> str:
    """A Content-Security-Policy: these two texts, inline, and nothing else from anywhere."""
    allowed = f"style-src {_source(style)}; script-src {_source(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def unbroken(text: str) -> Markup:
    """Return the visible text, escaped, with each id on one line. Text that is escaped already stays as it is."""
    shown = str(text if isinstance(text, Markup) else escape(terminal(text)))
    return Markup(_UNBROKEN.sub(r'<span class="keep">\g<0></span>', shown))  # noqa: S704 - escaped, and no match is HTML


def short(text: str) -> str:
    """Return a value of a part, cut if it is too long to read in a table."""
    return cut(terminal(text), _VALUE)


def lasting(length: timedelta) -> str:
    """Return a duration: in tenths of seconds below a minute, otherwise in words."""
    seconds = length.total_seconds()
    return f"{seconds:.1f} s" if seconds < _MINUTE else duration(int(seconds))


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, _FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=terminal, plural=plural, detail_text=detail_text, unbroken=unbroken, lasting=lasting
    )
    environment.filters.update(short=short, numbers_of=numbers_of)
    return environment


def scan_page(
    report: Report,
    controls: Sequence[Control[Any]],
    found: Iterable[StoredRecord] | None,
    now: datetime,
    options: tuple[str, ...] = (),
) -> str:
    """Return a self-contained HTML file. `found` are the ledger's records, oldest first; None if no ledger is known.

    `options` are the options of the scan, with which another command judges in the same way.
    """
    entries = LedgerRecords(found or ())
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
        sections=tuple(sections(report.rows, controls)),
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


def _periods(entries: Iterable[LedgerRecord], report: Report) -> Sequence[OpenPeriod]:
    """Return the open findings of the controls and Regions that the report covers."""
    of_these = (
        entry for entry in entries if entry.intent.region in report.regions and entry.intent.control in report.controls
    )
    return open_periods(deque(of_these, _MOST_ENTRIES))
