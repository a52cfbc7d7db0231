"""Rows for people: as a table where the terminal has the room, else one block a row. No id is ever broken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH: Final = 130  # characters, where stdout is no terminal
_WHOLE: Final = re.compile(r"\S{1,22}|[0-9a-fA-F:.]+(/\d+)?")  # words that are not broken: ids, addresses, times
_GAP: Final = 3  # characters between columns, and as many for both edges
_INDENT: Final = 2


class Column(NamedTuple):
    """A heading; numbers stand to the right."""

    heading: str
    is_number: bool = False


def console() -> Console:
    """A console for text that is no markup."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = WIDTH
    return made


def print_rows(to: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
    """What belongs together shares a cell, a line each."""
    room = to.width - _GAP * len(columns)
    if widths := _widths(
        [(column.heading, *map(str, cells)) for column, *cells in zip(columns, *rows, strict=True)], room
    ):
        to.print(_table(columns, widths, rows))
        return
    for first, *others in rows:
        to.print(Text(" ").join(first.split("\n")))
        for column, cell in zip(columns[1:], others, strict=True):
            to.print(indented(Text(f"{column.heading}: ") + Text(", ").join(cell.split("\n")), 1))


def indented(text: Text, steps: int) -> Padding:
    """The text with all its lines as far to the right."""
    return Padding(text, (0, 0, 0, _INDENT * steps), expand=False)


def _widths(texts: Sequence[Sequence[str]], room: int) -> list[int]:
    """Of each column: its longest word that is not broken, and more where a line needs it and there is room.

    Empty where there is not enough room. rich's own way to make a table narrower knows no least width.
    """
    lines = [[line for text in column for line in text.split("\n")] for column in texts]
    widths = [
        _longest([word for line in column for word in line.split() if _WHOLE.fullmatch(word)]) for column in lines
    ]
    wanted = [_longest(column) for column in lines]
    if sum(widths) > room:
        return []
    while sum(widths) < room and (narrow := [n for n, width in enumerate(widths) if width < wanted[n]]):
        for number in narrow[: room - sum(widths)]:
            widths[number] += 1
    return widths


def _longest(texts: Iterable[str]) -> int:
    return max(map(len, texts), default=0)


def _table(columns: Sequence[Column], widths: Sequence[int], rows: Iterable[Sequence[Text]]) -> Table:
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["right", "left"] = "right" if column.is_number else "left"
        table.add_column(column.heading, overflow="fold", width=width, justify=justify)
    for row in rows:
        table.add_row(*row)
    return table
