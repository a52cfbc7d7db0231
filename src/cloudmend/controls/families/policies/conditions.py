"""Can the conditions on one key hold, or fail, as wanted, for a value that a stranger can bring? If so, for which?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from operator import eq, ge, gt, le, lt
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies import texts
from cloudmend.controls.families.policies.addresses import address_for
from cloudmend.controls.families.policies.document import ACTION, RESOURCE, Condition
from cloudmend.controls.families.policies.texts import ANY, STAR, Pattern, Wanted

# A condition, and whether it has to hold.
Literal = tuple[Condition, bool]
# The value of a key: None if the request has none, several for a key of lists.
Value = str | tuple[str, ...] | None

SOMETHING: Final = Wanted(fit=(((ANY, STAR),),))  # any text but the empty one

_PATTERNS: Final[Mapping[str, Callable[[str], Pattern | None]]] = {
    "stringequals": texts.literal,
    "stringequalsignorecase": texts.folded,
    "binaryequals": texts.literal,
    "stringlike": texts.glob,
    "arnequals": texts.arn,
    "arnlike": texts.arn,
    ACTION: lambda text: texts.glob(text.lower()),
    RESOURCE: texts.arn,
    "bool": lambda text: texts.folded(text) if text.lower() in ("true", "false") else None,
}
_COMPARE: Final = {"equals": eq, "lessthan": lt, "lessthanequals": le, "greaterthan": gt, "greaterthanequals": ge}


class Domain(Struct, frozen=True):
    """The values that a stranger can bring for a key.

    `absent`: the request may lack the key. `present`: the texts that it can be; None: the request has no such key.
    `is_address`: it is any public address. `is_chosen`: it is whatever the stranger likes, so that it can be made
    equal to another key. `first` are the texts that a person reads most easily.
    """

    absent: bool = True
    present: Wanted | None = SOMETHING
    is_address: bool = False
    is_chosen: bool = False
    first: tuple[str, ...] = ()


class Impossible(Exception):
    """No value does what is wanted."""


def solve(literals: Sequence[Literal], domain: Domain) -> Value:
    """Return a value of the domain for which each condition holds, or fails, as wanted.

    The conditions are on one key, and their values have no variables. Raises Impossible, and TooHard.
    """
    if domain.absent and all(_holds_without(condition) == wanted for condition, wanted in literals):
        return None
    if domain.present is None or any(_is_null(each) and not _stands(each) == wanted for each, wanted in literals):
        raise Impossible
    others = [literal for literal in literals if not _is_null(literal[0])]
    value = _one(others, domain)
    return _several(others, domain) if value is None else value


def present(domain: Domain) -> str | None:
    """Return a value of a domain on which there are no conditions; None if the request has no such key."""
    return None if domain.present is None else _one((), domain)


def _is_null(condition: Condition) -> bool:
    return condition.operator == "null"


def _stands(condition: Condition) -> bool:
    """Return whether an operator Null holds for a key that the request has."""
    return any(value.lower() == "false" for value in condition.values)


def _holds_without(condition: Condition) -> bool:
    """Return whether a condition holds for a request without the key."""
    if _is_null(condition):
        return any(value.lower() == "true" for value in condition.values)
    return condition.if_exists or condition.negated if condition.every is None else condition.every


def _one(literals: Sequence[Literal], domain: Domain) -> str | None:
    """Return a single value; None if there is none."""
    if domain.is_address or any(condition.operator == "ipaddress" for condition, _ in literals):
        return address_for(literals, from_internet=domain.is_address)
    wanted, ordered = domain.present or SOMETHING, []
    for condition, holds in literals:
        if condition.operator in _PATTERNS:
            more = _texts(condition, holds)
            if more is None:
                return None
            wanted &= more
        else:
            ordered.append(_Ordered(condition, holds))
    if not ordered:
        return texts.find(wanted, domain.first)
    candidates = (*domain.first, *_around(ordered), texts.FILL)
    return next((each for each in candidates if wanted.holds(each) and all(test(each) for test in ordered)), None)


def _texts(condition: Condition, holds: bool) -> Wanted | None:
    """Return the texts for which a condition holds, or fails; None if there are none.

    A value that nothing can be compared with never fits. A condition that denies it never holds.
    """
    read = _PATTERNS[condition.operator]
    patterns = [None if value == texts.VOID else read(value) for value in condition.values]
    found = tuple(each for each in patterns if each is not None)
    if condition.negated and len(found) < len(patterns):
        return None if holds else Wanted()
    if holds == condition.negated:
        return Wanted(none=found)
    return Wanted(fit=(found,)) if found else None


def _several(literals: Sequence[Literal], domain: Domain) -> tuple[str, ...]:
    """Return several values of one key, as set operators ask for. Raises Impossible."""
    if any(condition.every is None for condition, _ in literals):
        raise Impossible
    each = [literal for literal in literals if literal[0].every == literal[1]]
    some = [literal for literal in literals if literal[0].every != literal[1]]
    values = [_one([*each, literal], domain) for literal in some]
    found = tuple(dict.fromkeys(value for value in values if value is not None))
    if not found or None in values:
        raise Impossible
    return found


class _Ordered:
    """A condition that compares numbers or dates."""

    def __init__(self, condition: Condition, holds: bool) -> None:
        self.is_date = condition.operator.startswith("date")
        self._compare = _COMPARE[condition.operator.removeprefix("date").removeprefix("numeric")]
        self._negated = condition.negated
        self._holds = holds
        self.limits = [self._parse(value) for value in condition.values]

    def __call__(self, text: str) -> bool:
        """Return whether the condition does what is wanted for a text."""
        given = self._parse(text)
        met = [given is not None and limit is not None and self._compare(given, limit) for limit in self.limits]
        if not self._negated:
            return any(met) == self._holds
        return (None not in (given, *self.limits) and not any(met)) == self._holds

    def _parse(self, text: str) -> Decimal | None:
        return _time(text) if self.is_date else _number(text)


def _around(conditions: Iterable[_Ordered]) -> Iterator[str]:
    """Yield texts at the limits of conditions, between them, and beyond."""
    for is_date in (False, True):
        found = {limit for each in conditions if each.is_date == is_date for limit in each.limits if limit is not None}
        limits = sorted(found)
        between = [(one + other) / 2 for one, other in pairwise(limits)]
        for number in (*limits, *between, *[limit + step for limit in limits for step in (-1, 1)]):
            yield _spelled(number, is_date)


def _spelled(number: Decimal, is_date: bool) -> str:
    if is_date:
        try:
            return datetime.fromtimestamp(float(number), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (OverflowError, ValueError, OSError):
            pass  # no date that Python knows: IAM takes the number of seconds
    return f"{number:f}"


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _time(text: str) -> Decimal | None:
    """Return seconds since 1970 of a date as W3C writes it, or of a number of seconds."""
    seconds = _number(text)
    if seconds is not None and len(text) != len("2026"):
        return seconds
    whole = text + {len("2026"): "-01-01", len("2026-11"): "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
