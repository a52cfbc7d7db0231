"""Where a value of the policy stands: a setting, or a key of the policy file; and what is wrong there."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from cloudmend.core.network import Family

if TYPE_CHECKING:
    from collections.abc import Iterable

Step = str | int  # a key of a table, or an index in a list


class Place(Protocol):
    @property
    def line(self) -> int:
        """The line of the policy file; 0 if the value does not stand there."""

    @property
    def where(self) -> str:
        """The place in words, to stand before a colon."""


class Note(Struct, frozen=True):
    """What is wrong or suspicious at a place, and what to write instead."""

    place: Place
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.place.where}: {self.problem}. {self.advice}"


class Refused(Exception):
    """A value that cannot be read. Never leaves this package: `Review` collects the note."""

    def __init__(self, place: Place, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.note = Note(place, problem, advice)


class Parameter(Struct, frozen=True):
    """One setting: its environment variable, the template parameter that fills it, and its default."""

    variable: str
    template: str
    default: str

    @property
    def line(self) -> int:
        return 0

    @property
    def where(self) -> str:
        return f"{self.variable} (template parameter {self.template})"


GUARDED_PORTS: Final = Parameter("CLOUDMEND_GUARDED_PORTS", "GuardedPorts", "22,3389,udp/3389")
REPLACEMENT: Final[dict[Family, Parameter]] = {
    4: Parameter("CLOUDMEND_REPLACEMENT_IPV4", "ReplacementIpv4", "10.0.0.0/8"),
    6: Parameter("CLOUDMEND_REPLACEMENT_IPV6", "ReplacementIpv6", "fd00::/8"),
}
MODE: Final = Parameter("CLOUDMEND_MODE", "Mode", "fix")
PARAMETERS: Final = (GUARDED_PORTS, *REPLACEMENT.values(), MODE)


class Document(Struct, frozen=True):
    """A policy file's name and its TOML text."""

    name: str
    text: str

    def at(self, *steps: Step) -> Key:
        return Key(self, steps)


class Key(Struct, frozen=True):
    """A key of the policy file, as the steps that lead to it."""

    document: Document
    steps: tuple[Step, ...]

    def at(self, *steps: Step) -> Key:
        return Key(self.document, self.steps + steps)

    def __str__(self) -> str:
        """exemption[0].owner"""
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps).removeprefix(".")

    @property
    def line(self) -> int:
        return _line_of(self.document.text, self.steps)

    @property
    def where(self) -> str:
        line = self.line
        return f"{self.document.name}, line {line}: {self}" if line else f"{self.document.name}: {self}"


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The sentence that suggests the closest known word, or lists them all."""
    words = sorted(known)
    close = get_close_matches(word, words)
    return f"Did you mean {close[0]}?" if close else f"It is one of {', '.join(words)}."
