"""Collect what is wrong or suspicious in a policy while it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from cloudmend.core.policy.place import Key, Note, Place, Refused

A = TypeVarTuple("A")
T = TypeVar("T")
D = TypeVar("D")


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

    def refuse(self, place: Place, problem: str, advice: str) -> None:
        self._refusals.append(Note(place, problem, advice))

    def warn(self, place: Place, problem: str, advice: str) -> None:
        self._warnings.append(Note(place, problem, advice))

    def attempt(self, default: D, read: Callable[[Unpack[A]], T], *arguments: *A) -> T | D:
        """Return what `read` gives for the arguments; if that is refused, keep the note and return the default."""
        try:
            return read(*arguments)
        except Refused as refused:
            self._refusals.append(refused.note)
            return default

    def refuses(self, key: Key) -> bool:
        """Return whether something is refused at a key, or below it."""
        refused = (note.place for note in self._refusals)
        return any(isinstance(place, Key) and place.steps[: len(key.steps)] == key.steps for place in refused)


def _in_order(notes: list[Note]) -> tuple[str, ...]:
    return tuple(str(note) for note in sorted(notes, key=lambda note: (note.place.line, note.place.where)))
