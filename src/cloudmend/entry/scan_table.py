"""A report of a scan as a table for people."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudmend.core.escaping import plain
from cloudmend.core.network import readable
from cloudmend.core.scan import Report, Row, plural

_WIDTH: Final = 130  # characters, where stdout is no terminal
_FOREIGN: Final = 60  # characters of a name or a description
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def print_table(report: Report) -> None:
    """To stdout, with a line that sums it up."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    if report.rows:
        console.print(_table(report))
    console.print(Text(report.summary))


def _table(report: Report) -> Table:
    """Text in cells is no markup. What belongs together shares a cell, so that it fits a terminal."""
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False)
    for heading in ("group", "rule at fault", "public addresses", "behind it", "what cloudmend would do"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "public addresses" else "left")
    for row in report.rows:
        table.add_row(_group(row), _rule(row), _addresses(row), _behind(row), _outcome(row))
    return table


def _group(row: Row) -> Text:
    return Text("\n".join((row.group, plain(row.group_name, _FOREIGN), row.vpc, row.region)))


def _rule(row: Row) -> Text:
    told = [row.rule, f"{row.ports} from {row.source}", plain(row.description, _FOREIGN)]
    return Text("\n".join(filter(None, told)))


def _addresses(row: Row) -> Text:
    return Text("not known" if row.public_addresses is None else readable(row.public_addresses))


def _behind(row: Row) -> Text:
    interfaces = "not known" if row.interfaces is None else plural(row.interfaces, "interface")
    return Text("\n".join((interfaces, *row.attached_addresses)))


def _outcome(row: Row) -> Text:
    return Text(row.outcome, _STYLE[row.action])
