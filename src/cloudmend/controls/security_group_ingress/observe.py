"""Reads a group: its rules, the prefix lists that open a guarded port, and, for a mend, the group and its VPC.

A prefix list that cannot be read costs itself alone: what can be read is judged without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency, Unread
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.network import Network
from cloudmend.core.ports import Reader, Rows

_FILTER_VALUES: Final = 200  # the most that one filter may hold
_ENTRIES_PAGE: Final = 100
_AWS: Final = "AWS"  # the owner of AWS's own prefix lists


def named(facts: GroupFacts, resource: Resource) -> GroupFacts:
    """The facts, with what of them the event names."""
    return msgspec.structs.replace(facts, recency=Recency(named=frozenset(resource.parts)))


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
    lists = {rule.prefix_list_id for rule in rules if rule.is_ingress and settings.opens_guarded(rule.traffic)} - {""}
    read = read_lists(sorted(lists), reader, settings)
    return GroupFacts(
        account=str(rows[0].get("GroupOwnerId", "")) if rows else "",
        image={"SecurityGroupRules": rows, **read.image()},
        group_id=group_id,
        rules=rules,
        prefix_lists={key: tuple(ip_network(row["Cidr"]) for row in rows) for key, rows in read.entries.items()},
        unread_lists=read.unread,
    )


def find_vpcs(filters: list[dict[str, Any]], reader: Reader) -> Rows:
    return reader.lasting_rows(Request("ec2:DescribeVpcs", {"Filters": filters}), "Vpcs")


def _blocks(vpc: Json) -> Iterator[Network]:
    """A VPC's own blocks, the primary one first."""
    for family, block in (("", "CidrBlock"), ("Ipv6", "Ipv6CidrBlock")):
        yield from (ip_network(row[block]) for row in vpc.get(f"{family}CidrBlockAssociationSet", []))


class Lists(Struct, frozen=True):
    """Prefix lists as AWS describes them, and by id the entries of those that are judged.

    Of what is `unread` there are the entries that came before the failure, or none.
    """

    described: Rows = ()
    entries: Mapping[str, Rows] = {}
    unread: Mapping[str, Unread] = {}

    def image(self) -> Json:
        """For the before-image."""
        unread = {"UnreadPrefixLists": {key: each.why for key, each in self.unread.items()}} if self.unread else {}
        return {"PrefixLists": list(self.described), "PrefixListEntries": self.entries, **unread}


def read_lists(ids: Sequence[str], reader: Reader, settings: Settings) -> Lists:
    """A list that AWS does not describe is judged by its entries, if they are shown: AWS's own are always described."""
    described: list[Json] = []
    unread: dict[str, Unread] = {}
    for some in _portions(ids):
        try:
            described += _described(some, reader)
        except AwsError as error:
            unread |= dict.fromkeys(some, _unread(error))
    trusted = {row["PrefixListId"] for row in described if settings.aws_prefix_lists == "trusted" and _is_of_aws(row)}
    entries: dict[str, Rows] = {}
    for list_id in (each for each in ids if each not in trusted and each not in unread):
        try:
            entries[list_id] = _entries(list_id, reader)
        except AwsError as error:
            entries[list_id], unread[list_id] = error.rows, _unread(error)
    return Lists(described, entries, unread)


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _FILTER_VALUES] for first in range(0, len(ids), _FILTER_VALUES))


def _described(ids: Sequence[str], reader: Reader) -> Rows:
    """Return the lists, by a filter: in a request by ids, one missing list hides the others."""
    filters = [{"Name": "prefix-list-id", "Values": list(ids)}]
    return reader.lasting_rows(Request("ec2:DescribeManagedPrefixLists", {"Filters": filters}), "PrefixLists")


def _is_of_aws(row: Json) -> bool:
    return row.get("OwnerId") == _AWS


def _entries(list_id: str, reader: Reader) -> Rows:
    request = Request("ec2:GetManagedPrefixListEntries", {"PrefixListId": list_id, "MaxResults": _ENTRIES_PAGE})
    return reader.lasting_rows(request, "Entries")


def _unread(error: AwsError) -> Unread:
    return Unread(str(error), lasts=error.lasts)
