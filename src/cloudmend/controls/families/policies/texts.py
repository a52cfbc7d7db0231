"""Patterns of texts, and the search for a text that fits some of them and no others.

A pattern is a sequence of atoms: an atom is one character of a class, or any number of them. The search walks through
all patterns at once, character by character. It finds a text if there is one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

from msgspec import Struct

_SEGMENTS: Final = 6  # of an ARN
# Characters of no text: for a `*` and a `?` that are no wildcards, and for any text.
_PLAIN: Final = {"\ue000": "*", "\ue001": "?"}
ANYTHING: Final = "\ue002"
VOID: Final = "\ue003"  # instead of a value that can be compared with nothing
_ESCAPED: Final = {ord(plain): escaped for escaped, plain in _PLAIN.items()}
_MOST_STEPS: Final = 20_000  # of one search
FILL: Final = "any"  # for a wildcard
_FRESH: Final = "zjqxw7350ZQ/:-"  # the characters that stand for all others, the friendliest first


class TooHard(Exception):
    """A search that takes too many steps. Whether there is a text stays open."""


class Atom(Struct, frozen=True):
    """One character of a class, or any number of them.

    `characters` is the class: empty for every character. `but` are not in it.
    """

    characters: str = ""
    but: str = ""
    many: bool = False

    def admits(self, character: str) -> bool:
        return (not self.characters or character in self.characters) and character not in self.but


Pattern = tuple[Atom, ...]

ANY: Final = Atom()
STAR: Final = Atom(many=True)
DIGITS: Final = "0123456789"


@lru_cache(maxsize=4096)
def literal(text: str) -> Pattern:
    """Return the pattern of one text."""
    return tuple(STAR if each == ANYTHING else Atom(each) for each in text)


@lru_cache(maxsize=4096)
def folded(text: str) -> Pattern:
    """Return the pattern of a text in any case."""
    return tuple(
        STAR if each == ANYTHING else Atom("".join(dict.fromkeys((each.lower(), each.upper())))) for each in text
    )


@lru_cache(maxsize=4096)
def glob(text: str) -> Pattern:
    """Return the pattern of a text with IAM's wildcards: `*` is any text, `?` is any character."""
    return tuple(_wild(each, "") for each in text)


@lru_cache(maxsize=4096)
def arn(text: str) -> Pattern | None:
    """Return the pattern of an ARN. Its wildcards cross none of the five colons. None: the text is no ARN.

    A text with fewer colons may end with a `*`, which then stands for all that follows.
    """
    *first, last = text.split(":", _SEGMENTS - 1)
    if len(first) < _SEGMENTS - 1 and not last.endswith("*"):
        return None
    before = [(*(_wild(each, ":") for each in segment), Atom(":")) for segment in first]
    return (*(atom for segment in before for atom in segment), *glob(last))


def _wild(character: str, but: str) -> Atom:
    if character in ("*", ANYTHING):
        return Atom(but=but, many=True)
    return Atom(but=but) if character == "?" else Atom(_PLAIN.get(character, character))


def plain(text: str) -> str:
    """Return a text whose wildcards stand for themselves in a pattern."""
    return text.translate(_ESCAPED)


def is_wild(text: str) -> bool:
    """Return whether IAM's wildcards stand in a text."""
    return "*" in text or "?" in text


class _Walk:
    """A pattern and the places in it: bit N of a mask is set while N atoms may be behind."""

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._many = sum(1 << place for place, atom in enumerate(pattern) if atom.many)
        self._admitting: dict[str, int] = {}
        self._end = 1 << len(pattern)
        self._trap = 1 << (len(pattern) - 1) if pattern and pattern[-1] == STAR else 0
        self.start = self._skipped(1)

    def step(self, mask: int, character: str) -> int:
        """Return the places after one more character."""
        admitting = self._admitting.get(character)
        if admitting is None:
            admitting = sum(1 << place for place, atom in enumerate(self._pattern) if atom.admits(character))
            self._admitting[character] = admitting
        passed = mask & admitting
        return self._skipped((passed & ~self._many) << 1 | passed & self._many)

    def ends(self, mask: int) -> bool:
        """Return whether the whole pattern may be behind."""
        return bool(mask & self._end)

    def is_trapped(self, mask: int) -> bool:
        """Return whether the pattern fits, whatever follows."""
        return bool(mask & self._trap)

    def _skipped(self, mask: int) -> int:
        """Return the mask with the places behind those atoms that may stand for nothing."""
        while (more := mask | (mask & self._many) << 1) != mask:
            mask = more
        return mask


_walk: Final = lru_cache(maxsize=4096)(_Walk)


