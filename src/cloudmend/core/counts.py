"""Counts in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

_NOUNS: Final = 3  # kinds of resources that a sentence counts one by one


def counted(resources: Iterable[tuple[str, Any]]) -> str:
    """Return how many resources there are of each kind, from the noun and the key of each."""
    found: defaultdict[str, set[Any]] = defaultdict(set)
    for noun, key in resources:
        found[noun].add(key)
    told = [plural(len(keys), noun) for noun, keys in found.items()]
    if len(told) > _NOUNS:
        return plural(sum(map(len, found.values())), "resource")
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


def plural(count: int, noun: str) -> str:
    """1 rule, 2 rules."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
