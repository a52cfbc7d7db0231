"""A resource policy as AWS stores it, read into statements. AWS reads it leniently in these ways, and so does this."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

from msgspec import Struct

from cloudmend.controls.families.policies.conditions import ACTION, RESOURCE, VARIABLE, WITH_VARIABLES, Condition
from cloudmend.controls.families.policies.patterns import RESERVED
from cloudmend.core.errors import InputError
from cloudmend.core.model import Json

# Everybody, as the element Principal names it. EventBridge shows the ARN.
_EVERYBODY: Final = re.compile(r"\*|arn:[\w-]+:iam::\*:root")
_OPERATOR: Final = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([a-z]+?)(IfExists)?", re.IGNORECASE)
_TEXTS: Final = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
_ORDERS: Final = ("Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
# Operators by their names in lower case: the one that they are or deny, and whether they deny it.
_OPERATORS: Final[Mapping[str, tuple[str, bool]]] = {
    **{name.lower(): (name.lower(), False) for name in (*_TEXTS, "Bool", "BinaryEquals", "IpAddress", "Null")},
    **{re.sub("Equals|Like", r"Not\g<0>", name, count=1).lower(): (name.lower(), True) for name in _TEXTS},
    "notipaddress": ("ipaddress", True),
    **{(kind + name).lower(): ((kind + name).lower(), False) for kind in ("Numeric", "Date") for name in _ORDERS},
    **{f"{kind}notequals": (f"{kind}equals", True) for kind in ("numeric", "date")},
}
_NULL: Final = _OPERATORS["null"]


class Principals(Struct, frozen=True):
    """The element Principal, or NotPrincipal (`others`). `named`: by AWS, Service, Federated, CanonicalUser."""

    others: bool
    everybody: bool
    named: Mapping[str, tuple[str, ...]]

    @property
    def admits_strangers(self) -> bool:
        """Return whether any AWS principal, and a caller without credentials, is one of them."""
        return self.everybody != self.others


class Statement(Struct, frozen=True):
    """A statement. Its elements Action and Resource are conditions too, on the keys ACTION and RESOURCE."""

    place: int  # in the policy, from 0
    sid: str
    denies: bool
    principals: Principals
    conditions: tuple[Condition, ...]


def statements_of(policy: Json) -> list[Any]:
    """Return the statements of a policy as they stand there: one alone needs no list."""
    return _listed(policy.get("Statement", []))


def parse(text: str) -> Json:
    """Return the document of a policy. Raises InputError."""
    try:
        policy = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The policy is not JSON: {error}.") from None
    if not isinstance(policy, dict):
        raise InputError("The policy is not a JSON object.")
    return policy


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: only one of the two would count."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


def read(policy: Json) -> tuple[Statement, ...]:
    """Return the statements of a resource policy. Raises InputError, with the place."""
    version = policy.get("Version", "2008-10-17")
    if "Statement" not in policy:
        raise InputError("The policy has no Statement.")
    return tuple(
        _Reader(place, each, str(version) != "2008-10-17").statement()
        for place, each in enumerate(statements_of(policy))
    )


class _Reader:
    """A statement, and the place that an error names."""

    def __init__(self, place: int, given: Any, knows_variables: bool) -> None:
        self._place = place
        self._given = given
        self._knows_variables = knows_variables

    def statement(self) -> Statement:
        given = self._given
        if not isinstance(given, dict):
            self._refuse(f"{given!r} is no object")
        if given.get("Effect") not in ("Allow", "Deny"):
            self._refuse(f"Effect is {given.get('Effect')!r}, not 'Allow' or 'Deny'")
        actions = self._element("Action", ACTION)
        if not actions:
            self._refuse("it has neither Action nor NotAction")
        return Statement(
            place=self._place,
            sid=str(given.get("Sid") or ""),
            denies=given["Effect"] == "Deny",
            principals=self._principals(),
            conditions=(*actions, *self._element("Resource", RESOURCE), *self._conditions()),
        )

    def _refuse(self, what: str) -> NoReturn:
        raise InputError(f"Statement number {self._place + 1} of the policy cannot be read: {what}.")

    def _element(self, name: str, key: str) -> list[Condition]:
        named = ((name, False), (f"Not{name}", True))
        return [
            self._condition(key, (key, others), self._texts(self._given[each], each))
            for each, others in named
            if each in self._given
        ]

    def _condition(
        self, key: str, operator: tuple[str, bool], values: tuple[str, ...], exists: bool = False, set_: str = ""
    ) -> Condition:
        every = {"forallvalues": True, "foranyvalue": False}.get(set_.lower())
        variables = (
            self._knows_variables
            and operator[0] in WITH_VARIABLES
            and any("${" in each and VARIABLE.search(each) for each in values)
        )
        return Condition(key.lower(), key, *operator, exists, every, values, variables)

    def _principals(self) -> Principals:
        others = "Principal" not in self._given
        name = "NotPrincipal" if others else "Principal"
        if name not in self._given:
            self._refuse("it names no Principal, so it is not of the policy of a resource")
        value = self._given[name]
        by_word = {"AWS": value} if isinstance(value, str) else value
        if not isinstance(by_word, dict):
            self._refuse(f"{name} is {value!r}, neither '*' nor an object")
        named = {word: self._texts(names, f"{name}.{word}") for word, names in by_word.items()}
        everybody = any(_EVERYBODY.fullmatch(each) for each in named.get("AWS", ()))
        return Principals(others, everybody, named)

    def _conditions(self) -> Iterator[Condition]:
        for operator, keys in self._objects(self._given.get("Condition") or {}, "Condition"):
            match = _OPERATOR.fullmatch(operator)
            found = match and _OPERATORS.get(match[2].lower())
            if not match or not found or (found == _NULL and (match[1] or match[3])):
                self._refuse(f"{operator!r} is no operator of a condition that cloudmend knows")
            for key, value in self._objects(keys, f"Condition.{operator}"):
                values = self._texts(value, f"Condition.{operator}.{key}")
                yield self._condition(key, found, values, bool(match[3]), match[1] or "")

    def _objects(self, value: Any, what: str) -> Iterable[tuple[str, Any]]:
        if not isinstance(value, dict):
            self._refuse(f"{what} is no object")
        return value.items()

    def _texts(self, value: Any, what: str) -> tuple[str, ...]:
        values = _listed(value)
        if not all(isinstance(each, str | int | float) for each in values):
            self._refuse(f"{what} is neither a text nor a list of texts")
        found = tuple(json.dumps(each) if isinstance(each, bool) else str(each) for each in values)
        if any(not each.isascii() and RESERVED.search(each) for each in found):
            self._refuse(f"{what} has a character that Unicode keeps for programs")
        return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