class Wanted(Struct, frozen=True):
    """The texts that are looked for: they fit one pattern of each group of `fit`, and none of `none`."""

    fit: tuple[tuple[Pattern, ...], ...] = ()
    none: tuple[Pattern, ...] = ()

    def __and__(self, other: Wanted) -> Wanted:
        return Wanted((*self.fit, *other.fit), (*self.none, *other.none))

    def holds(self, text: str) -> bool:
        """Return whether a text is one of them."""
        fits = all(any(matches(each, text) for each in group) for group in self.fit)
        return fits and not any(matches(each, text) for each in self.none)


@lru_cache(maxsize=4096)
def _expression(pattern: Pattern) -> re.Pattern[str]:
    return re.compile("".join(_class(atom) + "*" * atom.many for atom in pattern), re.DOTALL)


def _class(atom: Atom) -> str:
    if len(atom.characters) == 1:
        return re.escape(atom.characters)
    if atom.characters:
        return f"[{re.escape(atom.characters)}]"
    return f"[^{re.escape(atom.but)}]" if atom.but else "."


def matches(pattern: Pattern, text: str) -> bool:
    """Return whether a whole text fits a pattern."""
    return _expression(pattern).fullmatch(text) is not None


def find(wanted: Wanted, first: Iterable[str] = ()) -> str | None:
    """Return a text that is wanted, None if there is none. Raises TooHard.

    `first` are tried first. Then come the patterns themselves, with FILL in the place of a `*`.
    """
    if not all(wanted.fit):
        return None
    fixed = next((group for group in wanted.fit if all(map(_is_fixed, group))), None)
    if fixed is not None:
        return next((text for text in map(_filled, fixed) if wanted.holds(text)), None)
    filled = (_filled(each) for group in wanted.fit for each in group)
    readable = next((text for text in (*first, *filled) if wanted.holds(text)), None)
    return _searched(wanted) if readable is None else readable


def _is_fixed(pattern: Pattern) -> bool:
    """Return whether one text alone fits a pattern."""
    return all(not atom.many and len(atom.characters) == 1 for atom in pattern)


def _filled(pattern: Pattern) -> str:
    return "".join(FILL if atom.many else _one(atom) for atom in pattern)


def _one(atom: Atom) -> str:
    return next((each for each in (atom.characters or _FRESH) if atom.admits(each)), "")


Masks = tuple[int, ...]


def _searched(wanted: Wanted) -> str | None:
    """Return the shortest text, by a search through the places of all patterns."""
    walks = [_walk(each) for group in wanted.fit for each in group] + [_walk(each) for each in wanted.none]
    judge = _Judge([len(group) for group in wanted.fit], walks)
    start = tuple(walk.start for walk in walks)
    if judge.is_end(start):
        return ""
    alphabet = _alphabet(wanted)
    seen, waiting = {start}, deque([("", start)])
    while waiting:
        text, masks = waiting.popleft()
        for character, after in _steps(walks, masks, alphabet):
            if after in seen or not judge.is_alive(after):
                continue
            if judge.is_end(after):
                return text + character
            seen.add(after)
            waiting.append((text + character, after))
            if len(seen) > _MOST_STEPS:
                raise TooHard
    return None


def _steps(walks: Sequence[_Walk], masks: Masks, alphabet: str) -> Iterator[tuple[str, Masks]]:
    for character in alphabet:
        yield character, tuple(walk.step(mask, character) for walk, mask in zip(walks, masks, strict=True))


def _alphabet(wanted: Wanted) -> str:
    """Return one character of each kind that the patterns tell apart."""
    atoms = {atom for group in wanted.fit for pattern in group for atom in pattern}
    atoms |= {atom for pattern in wanted.none for atom in pattern}
    named = "".join(sorted({each for atom in atoms for each in atom.characters + atom.but}))
    kinds: dict[tuple[bool, ...], str] = {}
    for character in (*_FRESH, *named):
        kinds.setdefault(tuple(atom.admits(character) for atom in atoms), character)
    return "".join(kinds.values())


class _Judge:
    """The groups of patterns that have to fit, one of each, and after them the patterns that must not."""

    def __init__(self, sizes: Sequence[int], walks: Sequence[_Walk]) -> None:
        ends = list(accumulate(sizes, initial=0))
        self._groups = [slice(first, end) for first, end in pairwise(ends)]
        self._none = slice(ends[-1], None)
        self._walks = walks

    def is_end(self, masks: Masks) -> bool:
        """Return whether the text so far is one that is looked for."""
        ends = [walk.ends(mask) for walk, mask in zip(self._walks, masks, strict=True)]
        return all(any(ends[group]) for group in self._groups) and not any(ends[self._none])

    def is_alive(self, masks: Masks) -> bool:
        """Return whether a longer text may be one."""
        unwanted = zip(self._walks[self._none], masks[self._none], strict=True)
        return all(any(masks[group]) for group in self._groups) and not any(
            walk.is_trapped(mask) for walk, mask in unwanted
        )
