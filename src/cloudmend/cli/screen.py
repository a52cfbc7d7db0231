"""Print sentences, commands, and rows for people. No id is broken, however narrow the terminal is."""

from __future__ import annotations

import re
import sys
import webbrowser
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH: Final = 130  # characters of a table, where stdout is no terminal
_WHOLE: Final = re.compile(r"\S{1,22}|[0-9a-fA-F:.]+(/\d+)?|\W?arn:\S*")  # words not to break: ids, addresses, times
_PROSE: Final = 20  # characters of a column at least, if its text is longer
_GAP: Final = 3  # characters between columns, and as many for both edges
GOES_ON: Final = " \\"
_WORD: Final = re.compile(r"""(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+""")  # of a POSIX shell


class Column(NamedTuple):
    """A column's heading. Numbers stand to the right."""

    heading: str
    is_number: bool = False


class Screen:
    """The standard output, for people. On a terminal text wraps between words; elsewhere a line stays one line."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Make a screen that prints nothing if it is `quiet`, because a program reads the output."""
        self.console = Console(highlight=False, quiet=quiet)
        if not self.console.is_terminal:
            self.console.width = _WIDTH

    def say(self, *parts: str | Text, hang: int = 0) -> None:
        """Print a paragraph of the parts, with a blank between them. Its lines begin where its first one does.

        With `hang`, the lines after the first begin so many characters further in. Text in it is no markup.
        """
        text = Text(" ").join(part if isinstance(part, Text) else Text(part) for part in parts)
        if not self.console.is_terminal:
            self.console.print(text, soft_wrap=True)
            return
        indent = _blanks(text)
        for line in text.split("\n", allow_blank=True):
            for wrapped in self._wrapped(line[indent:] if indent else line, self.console.width - indent, hang):
                self.console.print(Text(" " * indent) + wrapped, soft_wrap=True)

    def _wrapped(self, line: Text, width: int, hang: int) -> Iterator[Text]:
        """Yield the lines of at most a width that a line becomes, without a blank at their ends."""
        first, *others = line.wrap(self.console, width)
        rest = line[len(first.plain) :]
        if hang and others:
            others = list(rest[_blanks(rest) :].wrap(self.console, width - hang))
        for each in (first, *(Text(" " * hang) + other for other in others)):
            each.rstrip()
            yield each

    def command(self, before: str, line: str, style: str = "") -> None:
        """Print a command that can be pasted, after the text that stands before it on its line.

        If the terminal is narrower, each line but the last ends as a POSIX shell's does that goes on.
        """
        room = self.console.width - len(before) - len(GOES_ON) if self.console.is_terminal else len(line)
        told = f"{GOES_ON}\n{' ' * len(before)}".join(continued(line, room))
        self.console.print(Text(f"{before}{told}", style), soft_wrap=True)

    def rows(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        """Print a table, or a block for each row if the table has no room. A cell may have several lines."""
        room = self.console.width - _GAP * len(columns)
        texts = [(column.heading, *map(str, cells)) for column, *cells in zip(columns, *rows, strict=True)]
        if widths := _widths(texts, room):
            self.console.print(_table(columns, widths, rows))
            return
        for first, *others in rows:
            self.say(Text("\n") + Text(" ").join(first.split("\n")))
            for column, cell in zip(columns[1:], others, strict=True):
                self.say(f"  {column.heading}:", Text(", ").join(cell.split("\n")))


def _blanks(text: Text) -> int:
    return len(text.plain) - len(text.plain.lstrip(" "))


def continued(line: str, width: int) -> list[str]:
    """Return a command as lines of at most a width, cut between words, and not before the value of an option.

    A quoted text is one word. What is no command, but a sentence with an apostrophe, stays one line.
    """
    words = _WORD.findall(line)
    if " ".join(words) != line:
        return [line]
    lines = [words[:1]]
    for word in words[1:]:
        before = lines[-1]
        if len(" ".join((*before, word))) <= width:
            before.append(word)
            continue
        is_value = len(before) > 1 and before[-1].startswith("-") and not word.startswith("-")
        lines.append([before.pop(), word] if is_value and len(f"{before[-1]} {word}") <= width else [word])
    return [" ".join(each) for each in lines]


def _widths(texts: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the width of each column: enough for a word or two, and more if a line needs it and there is room.

    The first line of a row's first cell is an id, and never broken. Empty where there is not enough room. rich's
    own way to make a table narrower knows no least width.
    """
    lines = [[line for text in column for line in text.split("\n")] for column in texts]
    wanted = [_longest(column) for column in lines]
    whole = [_longest([word for line in column for word in line.split() if _WHOLE.fullmatch(word)]) for column in lines]
    whole[0] = max(whole[0], _longest([text.partition("\n")[0] for text in texts[0][1:]]))
    widths = [max(word, min(_PROSE, line)) for word, line in zip(whole, wanted, strict=True)]
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


def has_browser() -> bool:
    """Return whether somebody is there to look, and has something to look with."""
    if not sys.stdout.isatty():
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
