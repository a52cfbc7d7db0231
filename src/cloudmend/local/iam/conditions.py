"""The element Condition of a policy: operators, keys, and the values that they are compared with."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final, Literal

from cloudmend.local.iam.patterns import Context, Matcher, TemplateKind, template

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]
# The tests for one policy value under the keys of a request; None if it can be compared with nothing.
Compiled = Callable[[Context], Matcher | None]

_NAME: Final = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([a-z]+?)(IfExists)?", re.IGNORECASE)
_QUANTIFIERS: Final[dict[str, Quantifier]] = {"": "", "forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


class UnknownOperator(ValueError):
    """A name that is no condition operator of IAM."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An operator on a key. Call it with the keys of a request."""

    key: str  # in lower case
    quantifier: Quantifier
    negated: bool
    if_exists: bool
    values: tuple[Compiled, ...]

    def __call__(self, context: Context) -> bool:
        """Return whether the condition holds for the keys of a request."""
        value = context.get(self.key)
        if self.quantifier:
            return self._holds_for_set(value, context)
        if value is None:
            return self.negated or self.if_exists
        # AWS: a key with several values needs a set operator.
        return isinstance(value, str) and self._holds(value, self._matchers(context))

    def _holds_for_set(self, value: str | tuple[str, ...] | None, context: Context) -> bool:
        values = (value,) if isinstance(value, str) else value or ()
        if not any(values):  # AWS: no key, no values, or an empty text
            return self.quantifier == "ForAllValues"
        matchers = self._matchers(context)
        quantified = all if self.quantifier == "ForAllValues" else any
        return quantified(self._holds(each, matchers) for each in values)

    def _matchers(self, context: Context) -> Sequence[Matcher | None]:
        return [compiled(context) for compiled in self.values]

    def _holds(self, value: str, matchers: Iterable[Matcher | None]) -> bool:
        """Compare one value. What cannot be compared holds under no operator, not under a negated one either."""
        if not self.negated:
            return any(matcher is not None and matcher(value) for matcher in matchers)
        return all(matcher is not None and not matcher(value) for matcher in matchers)


@dataclass(frozen=True, slots=True)
class Existence:
    """The operator Null on one key: whether the key is absent, for each of the values."""

    key: str
    absent: frozenset[bool | None]  # None for a value that is neither true nor false, which matches nothing

    def __call__(self, context: Context) -> bool:
        """Return whether the key is absent, or present, as the policy wants it."""
        return (self.key not in context) in self.absent


def compile_condition(operator: str, key: str, values: Sequence[str], variables: bool) -> Condition | Existence:
    """Compile one operator on one key. Raise UnknownOperator if IAM has no such operator."""
    match = _NAME.fullmatch(operator)
    if match is None:
        raise UnknownOperator(operator)
    quantifier, name = _QUANTIFIERS[(match[1] or "").lower()], match[2].lower()
    if name == "null" and not quantifier and not match[3]:
        return Existence(key.lower(), frozenset(map(_boolean, values)))
    if name not in _OPERATORS:
        raise UnknownOperator(operator)
    negated, make = _OPERATORS[name]
    compiled = tuple(make(value, variables) for value in values)
    return Condition(key.lower(), quantifier, negated, match[3] is not None, compiled)


def _fixed(make: Callable[[str], Matcher | None]) -> Callable[[str, bool], Compiled]:
    """Return the compiler for an operator whose values have no variables."""

    def compiled(value: str, _variables: bool) -> Compiled:
        matcher = make(value)
        return lambda _context: matcher

    return compiled


def _text(kind: TemplateKind, value: str, variables: bool) -> Compiled:
    return template(value, kind, variables).matcher


def _ignoring_case(value: str, variables: bool) -> Compiled:
    made = template(value.lower(), "text", variables)

    def folded(context: Context) -> Matcher | None:
        lowered = {key: text.lower() for key, text in context.items() if isinstance(text, str)}
        matcher = made.matcher(lowered)
        return None if matcher is None else lambda value: matcher(value.lower())

    return folded


def _parsed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool], value: str) -> Matcher | None:
    """Compare what two texts stand for; None if the policy's text stands for nothing."""
    wanted = parse(value)
    if wanted is None:
        return None

    def test(text: str) -> bool:
        given = parse(text)
        return given is not None and compare(given, wanted)

    return test


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@lru_cache(maxsize=4096)
def _time(text: str) -> Decimal | None:
    """Return seconds since 1970, of such a number or of a date as W3C writes it."""
    seconds = _number(text)
    if seconds is not None and len(text) != len("2026"):
        return seconds
    whole = text + {len("2026"): "-01-01", len("2026-11"): "-01"}.get(len(text), "")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def _boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    """Return an address as a network of one; bits after the prefix do not count."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _within(given: IPv4Network | IPv6Network, wanted: IPv4Network | IPv6Network) -> bool:
    if isinstance(given, IPv4Network):
        return isinstance(wanted, IPv4Network) and given.subnet_of(wanted)
    return isinstance(wanted, IPv6Network) and given.subnet_of(wanted)


_Operators = dict[str, tuple[bool, Callable[[str, bool], Compiled]]]


def _operators() -> _Operators:
    """Return, by lower-case name, whether an operator is negated, and what compiles its values."""
    found: _Operators = {
        "bool": (False, _fixed(partial(_parsed, _boolean, eq))),
        "binaryequals": (False, _fixed(partial(_parsed, _bytes, eq))),
        "ipaddress": (False, _fixed(partial(_parsed, _network, _within))),
        "notipaddress": (True, _fixed(partial(_parsed, _network, _within))),
    }
    arn = partial(_text, "arn")
    positive: dict[str, Callable[[str, bool], Compiled]] = {
        "StringEquals": partial(_text, "text"),
        "StringEqualsIgnoreCase": _ignoring_case,
        "StringLike": partial(_text, "like"),
        "ArnEquals": arn,
        "ArnLike": arn,
    }
    for name, make in positive.items():
        found[name.lower()] = (False, make)
        found[re.sub("Equals|Like", r"Not\g<0>", name).lower()] = (True, make)
    orders = {"Equals": eq, "LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge}
    for prefix, parse in (("Numeric", _number), ("Date", _time)):
        for suffix, compare in orders.items():
            found[(prefix + suffix).lower()] = (False, _fixed(partial(_parsed, parse, compare)))
        found[(prefix + "NotEquals").lower()] = (True, _fixed(partial(_parsed, parse, eq)))
    return found


_OPERATORS: Final = _operators()
