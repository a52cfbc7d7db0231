"""Patterns of texts, as the values of policies are: one text, a text in any case, a text with wildcards, an ARN.

A pattern is also a sequence of atoms: an atom is one character of a class, or any number of them. The search for a text
that fits several patterns walks through their atoms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

# Characters that Unicode keeps for programs, so that no policy needs them: a `*` and a `?` that are no wildcards, any
# text, a digit, and a text that can be compared with nothing.
_STAR: Final = "\ufdd0"
_MARK: Final = "\ufdd1"
ANYTHING: Final = "\ufdd2"
DIGIT: Final = "\ufdd3"
VOID: Final = "\ufdd4"
RESERVED: Final = re.compile("[\ufdd0-\ufdef]")
_WILD: Final = re.compile(f"[*?{ANYTHING}{DIGIT}]")
_SINGLE: Final = re.compile(f"[?{DIGIT}]")
_PLAIN: Final = {ord(_STAR): "*", ord(_MARK): "?"}
FILL: Final = "any"  # for a wildcard
_EXAMPLES: Final = {**_PLAIN, ord("*"): FILL, ord(ANYTHING): FILL, ord("?"): "z", ord(DIGIT): "0"}
_ESCAPED: Final = {ord(plain): chr(escaped) for escaped, plain in _PLAIN.items()}
DIGITS: Final = "0123456789"
SEGMENTS: Final = 6  # of an ARN


class Atom(Struct, frozen=True):
    """A character of a class, or any number of them.

    `characters` is the class: empty for every character. `but` are not in it.
    """

    characters: str = ""
    but: str = ""
    many: bool = False

    def admits(self, character: str) -> bool:
        return (not self.characters or character in self.characters) and character not in self.but


class Pattern:
    """A pattern of one text, which is `fixed`. The other patterns have None there.

    `prefix` and `suffix`: how all its texts begin and end.
    """

    def __init__(self, fixed: str | None, prefix: str = "", suffix: str = "") -> None:
        self.fixed = fixed
        self.prefix = prefix
        self.suffix = suffix

    def matches(self, text: str) -> bool:
        """Return whether a whole text fits."""
        return text == self.fixed

    @property
    def example(self) -> str:
        """A text that fits, with FILL in the place of a `*`."""
        return self.fixed or ""

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The sequence of atoms that is this pattern."""
        return tuple(map(Atom, self.fixed or ""))


class _Folded(Pattern):
    """A text in any case."""

    def __init__(self, text: str) -> None:
        super().__init__(None)
        self._lower = text.lower()

    def matches(self, text: str) -> bool:
        return text.lower() == self._lower

    @property
    def example(self) -> str:
        return self._lower

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        return tuple(Atom(_cases(each)) for each in self._lower)


def _cases(lower: str) -> str:
    upper = lower.upper()
    return lower + upper if upper.lower() == lower != upper and len(upper) == 1 else lower


class _Piece(NamedTuple):
    """The text between two `*`: its length, and the text or the expression that finds it."""

    length: int
    text: str
    expression: re.Pattern[str] | None = None

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place of the piece in a part of a text, -1 if it is not there."""
        if self.expression is None:
            return text.find(self.text, start, end)
        found = self.expression.search(text, start, end)
        return found.start() if found else -1

    def stands(self, text: str, at: int) -> bool:
        return self.find(text, at, at + self.length) == at


class _Glob(Pattern):
    """A text with IAM's wildcards: `*` is any text, `?` is any character."""

    def __init__(self, text: str) -> None:
        self._text = text
        pieces = text.replace(ANYTHING, "*").split("*")
        self._first, *self._middle = map(_piece, pieces)
        self._least = sum(map(len, pieces))
        prefix, suffix = _SINGLE.split(pieces[0])[0], _SINGLE.split(pieces[-1])[-1]
        super().__init__(None, prefix.translate(_PLAIN), suffix.translate(_PLAIN))

    def matches(self, text: str) -> bool:
        if len(text) < self._least or not self._first.stands(text, 0):
            return False
        if not self._middle:
            return len(text) == self._least
        *middle, last = self._middle
        at, end = self._first.length, len(text) - last.length
        for piece in middle:
            # The first place where a piece fits is as good as any: a `*` stands before it and after it.
            at = piece.find(text, at, end)
            if at < 0:
                return False
            at += piece.length
        return last.stands(text, end)

    @property
    def example(self) -> str:
        return self._text.translate(_EXAMPLES)

    @property
    def is_beginning(self) -> bool:
        """Return whether all texts fit that begin like it: it has one wildcard, a `*` at its end."""
        return self._middle == [_NOTHING] and self._first.expression is None

    def atoms_but(self, but: str) -> tuple[Atom, ...]:
        """Return the atoms. The wildcards among them do not stand for some characters."""
        return tuple(_atom(each, but) for each in self._text)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        return self.atoms_but("")


