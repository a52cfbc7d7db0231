"""The location of a policy's value (a setting, or a key of the policy file), and a problem there."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple, Unpack

from msgspec import Struct

Step = str | int  # a key of a table, or an index in a list
A = TypeVarTuple("A")
T = TypeVar("T")
D = TypeVar("D")


class Location(Protocol):
    @property
    def line(self) -> int:
        """The line of the policy file; 0 if the value does not stand there."""

    @property
    def where(self) -> str:
        """The location in words, to stand before a colon."""

    def at(self, *steps: Step) -> Location:
        """Return the location of what is inside the value."""


class Note(Struct, frozen=True):
    """A problem or a warning about a location, and what to write instead."""

    location: Location
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.location.where}: {self.problem}. {self.advice}"


class Refused(Exception):
    """A value that cannot be read. Never leaves this package: `Review` collects the note."""

    def __init__(self, location: Location, problem: str, advice: str) -> None:
        self.note = Note(location, problem, advice)


class Parameter(Struct, frozen=True):
    """A setting: its environment variable, the template parameter that fills it, and the key that it stands for."""

    variable: str
    template: str
    key: tuple[Step, ...]

    @property
    def line(self) -> int:
        return 0

    @property
    def where(self) -> str:
        return f"{self.variable} (template parameter {self.template})"

    def at(self, *_: Step) -> Parameter:
        return self


MODE: Final = Parameter("CLOUDMEND_MODE", "Mode", ("mode", "default"))
SETTINGS: Final = Parameter("CLOUDMEND_SETTINGS", "Settings", ())  # stands for any keys: KEY=VALUE;KEY=VALUE


class Item(Struct, frozen=True):
    """A key that SETTINGS sets."""

    steps: tuple[Step, ...]

    @property
    def line(self) -> int:
        return 0

    @property
    def where(self) -> str:
        return f"{SETTINGS.where}: {dotted(self.steps)}"

    def at(self, *steps: Step) -> Item:
        return Item(self.steps + steps)


class Document(Struct, frozen=True):
    """A policy file's name and its TOML text; and, by key, where the values stand that are not under it in the text."""

    name: str
    text: str
    elsewhere: Mapping[tuple[Step, ...], Location] = {}

    def at(self, *steps: Step) -> Key:
        return Key(self, steps)


class Key(Struct, frozen=True):
    """A key of the policy file, as the steps that lead to it."""

    document: Document
    steps: tuple[Step, ...]

    def at(self, *steps: Step) -> Key:
        return Key(self.document, self.steps + steps)

    def __str__(self) -> str:
        return dotted(self.steps)

    @property
    def elsewhere(self) -> Location | None:
        """The location of the value, if it does not stand under this key in the text."""
        for count in range(len(self.steps), 0, -1):
            if location := self.document.elsewhere.get(self.steps[:count]):
                return location.at(*self.steps[count:])
        return None

    @property
    def line(self) -> int:
        location = self.elsewhere
        return location.line if location else _line_of(self.document.text, self.steps)

    @property
    def where(self) -> str:
        if location := self.elsewhere:
            return location.where
        line = self.line
        return f"{self.document.name}, line {line}: {self}" if line else f"{self.document.name}: {self}"


def dotted(steps: Iterable[Step]) -> str:
    """Return the steps as errors write them: exemption[0].owner."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _line_of(text: str, steps: tuple[Step, ...]) -> int:
    """Return the line where the statement that sets a key begins; 0 if the text does not hold the key.

    tomllib tells no positions. But the text, cut off after a line, parses wherever a statement ends, and
    holds the key from its statement on.
    """
    lines = text.splitlines(keepends=True)
    end = 0  # of the last whole statement
    for count in range(1, len(lines) + 1):
        try:
            table = tomllib.loads("".join(lines[:count]))
        except ValueError:
            continue
        if _holds(table, steps):
            return end + 1
        end = count
    return 0


def _holds(value: Any, steps: tuple[Step, ...]) -> bool:
    try:
        for step in steps:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def did_you_mean(word: str, known: Iterable[str], more: Mapping[str, str] = {}) -> str:
    """Return the sentence that suggests the closest known word, or lists them all.

    `more` words are suggested too, each by what it stands for.
    """
    words = sorted(known)
    close = get_close_matches(word, sorted({*words, *more}))
    return f"Did you mean {more.get(close[0], close[0])}?" if close else f"It is one of {', '.join(words)}."


class Review:
    """The notes on a policy: those for which it is refused, and warnings. Both in the order of the file."""

    def __init__(self) -> None:
        self._refusals: list[Note] = []
        self._warnings: list[Note] = []

    @property
    def refusals(self) -> tuple[str, ...]:
        return _in_order(self._refusals)

    @property
    def warnings(self) -> tuple[str, ...]:
        return _in_order(self._warnings)

    def refuse(self, location: Location, problem: str, advice: str) -> None:
        self._refusals.append(Note(location, problem, advice))

    def warn(self, location: Location, problem: str, advice: str) -> None:
        self._warnings.append(Note(location, problem, advice))

    def attempt(self, default: D, read: Callable[[Unpack[A]], T], *arguments: *A) -> T | D:
        """Return what `read` gives for the arguments; if that is refused, keep the note and return the default."""
        try:
            return read(*arguments)
        except Refused as refused:
            self._refusals.append(refused.note)
            return default

    def refuses(self, key: Key) -> bool:
        """Return whether something is refused at a key, or below it."""
        refused = (note.location for note in self._refusals)
        return any(isinstance(location, Key) and location.steps[: len(key.steps)] == key.steps for location in refused)


def _in_order(notes: list[Note]) -> tuple[str, ...]:
    return tuple(str(note) for note in sorted(notes, key=lambda note: (note.location.line, note.location.where)))
