"""A template's parameters: what its constraints let through."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.local.messages import ApiError
from cloudmend.local.templates import check_parameters


@pytest.mark.parametrize(
    ("declaration", "good", "bad"),
    [
        ({"Type": "String", "AllowedValues": ["fix", "observe"]}, "observe", "neither"),
        ({"Type": "Number", "AllowedValues": [1, 30, 90]}, "30", "31"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc", "abc1"),
        ({"Type": "String", "MinLength": 2}, "ab", "a"),
        ({"Type": "String", "MaxLength": "2"}, "ab", "abc"),
        ({"Type": "Number", "MinValue": 0}, "0", "-1"),
        ({"Type": "Number", "MaxValue": 100}, "100", "100.5"),
        ({"Type": "Number"}, "1.5", "many"),
    ],
)
def test_a_value_is_held_to_a_constraint(declaration: dict[str, Any], good: str, bad: str) -> None:
    template = {"Parameters": {"Given": declaration}}

    check_parameters(template, {"Given": good})
    with pytest.raises(ApiError, match=r"^Parameter 'Given' "):
        check_parameters(template, {"Given": bad})


def test_the_templates_own_words_explain_a_refusal() -> None:
    declaration = {"Type": "String", "AllowedValues": ["fix"], "ConstraintDescription": "Mode is fix."}

    with pytest.raises(ApiError, match=r"^Parameter 'Mode' failed to satisfy constraint: Mode is fix\.$"):
        check_parameters({"Parameters": {"Mode": declaration}}, {"Mode": "off"})


def test_a_value_for_a_parameter_that_is_not_there_is_refused() -> None:
    with pytest.raises(ApiError, match=r"Parameters: \[A, B\] do not exist in the template"):
        check_parameters({}, {"B": "1", "A": "2"})


def test_what_is_not_given_is_not_checked() -> None:
    check_parameters({"Parameters": {"Mode": {"Type": "String", "AllowedValues": ["fix"]}}}, {})