_NOTHING: Final = _Piece(0, "")


@lru_cache(maxsize=4096)
def _piece(text: str) -> _Piece:
    plain = text.translate(_PLAIN)
    if not _SINGLE.search(text):
        return _Piece(len(text), plain)
    expression = "".join({"?": ".", DIGIT: "[0-9]"}.get(each) or re.escape(each.translate(_PLAIN)) for each in text)
    return _Piece(len(text), plain, re.compile(expression, re.DOTALL))


def _atom(character: str, but: str) -> Atom:
    if character in ("*", ANYTHING):
        return Atom(but=but, many=True)
    if character == DIGIT:
        return Atom(DIGITS)
    return Atom(but=but) if character == "?" else Atom(character.translate(_PLAIN))


class _Arn(Pattern):
    """An ARN with wildcards, which cross none of its five colons.

    With fewer colons its last segment ends with a `*`, which stands for all that follows.
    """

    def __init__(self, segments: Sequence[Pattern]) -> None:
        self._segments = segments
        fixed = [each.fixed for each in segments]
        known = next((place for place, each in enumerate(fixed) if each is None), len(fixed) - 1)
        prefix = "".join(f"{each}:" for each in fixed[:known])
        super().__init__(None, prefix + segments[known].prefix, segments[-1].suffix)

    def matches(self, text: str) -> bool:
        segments = text.split(":", len(self._segments) - 1)
        return len(segments) == len(self._segments) and all(
            pattern.matches(segment) for pattern, segment in zip(self._segments, segments, strict=True)
        )

    @property
    def example(self) -> str:
        return ":".join(each.example for each in self._segments)

    def is_apart(self, other: _Arn) -> bool:
        """Return whether some of the segments have no text in common, as far as it is seen at once."""
        return self._is_like(other) and any(map(are_apart, self._segments, other._segments))

    def covers(self, other: _Arn) -> bool:
        """Return whether each segment fits all texts of the other's, as far as it is seen at once."""
        return self._is_like(other) and all(map(covers, self._segments, other._segments))

    def _is_like(self, other: _Arn) -> bool:
        return len(self._segments) == len(other._segments)

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        *first, last = self._segments
        before = [(*(each.atoms_but(":") if isinstance(each, _Glob) else each.atoms), Atom(":")) for each in first]
        return (*(atom for segment in before for atom in segment), *last.atoms)


@lru_cache(maxsize=4096)
def literal(text: str) -> Pattern:
    """Return the pattern of one text."""
    return _Glob(plain(text)) if ANYTHING in text else Pattern(text, text, text)


@lru_cache(maxsize=4096)
def folded(text: str) -> Pattern:
    """Return the pattern of a text in any case."""
    return _Glob(plain(text)) if ANYTHING in text else _Folded(text)


@lru_cache(maxsize=4096)
def glob(text: str) -> Pattern:
    """Return the pattern of a text with IAM's wildcards."""
    return _Glob(text) if _WILD.search(text) else literal(text.translate(_PLAIN))


@lru_cache(maxsize=4096)
def arn(text: str) -> Pattern | None:
    """Return the pattern of an ARN. None: the text is no ARN.

    A text with fewer than five colons may end with a `*`, which then stands for all that follows.
    """
    if text == "*":
        return glob(text)
    segments = ["*"] * SEGMENTS if text == ANYTHING else text.split(":", SEGMENTS - 1)
    if len(segments) < SEGMENTS and not text.endswith("*"):
        return None
    return _Arn([glob(each) for each in segments]) if _WILD.search(text) else literal(text.translate(_PLAIN))


def plain(text: str) -> str:
    """Return a text whose wildcards stand for themselves in a pattern."""
    return text.translate(_ESCAPED)


def is_wild(text: str) -> bool:
    """Return whether IAM's wildcards stand in a text."""
    return "*" in text or "?" in text


def are_apart(one: Pattern, other: Pattern) -> bool:
    """Return whether no text fits both, as far as it is seen at once."""
    if one.fixed is not None:
        return not other.matches(one.fixed)
    if other.fixed is not None:
        return not one.matches(other.fixed)
    if isinstance(one, _Arn) and isinstance(other, _Arn) and one.is_apart(other):
        return True
    begins = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    return not (begins and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)))


def covers(one: Pattern, other: Pattern) -> bool:
    """Return whether all texts that fit the other fit this one, as far as it is seen at once."""
    if one is other:
        return True
    if other.fixed is not None:
        return one.matches(other.fixed)
    if isinstance(one, _Glob):
        return one.is_beginning and other.prefix.startswith(one.prefix)
    return isinstance(one, _Arn) and isinstance(other, _Arn) and one.covers(other)
