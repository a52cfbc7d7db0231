"""The event selectors of a trail, as PutEventSelectors takes them: basic or advanced, within AWS's bounds.

CloudTrail API Reference: EventSelector, AdvancedEventSelector, and AdvancedFieldSelector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cloudmend.local.messages import ApiError

_BASIC: Final = 5
_VALUES: Final = 500
_READ_WRITE: Final = frozenset({"All", "ReadOnly", "WriteOnly"})
_EXCLUDABLE: Final = frozenset({"kms.amazonaws.com", "rdsdata.amazonaws.com"})
_OPERATORS: Final = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")
_CATEGORIES: Final = frozenset({"Management", "Data", "NetworkActivity"})
_EQUALS_ALONE: Final = frozenset({"eventCategory", "readOnly", "resources.type"})
_OF_MANAGEMENT: Final = frozenset(
    {
        "eventCategory",
        "eventName",
        "eventSource",
        "eventType",
        "readOnly",
        "sessionCredentialFromConsole",
        "userIdentity.arn",
    }
)


def checked_selectors(
    params: Mapping[str, Any], default: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the basic and the advanced selectors of a call, one of the two empty. Raises ApiError."""
    basic, advanced = params.get("EventSelectors") or [], params.get("AdvancedEventSelectors") or []
    if bool(basic) == bool(advanced):
        raise _invalid("Either EventSelectors or AdvancedEventSelectors is given.")
    if len(basic) > _BASIC:
        raise _invalid(f"A trail has at most {_BASIC} event selectors.")
    if sum(len(values) for each in advanced for field in _fields(each) for values in _conditions(field)) > _VALUES:
        raise _invalid(f"The advanced event selectors of a trail have at most {_VALUES} values.")
    for each in basic:
        _check_basic(each)
    for each in advanced:
        _check_advanced(each)
    return [{**default, **each} for each in basic], list(advanced)


def _check_basic(selector: Mapping[str, Any]) -> None:
    kind = selector.get("ReadWriteType", "All")
    if kind not in _READ_WRITE:
        raise _invalid(f"{kind} is not a ReadWriteType.")
    excluded = set(selector.get("ExcludeManagementEventSources", ()))
    if not excluded <= _EXCLUDABLE:
        raise _invalid(f"{', '.join(sorted(excluded - _EXCLUDABLE))} cannot be excluded.")
    if excluded and not selector.get("IncludeManagementEvents", True):
        raise _invalid("Sources are excluded from management events alone, which the selector does not include.")


def _check_advanced(selector: Mapping[str, Any]) -> None:
    fields = _fields(selector)
    names = [each.get("Field") for each in fields]
    categories = [each.get("Equals") for each in fields if each.get("Field") == "eventCategory"]
    if len(categories) != 1 or not categories[0] or len(categories[0]) != 1 or categories[0][0] not in _CATEGORIES:
        raise _invalid("Each advanced event selector has one eventCategory: Management, Data, or NetworkActivity.")
    if len(names) != len(set(names)):
        raise _invalid("A field stands once in an advanced event selector.")
    if categories[0] == ["Management"] and (strange := set(names) - _OF_MANAGEMENT):
        raise _invalid(f"{', '.join(sorted(map(str, strange)))} does not select management events.")
    for each in fields:
        _check_field(each)


def _check_field(field: Mapping[str, Any]) -> None:
    used = {name for name in _OPERATORS if field.get(name)}
    if not used:
        raise _invalid(f"{field['Field']} has no operator with a value.")
    if field["Field"] in _EQUALS_ALONE and used != {"Equals"}:
        raise _invalid(f"{field['Field']} takes Equals alone.")
    if field["Field"] == "readOnly" and not set(field["Equals"]) <= {"true", "false"}:
        raise _invalid("readOnly is true or false.")


def _fields(selector: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return selector.get("FieldSelectors") or ()


def _conditions(field: Mapping[str, Any]) -> list[Sequence[str]]:
    return [field.get(name) or () for name in _OPERATORS]


def _invalid(reason: str) -> ApiError:
    return ApiError("InvalidEventSelectorsException", reason)
