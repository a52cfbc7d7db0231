"""Reads a group: its rules, the prefix lists that open a guarded port, and, for a mend, the group and its VPC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from operator import itemgetter
from typing import Any, Final

import msgspec

from cloudmend.controls.security_group_ingress.detect import opens_guarded
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency, Rule
from cloudmend.controls.security_group_ingress.lists import read_lists
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.network import Network
from cloudmend.core.ports import Reader, Rows

GROUP: Final = "AWS::EC2::SecurityGroup"

_PAGE: Final = 1000  # the most rules that one answer may hold


def named(facts: GroupFacts, resource: Resource) -> GroupFacts:
    """The facts, with what of them the event names."""
    return msgspec.structs.replace(facts, recency=Recency(named=frozenset(resource.parts)))


def rules_of(groups: Sequence[Resource], reader: Reader) -> Mapping[str, Rows]:
    """The rules of each group, by its id; read again, briefly, while one that an event names is not there."""
    wanted = {part for group in groups for part in group.parts}

    def enough(rows: Rows) -> bool:
        return wanted <= {
            row[field] for row in rows for field in ("SecurityGroupRuleId", "PrefixListId") if field in row
        }

    filters = by_group([group.id for group in groups])
    request = Request("ec2:DescribeSecurityGroupRules", {"Filters": filters, "MaxResults": _PAGE})
    rows = reader.rows(request, "SecurityGroupRules", enough=enough)
    if len(groups) == 1:
        return {groups[0].id: rows}
    found: dict[str, list[Json]] = {group.id: [] for group in groups}
    for row in rows:
        found[row["GroupId"]].append(row)
    return found


def complete(facts: GroupFacts, groups: Rows, reader: Reader, settings: Settings) -> GroupFacts:
    """The facts with the group itself, for the before-image, and its VPC, where that decides the replacement.

    Raises AwsError if the next try may read the VPC. Where none will, nothing can replace a source.
    """
    vpc_id = str(groups[0].get("VpcId", "")) if groups else ""
    image = {**facts.image, "SecurityGroups": list(groups)}
    name = str(groups[0].get("GroupName", "")) if groups else ""
    facts = msgspec.structs.replace(facts, vpc_id=vpc_id, name=name, image=image)
    if not vpc_id or "vpc" not in settings.replacement.values():
        return facts
    try:
        own = find_vpcs([{"Name": "vpc-id", "Values": [vpc_id]}], reader)
    except AwsError as error:
        if not error.lasts:
            raise
        return msgspec.structs.replace(facts, unread_vpc=str(error))
    return msgspec.structs.replace(facts, vpc_blocks=tuple(block for vpc in own for block in _blocks(vpc)))


def facts_of(group_id: str, rows: Iterable[Json], reader: Reader, settings: Settings) -> GroupFacts:
    rows = sorted(rows, key=itemgetter("SecurityGroupRuleId"))
    rules = tuple(map(Rule, rows))
    lists = {rule.prefix_list_id for rule in rules if rule.is_ingress and opens_guarded(rule, settings)} - {""}
    read = read_lists(sorted(lists), reader, settings)
    return GroupFacts(
        account=str(rows[0].get("GroupOwnerId", "")) if rows else "",
        image={"SecurityGroupRules": rows, **read.image()},
        group_id=group_id,
        rules=rules,
        prefix_lists={key: tuple(ip_network(row["Cidr"]) for row in rows) for key, rows in read.entries.items()},
        unread_lists=read.unread,
    )


def by_group(group_ids: Sequence[str]) -> list[dict[str, Any]]:
    return [{"Name": "group-id", "Values": sorted(set(group_ids))}]


def find_groups(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.rows(Request("ec2:DescribeSecurityGroups", {"Filters": filters}), "SecurityGroups")


def find_vpcs(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.lasting_rows(Request("ec2:DescribeVpcs", {"Filters": filters}), "Vpcs")


def _blocks(vpc: Json) -> Iterator[Network]:
    """A VPC's own blocks, the primary one first."""
    for family, block in (("", "CidrBlock"), ("Ipv6", "Ipv6CidrBlock")):
        yield from (ip_network(row[block]) for row in vpc.get(f"{family}CidrBlockAssociationSet", []))
