"""A group and a rule that a command line names: found, or refused with what to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudmend.controls.security_group_ingress.marks import check_group_id, find_group, mark_named
from cloudmend.core.errors import InputError
from cloudmend.core.model import Request

GROUP, RULE = "sg-05fe30eb67c909f27", "sgr-05fe30eb67c909f27"
ROW = {"SecurityGroupRuleId": RULE, "IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD = {"CidrIpv4": "0.0.0.0/0"}


class Rows:
    """A Reader whose one list has these rows, and which notes what it was asked."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self._rows = rows
        self.asked: list[tuple[Request, str]] = []

    def rows(self, request: Request, key: str) -> Any:
        self.asked.append((request, key))
        return self._rows


@pytest.mark.parametrize("group", ["sg-05fe30e", "SG-05fe30eb67c909f27", f"{GROUP}0", f"x{GROUP}", "web", ""])
def test_what_is_no_group_s_id_is_refused(group: str) -> None:
    check_group_id(GROUP)
    check_group_id("sg-05fe30eb")
    with pytest.raises(InputError) as refused:
        check_group_id(group)
    assert str(refused.value) == f"{group!r} is not a security group id. One is like sg-05fe30eb67c909f27."


def test_a_group_is_found_by_its_id() -> None:
    reader: Any = Rows({"GroupId": GROUP})
    assert find_group(GROUP, reader, "eu-west-1") == {"GroupId": GROUP}
    filters = [{"Name": "group-id", "Values": [GROUP]}]
    assert reader.asked == [(Request("ec2:DescribeSecurityGroups", {"Filters": filters}), "SecurityGroups")]


def test_a_group_that_is_not_there_is_refused_with_its_region() -> None:
    reader: Any = Rows()
    with pytest.raises(InputError) as refused:
        find_group(GROUP, reader, "eu-west-1")
    assert str(refused.value) == (
        f"There is no security group {GROUP} in eu-west-1. Nothing was changed. Is it in another Region?"
    )


def test_a_rule_is_named_by_its_id_or_by_what_it_says() -> None:
    reader: Any = Rows(
        {**ROW, **WORLD, "SecurityGroupRuleId": "sgr-0f30ccc3fc066201a"}, {**ROW, "CidrIpv4": "1.0.0.0/8"}
    )
    assert mark_named(RULE, GROUP, reader) == "tcp/22 from 1.0.0.0/8"
    filters = [{"Name": "group-id", "Values": [GROUP]}]
    asked = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters})
    assert reader.asked == [(asked, "SecurityGroupRules")]
    assert mark_named("tcp/022 from 0.0.0.0/0", GROUP, reader) == "tcp/22 from 0.0.0.0/0"


@pytest.mark.parametrize("rows", [[], [{**ROW, **WORLD, "IsEgress": True}]])
def test_a_rule_that_is_no_ingress_rule_of_the_group_is_refused(rows: list[Mapping[str, Any]]) -> None:
    reader: Any = Rows(*rows)
    with pytest.raises(InputError) as refused:
        mark_named(RULE, GROUP, reader)
    assert str(refused.value) == f"{GROUP} has no ingress rule {RULE}. Nothing was changed."
