"""A template's parameters, held to the constraints that it declares. moto 5.2.5 checks none of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What each constraint asks of a value, both as the template and the request spell them.
_CONSTRAINTS: Mapping[str, Callable[[str, Any], bool]] = {
    "AllowedValues": lambda value, allowed: value in {str(each) for each in allowed},
    "AllowedPattern": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "MinLength": lambda value, length: len(value) >= int(length),
    "MaxLength": lambda value, length: len(value) <= int(length),
    "MinValue": lambda value, least: float(value) >= float(least),
    "MaxValue": lambda value, most: float(value) <= float(most),
}


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raises ApiError for a value that the template does not allow, or does not know."""
    declared = template.get("Parameters", {})
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        raise ApiError("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name in given:
        _check(name, given[name], declared[name])


def _check(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    if declaration.get("Type") == "Number" and not _is_number(value):
        raise ApiError("ValidationError", f"Parameter '{name}' must be a number.")
    for constraint, holds in _CONSTRAINTS.items():
        if constraint in declaration and not holds(value, declaration[constraint]):
            reason = declaration.get("ConstraintDescription", f"{constraint} is {declaration[constraint]}")
            raise ApiError("ValidationError", f"Parameter '{name}' failed to satisfy constraint: {reason}")


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
