"""A report of a scan as tables for people, one for each control that found something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from cloudmend.cli.scan.report import Report, Row, by_control, detail_text, numbers_of
from cloudmend.cli.screen import Column, Screen
from cloudmend.core.contract import Control
from cloudmend.core.escaping import cut, plural, terminal

_FOREIGN: Final = 80  # characters of a name, a value or a description
_STYLE: Final = {"fix": "bold red", "observe": "yellow", "exempt": "dim"}


def print_table(report: Report, controls: Sequence[Control[Any]]) -> None:
    """To stdout, with a line that sums it up, and what holds besides."""
    screen, found = Screen(), by_control(report.rows)
    for control in controls:
        if rows := found.get(control.id):
            screen.say(Text(f"{control.id}: {control.title} ({control.severity})", "bold"))
            screen.rows(*_table(control, rows))
            screen.say("")
    screen.say(report.summary)
    if report.rows and report.holds:
        screen.say(f"Besides, {report.holds}.")


def _table(control: Control[Any], rows: Sequence[Row]) -> tuple[Sequence[Column], Sequence[Sequence[Text]]]:
    numbers = numbers_of(rows)
    behind = [Column("behind it")] if control.reach else []
    columns = [
        Column(control.resource.noun),
        Column("at fault"),
        *(Column(name.replace("_", " "), is_number=True) for name in numbers),
        *behind,
        Column("what becomes of it"),
    ]
    return columns, [tuple(_cells(row, numbers, is_reached=bool(behind))) for row in rows]


def _cells(row: Row, numbers: Sequence[str], *, is_reached: bool) -> Iterator[Text]:
    yield Text("\n".join(filter(None, (row.resource, _foreign(row.name), row.place, row.region))))
    yield Text(
        "\n".join(
            (
                _foreign(row.part),
                _foreign(row.shown),
                *(f"{name}: {_foreign(text)}" for name, text in row.texts.items()),
            )
        )
    )
    yield from (Text(detail_text(row.details.get(name))) for name in numbers)
    if is_reached:
        yield _behind(row)
    yield Text(terminal(row.outcome), _STYLE[row.action])


def _foreign(text: str) -> str:
    """Return what somebody typed, shortened; --format json has all of it."""
    return cut(terminal(text), _FOREIGN)


def _behind(row: Row) -> Text:
    if row.reach is None:
        return Text("not known")
    return Text("\n".join((plural(row.reach.users, row.reach.noun), *row.reach.addresses)))
