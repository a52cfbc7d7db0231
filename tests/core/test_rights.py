"""Which rights cover a call: its action, and the conditions as far as its parameters tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Right, rights
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.planning import calls, check_rights, covered
from cloudmend.core.ports import Call
from core.test_planning import ON, planned, seen
from lamps import CONTROL, ID


@pytest.mark.parametrize(
    ("conditions", "is_covered"),
    [
        ({"StringEquals": {"home:Switch": "hall"}}, True),
        ({"StringEquals": {"home:Switch": ["hall", "stairs"]}}, True),
        ({"StringEquals": {"home:Switch": "stairs"}}, False),
        ({"StringEquals": {"home:Nowhere": "hall"}}, False),
        ({"StringEquals": {"home:Of:Switch": "hall"}}, False),
        ({"Null": {"home:Switch": "false"}}, True),
        ({"Null": {"home:Switch": "true"}}, False),
        ({"Null": {"home:Nowhere": "true"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Team": "net"}}, True),
    ],
)
def test_a_right_covers_a_call_by_its_conditions_too(conditions: Any, is_covered: bool) -> None:
    sent = calls(CONTROL, seen().resource, seen().state, {**ON, "hall": "off"})
    declared = [Right("home:SetSwitch", conditions)]
    if is_covered:
        check_rights(sent, declared)
    else:
        with pytest.raises(UnsafePlan):
            check_rights(sent, declared)


@pytest.mark.parametrize(
    ("key", "values", "is_covered"),
    [
        ("home:Lamps/Id/Ids", ["1", "2"], True),
        ("home:lamps/ids", ["1", "2", "3"], True),
        ("home:Lamps/Ids", ["1", "2"], False),
        ("home:Ids/Lamps", ["1", "2"], False),
        ("home:Lamps/Bright", ["true"], True),
        ("home:Lamps/Bright", ["True"], False),
        ("home:Name", ["TRUE"], True),
        ("home:Name", ["true"], False),
        ("home:Rooms/Lamps/Ids", ["3"], True),
        ("home:Rooms/Ids", ["3"], True),
    ],
)
def test_a_condition_holds_for_all_values_beneath_its_names(key: str, values: Sequence[str], is_covered: bool) -> None:
    params = {
        "Lamps": [{"Id": {"Ids": [1, 2]}, "Bright": True}],
        "Rooms": ({"Lamps": {"Ids": (3,)}},),
        "Name": "TRUE",
    }
    assert covered(Call("home", "SetSwitch", params), Right("home:SetSwitch", {"StringEquals": {key: values}})) is (
        is_covered
    )


def test_a_call_that_is_not_declared_is_told_with_its_parameters_and_parts_in_their_order() -> None:
    bug = "Nothing was changed. This is a bug of the control: please report it with this line."
    with pytest.raises(UnsafePlan) as undeclared:
        check_rights([Call("home", "SetSwitch", {"Id": ID})], rights("home:GetLamp"))
    assert (
        str(undeclared.value) == f"The plan needs home:SetSwitch with {{'Id': 'lamp-1'}}, which is not declared. {bug}"
    )
    with pytest.raises(UnsafePlan) as left:
        planned(replace(CONTROL, mend=lambda *_: {}), seen({"stairs": "on", "hall": "on"}))
    assert str(left.value) == f"The plan would leave hall, stairs at fault. {bug}"
