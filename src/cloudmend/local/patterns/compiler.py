"""From a pattern's JSON to its branches (event-ruler's `JsonRuleCompiler` and its older `RuleCompiler`)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloudmend.local.patterns.operators import Test, value_test
from cloudmend.local.patterns.pattern import Pattern
from cloudmend.local.patterns.values import BadOperand

PATTERN_QUOTA = 2048
"""Characters in an event pattern: the default of an adjustable quota (User Guide, "Event pattern size")."""

_COMBINATIONS_LIMIT = 1000
_OR = "$or"
_RESERVED_IN_OR = frozenset(
    {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "html",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    }
)
"""Field names that show that a `$or` is no operator (RESERVED_FIELD_NAMES_IN_OR_RELATIONSHIP)."""

_Branch = dict[str, tuple[Test, ...]]


class InvalidPattern(ValueError):
    """EventBridge would answer `InvalidEventPatternException`; `path` leads to the offending key."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason} (at {path or 'the top level'})")
        self.reason = reason
        self.path = path


@dataclass(frozen=True)
class _Scope:
    """The compiler's position: what `$or` is, the keys down to here, and the keys that may not be here."""

    or_is_operator: bool
    path: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()

    def refuse(self, reason: str) -> InvalidPattern:
        return InvalidPattern(reason, ".".join(self.path))


def compile_pattern(pattern: Mapping[str, object] | str) -> Pattern:
    """The pattern, ready to match; raises InvalidPattern for what EventBridge refuses.

    A `$or` that cannot be the operator is taken for a field of that name, everywhere in the pattern (README,
    "backward compatibility"); if that fails too, the first reason is given, as the one the author needs.

    Stricter than EventBridge in one thing: two constraints on one path are refused, as event-ruler does when
    told to (`withRuleOverriding(false)`). EventBridge drops the earlier one without a word.
    """
    fields = _fields(pattern)
    try:
        branches = _object(fields, [{}], _Scope(or_is_operator=True))
    except InvalidPattern as refusal:
        branches = _with_or_as_field(fields, refusal)
    return Pattern(tuple(tuple(sorted(branch.items(), key=lambda entry: entry[0])) for branch in branches))


def _fields(pattern: Mapping[str, object] | str) -> Mapping[str, object]:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern, default=repr, ensure_ascii=False)
    if len(text) > PATTERN_QUOTA:
        raise InvalidPattern(f"{len(text)} characters are more than the quota of {PATTERN_QUOTA}", "")
    fields = _decoded(pattern) if isinstance(pattern, str) else pattern
    if not isinstance(fields, Mapping):
        raise InvalidPattern("Filter is not an object", "")
    return fields


def _decoded(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise InvalidPattern(f"not JSON: {error}", "") from None


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidPattern(_repeated(name), name)
    return dict(pairs)


def _repeated(path: str) -> str:
    return f"Path `{path}` cannot be allowed multiple times"


def _with_or_as_field(fields: Mapping[str, object], refusal: InvalidPattern) -> list[_Branch]:
    try:
        return _object(fields, [{}], _Scope(or_is_operator=False))
    except InvalidPattern:
        raise refusal from None


def _object(fields: Mapping[str, object], branches: list[_Branch], scope: _Scope) -> list[_Branch]:
    """The branches so far, with the constraints of an object's fields added to each."""
    if not fields:
        raise scope.refuse("Empty objects are not allowed")
    for name, value in fields.items():
        inner = replace(scope, path=(*scope.path, name))
        if name == _OR and scope.or_is_operator:
            branches = _alternatives(value, branches, scope, inner)
        else:
            branches = _field(value, branches, inner)
    return branches


def _field(value: object, branches: list[_Branch], scope: _Scope) -> list[_Branch]:
    name = scope.path[-1]
    if name in scope.reserved:
        raise scope.refuse(f"{name} is Ruler reserved fieldName which cannot be used inside {_OR}.")
    if isinstance(value, Mapping):
        return _object(value, branches, scope)
    if not isinstance(value, list | tuple):
        raise scope.refuse(f'"{name}" must be an object or an array')
    return _constrained(value, branches, scope)


def _constrained(members: Sequence[object], branches: list[_Branch], scope: _Scope) -> list[_Branch]:
    path = ".".join(scope.path)
    if not members:
        raise scope.refuse("Empty arrays are not allowed")
    if any(path in branch for branch in branches):
        raise scope.refuse(_repeated(path))
    try:
        tests = tuple(value_test(member) for member in members)
    except BadOperand as error:
        raise scope.refuse(str(error)) from None
    return [{**branch, path: tests} for branch in branches]


def _alternatives(value: object, branches: list[_Branch], scope: _Scope, inner: _Scope) -> list[_Branch]:
    """Every branch so far continued by every alternative; `$or` itself is no part of a path."""
    if not isinstance(value, list | tuple):
        raise inner.refuse(f"It must be an Array followed with {_OR}.")
    if len(value) < 2:
        raise inner.refuse(f"There must have at least 2 Objects in {_OR} relationship.")
    if not all(isinstance(alternative, Mapping) for alternative in value):
        raise inner.refuse(f"Only JSON object is allowed in array of {_OR} relationship.")
    within = replace(scope, reserved=_RESERVED_IN_OR)
    continued = [branch for alternative in value for branch in _object(alternative, branches, within)]
    if len(continued) > _COMBINATIONS_LIMIT:
        raise inner.refuse(f"{_OR} makes more than {_COMBINATIONS_LIMIT} rule combinations")
    return continued
