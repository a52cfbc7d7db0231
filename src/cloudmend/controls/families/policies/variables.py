"""Policy variables: `${aws:PrincipalOrgID}` in the value of a condition stands for another key of the same request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from cloudmend.controls.families.policies.conditions import Domain, Literal, Value, present, solve
from cloudmend.controls.families.policies.document import Condition
from cloudmend.controls.families.policies.texts import ANYTHING, VOID, TooHard, plain

# `${key}`, or `${key, 'the text if the request lacks the key'}`.
_VARIABLE: Final = re.compile(r"\$\{([^{},']+)(?:, '([^']*)')?\}")
_CHARACTERS: Final = frozenset("*?$")  # `${*}` is a plain `*`
_WITH_WILDCARDS: Final = frozenset({"stringlike", "arnlike", "arnequals", "resource"})

Domains = Callable[[str], Domain]


def solve_all(asked: Mapping[str, Sequence[Literal]], domain: Domains) -> dict[str, Value]:
    """Return a value of each key for which its conditions hold, or fail, as wanted. Raises Impossible, and TooHard."""
    waiting = {key: literals for key, literals in asked.items() if any(each.has_variables for each, _ in literals)}
    values = {key: solve(literals, domain(key)) for key, literals in asked.items() if key not in waiting}
    while waiting:
        key = next((each for each, literals in waiting.items() if not _others(each, literals) & waiting.keys()), None)
        if key is None:
            raise TooHard
        _Resolving(key, values, domain).solve(waiting.pop(key))
    return values


def _others(key: str, literals: Sequence[Literal]) -> set[str]:
    """Return the other keys that the conditions on a key name."""
    values = [value for condition, _ in literals for value in condition.values]
    return {_name(match) for value in values for match in _VARIABLE.finditer(value)} - {key}


def _name(match: re.Match[str]) -> str:
    return match[1].strip().lower()


class _Resolving:
    """A key whose conditions name others, and the values of all keys so far. The others get their values here too."""

    def __init__(self, key: str, values: dict[str, Value], domain: Domains) -> None:
        self._key = key
        self._values = values
        self._domain = domain
        self._equal: list[str] = []  # keys that the stranger chooses to be like this one

    def solve(self, literals: Sequence[Literal]) -> None:
        resolved = [(self._resolved(condition, wanted != condition.negated), wanted) for condition, wanted in literals]
        value = solve(resolved, self._domain(self._key))
        self._values |= dict.fromkeys((self._key, *self._equal), value)

    def _resolved(self, condition: Condition, is_to_fit: bool) -> Condition:
        wild = condition.operator in _WITH_WILDCARDS
        values = tuple(self._text(value, wild, is_to_fit) for value in condition.values)
        return replace(condition, values=values, has_variables=False)

    def _text(self, value: str, wild: bool, is_to_fit: bool) -> str:
        """Return a value with the texts that its variables stand for; VOID if one of them stands for none."""
        whole = _VARIABLE.fullmatch(value)
        if whole and (_name(whole) == self._key or (is_to_fit and self._is_chosen(_name(whole)))):
            self._equal.append(_name(whole))
            return ANYTHING
        texts: list[str | None] = []

        def text_of(match: re.Match[str]) -> str:
            found = match[1] if match[1] in _CHARACTERS else self._known(_name(match), match[2])
            texts.append(found)
            return plain(found) if wild and found else found or ""

        text = _VARIABLE.sub(text_of, value)
        return VOID if None in texts else text

    def _is_chosen(self, name: str) -> bool:
        return name not in self._values and name not in _CHARACTERS and self._domain(name).is_chosen

    def _known(self, name: str, default: str | None) -> str | None:
        if name not in self._values:
            self._values[name] = present(self._domain(name))
        value = self._values[name]
        return default if value is None else value if isinstance(value, str) else None
