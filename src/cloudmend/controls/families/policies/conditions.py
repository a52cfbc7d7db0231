"""A condition of a policy, and whether it holds for a value of its key."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from ipaddress import ip_network
from operator import eq, ge, gt, le, lt
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.policies import patterns
from cloudmend.controls.families.policies.patterns import SEGMENTS, VOID, Pattern, is_wild
from cloudmend.core.network import Network, lies_inside

# The keys of the elements Action and Resource, which no condition key is named like.
ACTION: Final = "action"
RESOURCE: Final = "resource"
# The value of a key: None if the request has none, several for a key of lists.
Value = str | tuple[str, ...] | None

ANYWHERE: Final = "*"  # as a range of addresses
# `${key}`, or `${key, 'the text if the request lacks the key'}`.
VARIABLE: Final = re.compile(r"\$\{([^{},']+)(?:, '([^']*)')?\}")
# The operators that know variables. Numbers, dates, booleans, and addresses have none.
WITH_VARIABLES: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnlike", "arnequals", RESOURCE}
)
# The operators whose values have wildcards.
WITH_WILDCARDS: Final = frozenset({"stringlike", "arnequals", "arnlike", RESOURCE})
_MOST: Final = 308  # digits before or behind the point of a number
_COMPARE: Final = {"equals": eq, "lessthan": lt, "lessthanequals": le, "greaterthan": gt, "greaterthanequals": ge}


class Condition(Struct, frozen=True, dict=True):
    """An operator on a key: `ForAnyValue:StringNotLikeIfExists` is the operator `stringlike`, negated."""

    key: str  # in lower case
    spelled: str  # the key, as the policy has it
    operator: str  # in lower case, without what the next three say
    negated: bool
    if_exists: bool
    every: bool | None  # of a set operator, whether each value has to meet it, or one has to; None: it is none
    values: tuple[str, ...]
    has_variables: bool = False  # whether `${...}` in a value is one

    @cached_property
    def texts(self) -> Texts | None:
        """Its values as patterns; None if it compares no texts."""
        read = _PATTERNS.get(self.operator)
        return _texts(self.values, read, self.operator in _OF_ARNS) if read else None

    @cached_property
    def limits(self) -> Sequence[Decimal | None]:
        """Its values as numbers, dates in seconds since 1970; None for one that is none."""
        return [self.number(value) for value in self.values]

    @property
    def is_of_dates(self) -> bool:
        """Return whether it compares dates."""
        return self.operator.startswith("date")

    def number(self, text: str) -> Decimal | None:
        """Return a text as the number, or the seconds since 1970, that it compares."""
        return time(text) if self.is_of_dates else number(text)


class Texts(Struct, frozen=True):
    """The patterns of a condition's values.

    It is not known how AWS compares an ARN with a text that has wildcards, but fewer than five colons. So it `may_fit`
    any ARN, and is not among those that `fit`. `is_void`: some value can be compared with nothing.
    """

    fit: tuple[Pattern, ...]
    may_fit: tuple[Pattern, ...]
    is_void: bool


def _texts(values: Sequence[str], read: Callable[[str], Pattern | None], of_arns: bool) -> Texts:
    short = {value for value in values if of_arns and value.count(":") < SEGMENTS - 1 and is_wild(value)}
    found = [None if value == VOID else read(value) for value in values if value not in short]
    known = tuple(each for each in found if each is not None)
    return Texts(known, (*known, *(_ANYTHING for _ in short)), len(known) < len(found))


def _binary(text: str) -> Pattern | None:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return patterns.literal(text)


def _bool(text: str) -> Pattern | None:
    return patterns.folded(text) if text.lower() in ("true", "false") else None


def _action(text: str) -> Pattern:
    return patterns.glob(text.lower())


_ANYTHING: Final = patterns.glob("*")
_OF_ARNS: Final = frozenset({"arnequals", "arnlike"})
_PATTERNS: Final[Mapping[str, Callable[[str], Pattern | None]]] = {
    "stringequals": patterns.literal,
    "stringequalsignorecase": patterns.folded,
    "binaryequals": _binary,
    "stringlike": patterns.glob,
    "arnequals": patterns.arn,
    "arnlike": patterns.arn,
    ACTION: _action,
    RESOURCE: patterns.arn,
    "bool": _bool,
}


def does(condition: Condition, wanted: bool, value: Value) -> bool:
    """Return whether a condition, which has no variables, holds for a value as wanted: holds, or fails.

    Both can be so where it is not known how AWS compares.
    """
    if value is None:
        return holds_without(condition) == wanted
    if condition.operator == "null":
        return stands(condition) == wanted
    if isinstance(value, str):
        return _does_one(condition, wanted, value)
    if condition.every is None:
        return not wanted  # a key of lists needs a set operator
    quantified = all if condition.every == wanted else any
    return quantified(_does_one(condition, wanted, each) for each in value)


def holds_without(condition: Condition) -> bool:
    """Return whether a condition holds for a request without the key."""
    if condition.operator == "null":
        return any(value.lower() == "true" for value in condition.values)
    return condition.if_exists or condition.negated if condition.every is None else condition.every


def stands(condition: Condition) -> bool:
    """Return whether an operator Null holds for a key that the request has."""
    return any(value.lower() == "false" for value in condition.values)


def _does_one(condition: Condition, wanted: bool, value: str) -> bool:
    asks_for = wanted != condition.negated
    if condition.texts is not None:
        void, fit = condition.texts.is_void, condition.texts.may_fit if asks_for else condition.texts.fit
        met = any(each.matches(value) for each in fit)
    elif condition.operator == "ipaddress":
        void, met = _is_within(condition.values, asks_for, value)
    else:
        given = condition.number(value)
        compare = _COMPARE[condition.operator.removeprefix("date").removeprefix("numeric")]
        met = given is not None and any(limit is not None and compare(given, limit) for limit in condition.limits)
        void = None in condition.limits
    if void and condition.negated:
        return not wanted  # what can be compared with nothing meets no operator, not a negated one either
    return met == asks_for


def _is_within(values: Sequence[str], asks_for: bool, value: str) -> tuple[bool, bool]:
    """Return whether some text is no range, and whether an address is in one of the others.

    It is not known how AWS compares an address with `*`.
    """
    networks = [network(each) for each in values if each != ANYWHERE]
    given = network(value)
    met = given is not None and any(each is not None and lies_inside(given, each) for each in networks)
    return None in networks, met or (asks_for and ANYWHERE in values)


@lru_cache(maxsize=4096)
def network(text: str) -> Network | None:
    """Return the range that a text names, an address too; None if it names none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """Return the number that a text is; None if it is none."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= _MOST else None


@lru_cache(maxsize=4096)
def time(text: str) -> Decimal | None:
    """Return seconds since 1970 of a date as W3C writes it, or of a number of seconds."""
    seconds = number(text)
    if seconds is not None and len(text) != len("2026"):
        return seconds
    whole = text + {len("2026"): "-01-01", len("2026-11"): "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
