"""May a service use a resource? The part of a resource policy that EventBridge's deliveries depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True)
class ServiceUse:
    """A service that acts for one of its resources: EventBridge, for a rule."""

    service: str
    action: str
    source_arn: str
    source_account: str


_CONDITION_OPERATORS = {
    "StringEquals": lambda value, pattern: value == pattern,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
}


def allows(policy: Mapping[str, Any], use: ServiceUse) -> bool:
    """Return whether a statement allows the use and none denies it. A condition that is not known here is not met."""
    effects = {statement["Effect"] for statement in _list(policy["Statement"]) if _applies(statement, use)}
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], use: ServiceUse) -> bool:
    return (
        _names_service(statement["Principal"], use.service)
        and any(fnmatchcase(use.action.lower(), action.lower()) for action in _list(statement["Action"]))
        and _is_met(statement.get("Condition", {}), use)
    )


def _names_service(principal: str | Mapping[str, Any], service: str) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    return service in _list(principal.get("Service", ())) or "*" in _list(principal.get("AWS", ()))


def _is_met(condition: Mapping[str, Mapping[str, Any]], use: ServiceUse) -> bool:
    context = {"aws:sourcearn": use.source_arn, "aws:sourceaccount": use.source_account}
    return all(
        _holds(operator, context.get(key.lower()), patterns)
        for operator, keys in condition.items()
        for key, patterns in keys.items()
    )


def _holds(operator: str, value: str | None, patterns: str | list[str]) -> bool:
    test = _CONDITION_OPERATORS.get(operator)
    return test is not None and value is not None and any(test(value, pattern) for pattern in _list(patterns))


def _list(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | Mapping) else list(value)
