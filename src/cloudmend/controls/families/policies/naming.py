"""The callers that conditions name: those of an account, an organization, a network, or a role that stands there.

This answers most policies, without any search.
"""

from __future__ import annotations

from typing import Final

from cloudmend.controls.families.policies.conditions import WITH_WILDCARDS, Condition
from cloudmend.controls.families.policies.domains import NAMING
from cloudmend.controls.families.policies.patterns import SEGMENTS, is_wild

_ACCOUNT: Final = 4  # its place among the segments of an ARN
_OF_TEXTS: Final = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_OF_ARNS: Final = frozenset({"arnequals", "arnlike"})
_NOBODY: Final = "anonymous"  # what callers without credentials have where others have an account


def names_callers(condition: Condition) -> bool:
    """Return whether a condition holds for named callers alone. False where that is not seen at once."""
    return (
        condition.key in NAMING
        and condition.operator in _OF_TEXTS
        and not (condition.negated or condition.if_exists or condition.every or condition.has_variables)
        and all(_names_caller(condition.operator, value) for value in condition.values)
    )


def _names_caller(operator: str, value: str) -> bool:
    if operator not in WITH_WILDCARDS:
        return value.lower() != _NOBODY
    if not value.startswith("arn:"):
        return not is_wild(caller_in(value)) and value != _NOBODY
    segments = value.split(":", SEGMENTS - 1)
    if len(segments) < SEGMENTS or not segments[_ACCOUNT]:
        return not is_wild(value)
    # No wildcard crosses the colons of an ARN, unless it is compared as a text.
    return not is_wild(segments[_ACCOUNT] if operator in _OF_ARNS else caller_in(value))


def is_of_many(condition: Condition) -> bool:
    """Return whether a condition has wildcards in the part of a value that tells an account, or an organization."""
    return condition.operator in WITH_WILDCARDS and any(is_wild(caller_in(value)) for value in condition.values)


def caller_in(value: str) -> str:
    """Return the part of a value that tells whose it is: an ARN up to its account, or the first of its parts."""
    if value.startswith("arn:"):
        return ":".join(value.split(":", SEGMENTS - 1)[: SEGMENTS - 1])
    return value.partition("/")[0].partition(":")[0]
