"""A report of a scan as a table for people."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from cloudmend.core.escaping import cut, terminal
from cloudmend.core.network import readable
from cloudmend.core.scan import Report, Row, plural
from cloudmend.entry.screen import Column, Screen

_FOREIGN: Final = 60  # characters of a name or a description
_COLUMNS: Final = (
    Column("group"),
    Column("rule at fault"),
    Column("public addresses", is_number=True),
    Column("behind it"),
    Column("what becomes of it"),
)
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def print_table(report: Report) -> None:
    """To stdout, with a line that sums it up."""
    screen = Screen()
    if report.rows:
        screen.rows(_COLUMNS, [_row(row) for row in report.rows])
    screen.say(report.summary)


def _row(row: Row) -> tuple[Text, ...]:
    return (_group(row), _rule(row), _addresses(row), _behind(row), _outcome(row))


def _group(row: Row) -> Text:
    return Text("\n".join((row.group, _foreign(row.group_name), row.vpc, row.region)))


def _rule(row: Row) -> Text:
    told = [row.rule, f"{row.ports} from {row.source}", _foreign(row.description)]
    return Text("\n".join(filter(None, told)))


def _addresses(row: Row) -> Text:
    return Text("not known" if row.public_addresses is None else readable(row.public_addresses))


def _foreign(text: str) -> str:
    """Return what somebody typed, shortened; --json has all of it."""
    return cut(terminal(text), _FOREIGN)


def _behind(row: Row) -> Text:
    interfaces = "not known" if row.interfaces is None else plural(row.interfaces, "interface")
    return Text("\n".join((interfaces, *row.attached_addresses)))


def _outcome(row: Row) -> Text:
    return Text(row.outcome, _STYLE[row.action])
