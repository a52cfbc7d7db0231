"""The search for a text that fits some patterns and no others, through all of them at once, character by character.

It finds a text if there is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, combinations, pairwise
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies.patterns import Atom, Pattern, are_apart, covers

_FRESH: Final = "zjqxw7350ZQ/:-"  # the characters that stand for all others, the friendliest first
_MANY: Final = 4_096  # pairs of patterns


class TooHard(Exception):
    """A search that takes too many steps. Whether there is an answer stays open."""


class Effort:
    """The steps that are left for all searches in one policy."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Count steps. Raises TooHard if no more are left."""
        self._left -= steps
        if self._left < 0:
            raise TooHard


class _Walk:
    """A pattern and the places in it: bit N of a mask is set while N atoms may be behind."""

    def __init__(self, pattern: Pattern) -> None:
        self._atoms = atoms = pattern.atoms
        self._many = sum(1 << place for place, atom in enumerate(atoms) if atom.many)
        self._admitting: dict[str, int] = {}
        self._end = 1 << len(atoms)
        self._trap = 1 << (len(atoms) - 1) if atoms and atoms[-1] == Atom(many=True) else 0
        self.start = self._skipped(1)

    def step(self, mask: int, character: str) -> int:
        """Return the places after one more character."""
        admitting = self._admitting.get(character)
        if admitting is None:
            admitting = sum(1 << place for place, atom in enumerate(self._atoms) if atom.admits(character))
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
        fits = all(any(each.matches(text) for each in group) for group in self.fit)
        return fits and not any(each.matches(text) for each in self.none)


def find(wanted: Wanted, effort: Effort, first: Iterable[str] = ()) -> str | None:
    """Return a text that is wanted, None if there is none. Raises TooHard.

    `first` are tried first. Then come the examples of the patterns.
    """
    fixed = next((group for group in wanted.fit if all(each.fixed is not None for each in group)), None)
    if fixed is not None:
        return next((each.fixed for each in fixed if each.fixed is not None and wanted.holds(each.fixed)), None)
    if any(_are_covered(group, wanted.none) for group in wanted.fit):
        return None
    if any(_are_apart(*groups) for groups in combinations(wanted.fit, 2)):
        return None
    readable = next((text for text in first if wanted.holds(text)), None)
    if readable is not None:
        return readable
    examples = (each.example for group in wanted.fit for each in group)
    readable = next((text for text in examples if wanted.holds(text)), None)
    return _searched(wanted, effort) if readable is None else readable


def _are_apart(some: Sequence[Pattern], others: Sequence[Pattern]) -> bool:
    """Return whether no text fits one of each, as far as it is seen at once."""
    few = len(some) * len(others) <= _MANY
    return few and all(are_apart(one, other) for one in some for other in others)


def _are_covered(some: Sequence[Pattern], others: Sequence[Pattern]) -> bool:
    """Return whether each text that fits one of the first fits one of the others, as far as it is seen at once."""
    few = len(some) * len(others) <= _MANY
    return few and all(any(covers(other, one) for other in others) for one in some)


Masks = tuple[int, ...]


def _searched(wanted: Wanted, effort: Effort) -> str | None:
    """Return the shortest text that is not empty, by a search through the places of all patterns."""
    walks = [_walk(each) for group in wanted.fit for each in group] + [_walk(each) for each in wanted.none]
    judge = _Judge([len(group) for group in wanted.fit], walks)
    start = tuple(walk.start for walk in walks)
    alphabet = _alphabet(wanted)
    seen, waiting = {start}, deque([("", start)])
    while waiting:
        text, masks = waiting.popleft()
        effort.spend(len(walks) * len(alphabet))
        for character, after in _steps(walks, masks, alphabet):
            if after in seen or not judge.is_alive(after):
                continue
            if judge.is_end(after):
                return text + character
            seen.add(after)
            waiting.append((text + character, after))
    return None


def _steps(walks: Sequence[_Walk], masks: Masks, alphabet: str) -> Iterator[tuple[str, Masks]]:
    for character in alphabet:
        yield character, tuple(walk.step(mask, character) for walk, mask in zip(walks, masks, strict=True))


def _alphabet(wanted: Wanted) -> str:
    """Return one character of each kind that the patterns tell apart."""
    atoms = {atom for group in wanted.fit for pattern in group for atom in pattern.atoms}
    atoms |= {atom for pattern in wanted.none for atom in pattern.atoms}
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
