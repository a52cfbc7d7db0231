"""Find what a command line names: a group, and one of its rules by its id or its text."""

from __future__ import annotations

import re
from typing import Final

from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.controls.security_group_ingress.marks import mark_of, parse_mark
from cloudmend.controls.security_group_ingress.observe import find_groups
from cloudmend.core.errors import InputError
from cloudmend.core.model import Json, Request
from cloudmend.core.ports import Reader

_GROUP: Final = re.compile(r"sg-[0-9a-f]{8,17}", re.ASCII)
_RULE_ID: Final = re.compile(r"sgr-[0-9a-f]{8,17}", re.ASCII)


def check_group_id(group: str) -> None:
    """Raise InputError if `group` is not the id of a security group."""
    if not _GROUP.fullmatch(group):
        raise InputError(f"{group!r} is not a security group id. One is like sg-05fe30eb67c909f27.")


def find_group(group_id: str, reader: Reader, region: str) -> Json:
    """Return the group. Raises InputError if there is none in that Region, and AwsError."""
    found = find_groups([{"Name": "group-id", "Values": [group_id]}], reader)
    if not found:
        raise InputError(
            f"There is no security group {group_id} in {region}. Nothing was changed. Is it in another Region?"
        )
    return found[0]


def mark_named(rule: str, group_id: str, reader: Reader) -> str:
    """Return what the rule says, by its id or as it was typed: a rule that is not there yet may be named so.

    Raises InputError, and AwsError.
    """
    if not _RULE_ID.fullmatch(rule):
        return parse_mark(rule)
    filters = [{"Name": "group-id", "Values": [group_id]}]
    rows = reader.rows(Request("ec2:DescribeSecurityGroupRules", {"Filters": filters}), "SecurityGroupRules")
    for each in map(Rule, rows):
        if each.id == rule and each.is_ingress:
            return mark_of(each)
    raise InputError(f"{group_id} has no ingress rule {rule}. Nothing was changed.")
