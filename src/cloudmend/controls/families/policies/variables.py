"""Policy variables: `${aws:PrincipalOrgID}` in the value of a condition stands for another key of the same request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from cloudmend.controls.families.policies.conditions import (
    RESOURCE,
    VARIABLE,
    WITH_WILDCARDS,
    Condition,
    Value,
    does,
)
from cloudmend.controls.families.policies.patterns import ANYTHING, SEGMENTS, VOID, plain
from cloudmend.controls.families.policies.solving import Domain, Impossible, Literal, solve
from cloudmend.controls.families.policies.texts import Effort

_CHARACTERS: Final = frozenset("*?$")  # `${*}` is a plain `*`

# The key of a variable -> the text it stands for, None if the request lacks the key. LookupError: it is not known.
Known = Callable[[str], str | None]


def keys_of(condition: Condition) -> Iterator[str]:
    """Yield the keys that the variables of a condition stand for."""
    found = (name_of(match) for value in condition.values for match in VARIABLE.finditer(value))
    return (name for name in found if name not in _CHARACTERS)


def name_of(match: re.Match[str]) -> str:
    """Return the key of a variable, in lower case."""
    return match[1].strip().lower()


def filled(condition: Condition, known: Known) -> Condition:
    """Return a condition with the texts that its variables stand for. Raises LookupError where one is not known."""
    values = tuple(_text(value, condition.operator, known) for value in condition.values)
    return replace(condition, values=values, has_variables=False)


def relaxed(literals: Iterable[Literal], domain: Callable[[str], Domain]) -> list[Literal]:
    """Return what conditions ask for at least, whatever their variables stand for."""
    found = []
    for condition, wanted in literals:
        if not condition.has_variables:
            found.append((condition, wanted))
        elif wanted == condition.negated:
            values = tuple(value for value in condition.values if not VARIABLE.search(value))
            found.append((replace(condition, values=values, has_variables=False), wanted))
        elif wanted or not any(domain(key).absent for key in keys_of(condition)):
            found.append((filled(condition, lambda _: ANYTHING), wanted))
        # Else a request may lack the key of a variable: what cannot be compared meets no negated operator.
    return found


def _text(value: str, operator: str, known: Known) -> str:
    """Return a value with the texts that its variables stand for; VOID if one of them stands for none."""
    if operator == RESOURCE and value.partition("${")[0].count(":") < SEGMENTS - 1 and VARIABLE.search(value):
        return VOID  # in the element Resource, variables stand after the fifth colon only
    is_void = False

    def text_of(match: re.Match[str]) -> str:
        nonlocal is_void
        found = match[1] if match[1] in _CHARACTERS else known(name_of(match))
        found = match[2] if found is None else found
        is_void = is_void or found is None
        return plain(found) if found and operator in WITH_WILDCARDS and found != ANYTHING else found or ""

    text = VARIABLE.sub(text_of, value)
    return VOID if is_void else text


class Guess:
    """An attempt to find values of keys whose conditions name each other. It takes the first value of each key.

    So it may find none where there are some.
    """

    def __init__(self, domain: Callable[[str], Domain], effort: Effort) -> None:
        self._domain = domain
        self._effort = effort

    def values(self, asked: Mapping[str, Sequence[Literal]]) -> dict[str, Value] | None:
        """Return a value of each key for which its conditions hold, or fail, as wanted; None if none were found."""
        return self._guess(asked, are_there=True) or self._guess(asked, are_there=False)

    def _guess(self, asked: Mapping[str, Sequence[Literal]], are_there: bool) -> dict[str, Value] | None:
        """Guess. `are_there`: the request has the keys of variables, if it can have them."""
        self._are_there = are_there
        self._values: dict[str, Value] = {}
        try:
            self._fill(asked)
        except Impossible:
            return None
        whole = ((filled(each, self._final), wanted) for literals in asked.values() for each, wanted in literals)
        right = all(does(condition, wanted, self._values[condition.key]) for condition, wanted in whole)
        return self._values if right else None

    def _fill(self, asked: Mapping[str, Sequence[Literal]]) -> None:
        waiting = {key: set(_named(literals)) - {key} for key, literals in asked.items()}
        while waiting:
            key = min(waiting, key=lambda each: len(waiting[each] & waiting.keys()))
            del waiting[key]
            equal: list[str] = []
            literals = [
                (self._filled(condition, key, wanted, equal) if condition.has_variables else condition, wanted)
                for condition, wanted in asked[key]
            ]
            if key not in self._values:
                self._values |= dict.fromkeys((key, *equal), solve(literals, self._domain(key), self._effort))

    def _filled(self, condition: Condition, key: str, wanted: bool, equal: list[str]) -> Condition:
        """Return a condition with the values so far. `equal` are keys that the stranger makes equal to this one."""
        is_to_fit = wanted != condition.negated
        is_whole = all(VARIABLE.fullmatch(value) for value in condition.values if VARIABLE.search(value))

        def known(name: str) -> str | None:
            if name == key:
                return ANYTHING
            if is_to_fit and is_whole and self._are_there and name not in self._values and self._domain(name).is_chosen:
                equal.append(name)
                return ANYTHING
            return self._final(name)

        return filled(condition, known)

    def _final(self, name: str) -> str | None:
        if name not in self._values:
            domain = self._domain(name)
            absent = domain.present is None or (domain.absent and not self._are_there)
            self._values[name] = solve((), replace(domain, absent=absent), self._effort)
        value = self._values[name]
        return value if isinstance(value, str) else None


def _named(literals: Sequence[Literal]) -> Iterator[str]:
    return (key for condition, _ in literals for key in keys_of(condition))
