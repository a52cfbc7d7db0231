"""A member of a pattern's list, such as `"running"` or `{"prefix": "aws."}`, as a test of one leaf."""

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from cloudmend.local.patterns.values import (
    FORMS,
    FORMS_IGNORING_CASE,
    NUMBER_LIMIT,
    BadOperand,
    address,
    json_text,
    network,
    number,
)

Test = Callable[[object], bool]
"""Whether a leaf's value is accepted; asked of ABSENT where the event has no such leaf."""

ABSENT = object()


def value_test(member: object) -> Test:
    """The test for one member of a list; raises BadOperand for what EventBridge refuses."""
    if isinstance(member, Mapping):
        return _operator(member)
    if isinstance(member, str):
        return _same_text(member) if address(member) is None else _same_address(member)
    if json_text(member) is None:
        raise BadOperand("Match value must be String, number, true, false, or null")
    return _same_json(member)


def _operator(expression: Mapping[str, object]) -> Test:
    name, operand = _only_entry(expression)
    if name not in _OPERATORS:
        raise BadOperand(f"Unrecognized match type {name}")
    return _OPERATORS[name](operand)


def _only_entry(expression: Mapping[str, object]) -> tuple[str, object]:
    if not expression:
        raise BadOperand("Match expression name not found")
    if len(expression) > 1:
        raise BadOperand("Only one key allowed in match expression")
    return next(iter(expression.items()))


def _string(operand: object, name: str) -> str:
    if not isinstance(operand, str):
        raise BadOperand(f"{name} match pattern must be a string")
    return operand


def _same_text(text: str) -> Test:
    return lambda value: value == text


def _same_address(text: str) -> Test:
    """Addresses are compared by value: `2001:db8::1` is `2001:DB8:0::1`."""
    wanted = address(text)
    return lambda value: address(value) == wanted


def _same_json(member: object) -> Test:
    """true, false and null by text; numbers by value, or by text where they are too large or too fine."""
    wanted, text = number(member), json_text(member)
    return lambda value: json_text(value) == text or (wanted is not None and number(value) == wanted)


def _same_number(wanted: Decimal) -> Test:
    return lambda value: number(value) == wanted


def _exactly(operand: object) -> Test:
    return _same_text(_string(operand, "exact"))


def _like(expression: str) -> Test:
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


def _text_operator(name: str, operand: object) -> Test:
    if name not in FORMS_IGNORING_CASE or not isinstance(operand, Mapping):
        return _like(FORMS[name](_string(operand, name)))
    inner, text = _only_entry(operand)
    if inner != "equals-ignore-case":
        raise BadOperand(f"Unsupported {name} pattern: {inner}")
    return _like(FORMS_IGNORING_CASE[name](_string(text, inner)))


def _cidr(operand: object) -> Test:
    block = network(_string(operand, "cidr"))
    return lambda value: (found := address(value)) is not None and found in block


def _exists(operand: object) -> Test:
    if not isinstance(operand, bool):
        raise BadOperand("exists match pattern must be either true or false.")
    return lambda value: (value is not ABSENT) is operand


def _numeric(operand: object) -> Test:
    match operand:
        case ["=", exact]:
            return _same_number(_bound(exact))
        case [("<" | "<=") as upper, top]:
            return _range(">=", -NUMBER_LIMIT, upper, _bound(top))
        case [(">" | ">=") as lower, bottom]:
            return _range(lower, _bound(bottom), "<=", NUMBER_LIMIT)
        case [(">" | ">=") as lower, bottom, ("<" | "<=") as upper, top]:
            return _range(lower, _bound(bottom), upper, _bound(top))
    raise BadOperand("numeric takes one comparison, or a lower bound (>, >=) and then an upper one (<, <=)")


def _bound(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOperand(f"A number is needed, not {json.dumps(value, default=repr)}")
    bound = number(value)
    if bound is None:
        raise BadOperand(f"{value} is not between -5.0E9 and 5.0E9, inclusive, with up to 6 decimals")
    return bound


def _range(lower: str, bottom: Decimal, upper: str, top: Decimal) -> Test:
    if bottom >= top:
        raise BadOperand("Bottom must be less than top")
    above, below = _COMPARISONS[lower], _COMPARISONS[upper]
    return lambda value: (found := number(value)) is not None and above(found, bottom) and below(found, top)


def _anything_but(operand: object) -> Test:
    """Any leaf that none of the operand's tests accepts, of whatever type; there must be a leaf."""
    tests = _nested_tests(operand) if isinstance(operand, Mapping) else _plain_tests(_as_list(operand))
    if not tests:
        raise BadOperand("Empty arrays are not allowed")
    return lambda value: value is not ABSENT and not any(test(value) for test in tests)


def _as_list(operand: object) -> Sequence[object]:
    return operand if isinstance(operand, list | tuple) else [operand]


def _plain_tests(members: Sequence[object]) -> list[Test]:
    texts = [member for member in members if isinstance(member, str)]
    if texts and len(texts) < len(members):
        raise BadOperand(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return [_same_text(text) for text in texts] or [_same_number(_bound(member)) for member in members]


def _nested_tests(expression: Mapping[str, object]) -> list[Test]:
    name, operand = _only_entry(expression)
    if name not in FORMS:
        raise BadOperand(f"Unsupported anything-but pattern: {name}")
    texts = [_string(member, name) for member in _as_list(operand)]
    if name in FORMS_IGNORING_CASE and "" in texts:
        raise BadOperand("Null prefix/suffix not allowed")
    return [_like(FORMS[name](text)) for text in texts]


_COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_OPERATORS: Mapping[str, Callable[[object], Test]] = {
    **{name: partial(_text_operator, name) for name in FORMS},
    "anything-but": _anything_but,
    "cidr": _cidr,
    "exactly": _exactly,
    "exists": _exists,
    "numeric": _numeric,
}
