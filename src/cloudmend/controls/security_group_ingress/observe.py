"""Reads a group: its rules, the prefix lists that open a guarded port, and, for a mend, the group and its VPC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgspec

from cloudmend.controls.security_group_ingress.detect import opens_guarded
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.network import Network
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Reader, Rows

GROUP: Final = "AWS::EC2::SecurityGroup"

_PAGE: Final = 1000  # the most rules that one answer may hold
_ENTRIES_PAGE: Final = 100
_AWS: Final = "AWS"  # the owner of AWS's own prefix lists


def observe(resource: Resource, reader: Reader, policy: Policy) -> GroupFacts | None:
    """The group's rules; None where there is no such group. Raises AwsError."""

    def enough(rows: Rows) -> bool:
        return set(resource.parts) <= {row["SecurityGroupRuleId"] for row in rows}

    filters = _by_group(resource.id)
    request = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    rows = reader.rows(request, "SecurityGroupRules", enough=enough)
    if not rows and not find_groups(filters, reader):  # a group without rules and no group give the same rows: none
        return None
    return facts_of(resource.id, rows, reader, policy)


def observe_region(reader: Reader, policy: Policy) -> Iterator[GroupFacts]:
    """Every group of the Region that has a rule, by id, from pages of all rules, not group by group."""
    request = Request("ec2:DescribeSecurityGroupRules", {"MaxResults": _PAGE})
    rows = sorted(reader.rows(request, "SecurityGroupRules"), key=itemgetter("GroupId"))
    for group_id, of_group in groupby(rows, key=itemgetter("GroupId")):
        yield facts_of(group_id, of_group, reader, policy)


def surroundings(resource: Resource, reader: Reader) -> Rows:
    """The group itself: a row, or none."""
    return find_groups(_by_group(resource.id), reader)


def complete(facts: GroupFacts, groups: Rows, reader: Reader, policy: Policy) -> GroupFacts:
    """The facts with the group itself, for the before-image, and its VPC, where that decides the replacement."""
    vpc_id = str(groups[0].get("VpcId", "")) if groups else ""
    needs_vpc = "vpc" in policy.replacement.values() and vpc_id
    own = find_vpcs([{"Name": "vpc-id", "Values": [vpc_id]}], reader) if needs_vpc else []
    return msgspec.structs.replace(
        facts,
        vpc_id=vpc_id,
        vpc_blocks=tuple(block for vpc in own for block in _blocks(vpc)),
        image={**facts.image, "SecurityGroups": list(groups)},
    )


def facts_of(group_id: str, rows: Iterable[Json], reader: Reader, policy: Policy) -> GroupFacts:
    rows = sorted(rows, key=itemgetter("SecurityGroupRuleId"))
    rules = tuple(map(Rule, rows))
    lists = {rule.prefix_list_id for rule in rules if rule.is_ingress and opens_guarded(rule, policy)} - {""}
    described = _described_lists(sorted(lists), reader) if lists else []
    judged = [row for row in described if policy.aws_prefix_lists == "resolved" or row.get("OwnerId") != _AWS]
    entries = {row["PrefixListId"]: _entries(row["PrefixListId"], reader) for row in judged}
    return GroupFacts(
        account=str(rows[0].get("GroupOwnerId", "")) if rows else "",
        image={"SecurityGroupRules": rows, "PrefixLists": list(described), "PrefixListEntries": entries},
        group_id=group_id,
        rules=rules,
        prefix_lists={key: tuple(ip_network(entry["Cidr"]) for entry in entries[key]) for key in entries},
    )


def _by_group(group_id: str) -> list[dict[str, Any]]:
    return [{"Name": "group-id", "Values": [group_id]}]


def find_groups(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.rows(Request("ec2:DescribeSecurityGroups", {"Filters": filters}), "SecurityGroups")


def find_vpcs(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.lasting_rows(Request("ec2:DescribeVpcs", {"Filters": filters}), "Vpcs")


def _described_lists(ids: list[str], reader: Reader) -> Rows:
    return reader.lasting_rows(Request("ec2:DescribeManagedPrefixLists", {"PrefixListIds": ids}), "PrefixLists")


def _entries(prefix_list_id: str, reader: Reader) -> Rows:
    request = Request("ec2:GetManagedPrefixListEntries", {"PrefixListId": prefix_list_id, "MaxResults": _ENTRIES_PAGE})
    return reader.lasting_rows(request, "Entries")


def _blocks(vpc: Json) -> Iterator[Network]:
    """A VPC's own blocks, the primary one first."""
    for family, block in (("", "CidrBlock"), ("Ipv6", "Ipv6CidrBlock")):
        yield from (ip_network(row[block]) for row in vpc.get(f"{family}CidrBlockAssociationSet", []))
