"""The kinds of resources: a setting of an account is one in each Region."""

from __future__ import annotations

import re

import pytest

from cloudmend.controls import every
from cloudmend.controls.resource_types import _of_region
from cloudmend.core.contract import ResourceType


def test_a_setting_is_known_by_the_name_of_its_region() -> None:
    made = _of_region("AWS::EC2::Setting", "setting of EC2")
    pattern = r"[a-z]{2}(-[a-z]+)+-[0-9]"
    assert made == ResourceType(type="AWS::EC2::Setting", noun="setting of EC2", id_pattern=pattern, scope="region")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("us-east-1", True), ("us-gov-west-1", True), ("ap-southeast-5", True), ("us-east", False), ("useast1", False)],
)
def test_the_pattern_is_that_of_regions(name: str, is_one: bool) -> None:
    (pattern,) = {each.resource.id_pattern for each in every() if each.resource.scope == "region"}
    assert (re.fullmatch(pattern, name) is not None) is is_one
