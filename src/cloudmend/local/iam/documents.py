"""The grammar of IAM policies: a text becomes statements, or an error that names the place and the fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

from cloudmend.local.iam.conditions import Condition, Existence, UnknownOperator, compile_condition
from cloudmend.local.iam.patterns import Context, Template, spelled, template
from cloudmend.local.iam.principals import EVERYBODY, Principals

_VERSIONS: Final = ("2008-10-17", "2012-10-17")
_KEYS: Final = frozenset({"Version", "Id", "Statement"})
_ACTION: Final = re.compile(r"\*|([A-Za-z0-9.-]+):([A-Za-z0-9*?_-]+)")
_PAIRS: Final = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_STATEMENT_KEYS: Final = frozenset({"Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)})
_PRINCIPAL_TYPES: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class MalformedPolicy(ValueError):
    """A text that is no policy. The message names the place and the fault."""


@dataclass(frozen=True, slots=True)
class Actions:
    """The element Action or NotAction: by service, the names in lower case and one pattern for those with wildcards."""

    negated: bool
    everything: bool
    exact: frozenset[str]
    wild: Mapping[str, re.Pattern[str]]

    def match(self, action: str) -> bool:
        """Return whether the element applies to an action, given in lower case."""
        return self.negated != (self.everything or action in self.exact or self._is_wild(action))

    def _is_wild(self, action: str) -> bool:
        service, _, name = action.partition(":")
        pattern = self.wild.get(service)
        return pattern is not None and pattern.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Resources:
    """The element Resource or NotResource."""

    negated: bool
    everything: bool
    templates: tuple[Template, ...]

    def match(self, resource: str, context: Context) -> bool:
        """Return whether the element applies to a resource.

        NotResource applies to none if one of its texts can be compared with nothing.
        """
        if self.everything:
            return not self.negated
        matchers = [each.matcher(context) for each in self.templates]
        if not self.negated:
            return any(matcher is not None and matcher(resource) for matcher in matchers)
        return all(matcher is not None and not matcher(resource) for matcher in matchers)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy."""

    name: str  # its Sid, or "statement 2"
    denies: bool
    actions: Actions
    resources: Resources | None
    principals: Principals | None
    conditions: tuple[Condition | Existence, ...]

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Return whether the statement applies to a request, whoever makes it. `action` is in lower case."""
        return (
            self.actions.match(action)
            and (self.resources is None or self.resources.match(resource, context))
            and all(condition(context) for condition in self.conditions)
        )


@lru_cache(maxsize=4096)
def parse_policy(text: str, name: str, of_resource: bool) -> tuple[Statement, ...]:
    """Return the statements of a policy.

    Args:
        text: the policy as JSON.
        name: the name of the policy, for errors.
        of_resource: whether a resource holds it. Its statements name principals; those of other policies do not.

    Raises:
        MalformedPolicy: the text does not follow the grammar of IAM policies.
    """
    return _Parser(f"The policy {name}", of_resource).policy(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: only one of the two would count."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return found


@dataclass(frozen=True, slots=True)
class _Parser:
    """A place in a policy, and what is read there."""

    where: str
    of_resource: bool
    variables: bool = False

    def policy(self, text: str) -> tuple[Statement, ...]:
        try:
            document = json.loads(text, object_pairs_hook=_once, parse_int=str, parse_float=str)
        except (ValueError, RecursionError) as error:  # the second where brackets are nested a thousand deep
            raise MalformedPolicy(f"{self.where} is not JSON: {error}.") from None
        self._check_keys(document, _KEYS)
        if "Statement" not in document:
            self._refuse("it has no Statement")
        version = document.get("Version", _VERSIONS[0])
        if version not in _VERSIONS:
            self._refuse(f"Version is {version!r}, not {' or '.join(_VERSIONS)}")
        return tuple(
            _Parser(f"{self.where}, statement {number}", self.of_resource, version == _VERSIONS[1]).statement(
                each, number
            )
            for number, each in enumerate(_listed(document["Statement"]), 1)
        )

    def statement(self, given: Any, number: int) -> Statement:
        self._check_keys(given, _STATEMENT_KEYS)
        if given.get("Effect") not in ("Allow", "Deny"):
            self._refuse(f"Effect is {given.get('Effect')!r}, not 'Allow' or 'Deny'")
        sid = given.get("Sid", "")
        if not isinstance(sid, str):
            self._refuse("Sid is not a text")
        self._check_pairs(given)
        return Statement(
            sid or f"statement {number}",
            given["Effect"] == "Deny",
            self._actions(given),
            self._resources(given),
            self._principals(given),
            tuple(self._conditions(given.get("Condition", {}))),
        )

    def _refuse(self, what: str) -> NoReturn:
        raise MalformedPolicy(f"{self.where}: {what}.")

    def _check_keys(self, given: Any, known: frozenset[str]) -> None:
        if not isinstance(given, dict):
            self._refuse(f"{given!r} is not an object")
        if unknown := sorted(given.keys() - known):
            self._refuse(f"{unknown[0]!r} is not an element of a policy")

    def _check_pairs(self, given: Mapping[str, Any]) -> None:
        needed = {"Action": True, "Resource": not self.of_resource, "Principal": self.of_resource}
        for one, other in _PAIRS:
            if one in given and other in given:
                self._refuse(f"it has both {one} and {other}")
            if needed[one] and one not in given and other not in given:
                self._refuse(f"it has neither {one} nor {other}")
        if not self.of_resource and ("Principal" in given or "NotPrincipal" in given):
            self._refuse("only the policy of a resource names principals")

    def _actions(self, given: Mapping[str, Any]) -> Actions:
        name = "Action" if "Action" in given else "NotAction"
        texts = self._texts(given[name], name)
        wild: dict[str, list[str]] = {}
        for text in texts:
            match = _ACTION.fullmatch(text)
            if match is None:
                self._refuse(f"{name} {text!r} is not SERVICE:ACTION")
            elif match[2] and ("*" in text or "?" in text):
                wild.setdefault(match[1].lower(), []).append(_expression(match[2].lower()))
        patterns = {service: re.compile("|".join(names)) for service, names in wild.items()}
        return Actions(name == "NotAction", "*" in texts, frozenset(map(str.lower, texts)), patterns)

    def _resources(self, given: Mapping[str, Any]) -> Resources | None:
        name = "Resource" if "Resource" in given else "NotResource"
        if name not in given:
            return None
        texts = self._texts(given[name], name)
        for text in texts:
            if not self.of_resource and text != EVERYBODY and not text.startswith("arn:"):
                self._refuse(f"{name} {text!r} is neither an ARN nor '*'")
        return Resources(name == "NotResource", EVERYBODY in texts, tuple(self._resource(text) for text in texts))

    def _resource(self, text: str) -> Template:
        return template(text, "like" if text == EVERYBODY else "resource", self.variables)

    def _principals(self, given: Mapping[str, Any]) -> Principals | None:
        name = "Principal" if "Principal" in given else "NotPrincipal"
        if name not in given:
            return None
        value = {"AWS": EVERYBODY} if given[name] == EVERYBODY else given[name]
        if not isinstance(value, dict) or not value or value.keys() - _PRINCIPAL_TYPES:
            self._refuse(f"{name} is neither '*' nor an object with {', '.join(sorted(_PRINCIPAL_TYPES))}")
        listed = {kind: frozenset(self._texts(names, f"{name}.{kind}")) for kind, names in value.items()}
        return Principals(listed, name == "NotPrincipal")

    def _conditions(self, given: Any) -> list[Condition | Existence]:
        if not isinstance(given, dict) or not all(isinstance(keys, dict) for keys in given.values()):
            self._refuse("Condition is not an object of operators, each an object of keys")
        return [
            self._condition(operator, key, value) for operator, keys in given.items() for key, value in keys.items()
        ]

    def _condition(self, operator: str, key: str, value: Any) -> Condition | Existence:
        where = f"Condition.{operator}.{key}"
        values = [spelled(each) for each in _listed(value)]
        if not all(isinstance(each, str) for each in values):
            self._refuse(f"{where} has a value that is neither text, nor number, nor boolean")
        try:
            return compile_condition(operator, key, values, self.variables)
        except UnknownOperator:
            raise MalformedPolicy(f"{self.where}: {operator!r} is not a condition operator.") from None

    def _texts(self, value: Any, what: str) -> Sequence[str]:
        texts = _listed(value)
        if not texts or not all(isinstance(text, str) and text for text in texts):
            self._refuse(f"{what} is neither a text nor a list of texts")
        return texts


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _expression(name: str) -> str:
    return re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
