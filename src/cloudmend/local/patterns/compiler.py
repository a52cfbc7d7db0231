"""Compile a pattern's JSON into branches, and search an event for leaves that satisfy a branch together.

The names in event-ruler: `JsonRuleCompiler` and its older `RuleCompiler`, `Event` and `ArrayMembership`, `ACFinder`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from cloudmend.local.patterns.operators import ABSENT, Test, value_test
from cloudmend.local.patterns.values import BadOperand

Place = Mapping[int, int]
"""For each array around a leaf, numbered in the order met, the index of the element that holds it."""
Constraint = tuple[str, tuple[Test, ...]]
"""A dotted path and its tests: one of them must accept a leaf at that path."""
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


@dataclass(frozen=True)
class Leaf:
    """A JSON string, number, true, false or null, and where in the event's arrays it stands."""

    value: object
    place: Place


def leaves(event: Mapping[str, object]) -> dict[str, list[Leaf]]:
    """The event's leaves by dotted path. Arrays leave no trace in a path; empty ones have no leaf at all."""
    found = defaultdict(list)
    for path, leaf in _walk(event, (), {}, count()):
        found[path].append(leaf)
    return found


def together(one: Place, other: Place) -> bool:
    """Return whether two places agree: where they are inside the same array, they are in the same element."""
    return all(one.get(array, index) == index for array, index in other.items())


def _walk(node: object, path: tuple[str, ...], place: Place, arrays: Iterator[int]) -> Iterator[tuple[str, Leaf]]:
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from _walk(child, (*path, name), place, arrays)
    elif isinstance(node, list | tuple):
        array = next(arrays)
        for index, child in enumerate(node):
            yield from _walk(child, path, _inside(child, place, array, index), arrays)
    else:
        yield ".".join(path), Leaf(node, place)


def _inside(child: object, place: Place, array: int, index: int) -> Place:
    """Only objects and arrays are tied to their element; a scalar element goes with any other."""
    return {**place, array: index} if isinstance(child, Mapping | list | tuple) else place


_NO_LEAF = [Leaf(ABSENT, {})]


@dataclass(frozen=True)
class Pattern:
    """An event pattern, compiled: any one branch must hold, with all of its constraints in order of path.

    The order decides in one case, as it does in event-ruler: whether a field is absent is asked of the array
    elements that the constraints before it have settled on.
    """

    branches: tuple[tuple[Constraint, ...], ...]

    def matches(self, event: Mapping[str, object]) -> bool:
        """Return whether EventBridge would send the event, as decoded from JSON, to the rule's targets."""
        found = leaves(event)
        return any(_holds(branch, found, {}) for branch in self.branches)


def _holds(constraints: Sequence[Constraint], found: Mapping[str, list[Leaf]], place: Place) -> bool:
    if not constraints:
        return True
    (path, tests), *rest = constraints
    within = [leaf for leaf in found.get(path, ()) if together(place, leaf.place)]
    return any(
        any(test(leaf.value) for test in tests) and _holds(rest, found, {**place, **leaf.place})
        for leaf in within or _NO_LEAF
    )


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
    """Continue every branch so far by every alternative; `$or` itself is no part of a path."""
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
