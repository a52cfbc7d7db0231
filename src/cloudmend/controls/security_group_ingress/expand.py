"""Resolve a target to the groups to mend.

Those of a whole Region are judged as DescribeSecurityGroups shows them: a thousand whole groups on a page, one page
in memory at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.groups import GROUP, Rule, find_groups
from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.observe import facts_of, find_vpcs
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import is_suspect
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Json, Request, Resource
from cloudmend.core.ports import Reader, Rows

PREFIX_LIST: Final = "AWS::EC2::PrefixList"
REGION: Final = "AWS::Region"

_PAGE: Final = 1000  # the most groups that one answer may hold
_PORTS: Final = ("IpProtocol", "FromPort", "ToPort")
_REMEMBERED: Final = 4096  # verdicts, so that memory does not grow with the number of groups

# Where a permission lists each kind of source that can be public addresses, and how a rule's row calls it.
_SOURCES: Final = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
)

Ports = tuple[str, int, int]  # in the order of _PORTS
Source = tuple[Ports, str, str]  # and a field of a rule's row, with its value


class Expansion(Struct, frozen=True):
    """The groups that a target stands for, as far as they could be read; `unread` says what could not be, and why."""

    resources: tuple[Resource, ...]
    unread: str = ""


def expand(target: Resource, reader: Reader, settings: Settings) -> Expansion:
    """Return the groups that a target stands for: itself, those with a prefix list, or those at fault in a Region.

    A group that the target names by its name is a group of the default VPC. Raises AwsError if that group cannot be
    looked up. If AWS stops listing groups after some pages, the result holds the groups of those pages.
    """
    if target.type == PREFIX_LIST:
        return _referring_groups(target.id, reader)
    if target.type == REGION:
        return _groups_at_fault(reader, settings)
    if not target.id:
        found = _named_group(target.name, reader)
        groups = tuple(Resource(type=GROUP, id=row["GroupId"], name=target.name, parts=target.parts) for row in found)
        return Expansion(groups)
    return Expansion((target,))


def _expansion(owners: Mapping[str, str], error: AwsError | None, parts: tuple[str, ...] = ()) -> Expansion:
    """Return the expansion of groups, given by their ids with their owners."""
    groups = tuple(Resource(type=GROUP, id=each, parts=parts, account=owners[each]) for each in sorted(owners))
    return Expansion(groups, f"not all of its groups were looked at, because {error}" if error else "")


def _referring_groups(prefix_list_id: str, reader: Reader) -> Expansion:
    request = Request("ec2:GetManagedPrefixListAssociations", {"PrefixListId": prefix_list_id})
    problem = None
    try:
        rows = reader.rows(request, "PrefixListAssociations")
    except AwsError as error:
        rows, problem = error.rows, error
    groups = (row for row in rows if str(row.get("ResourceId")).startswith("sg-"))
    owners = {row["ResourceId"]: row.get("ResourceOwner", "") for row in groups}
    return _expansion(owners, problem, (prefix_list_id,))


def _named_group(name: str, reader: Reader) -> Rows:
    """Return the group of that name in the default VPC: one row, or none."""
    vpc_ids = [vpc["VpcId"] for vpc in find_vpcs([{"Name": "is-default", "Values": ["true"]}], reader)]
    exactly = re.sub(r"([*?\\])", r"\\\1", name)  # a filter would read these as wildcards
    filters = [{"Name": "group-name", "Values": [exactly]}, {"Name": "vpc-id", "Values": vpc_ids}]
    return find_groups(filters, reader) if vpc_ids else []


def _groups_at_fault(reader: Reader, settings: Settings) -> Expansion:
    """Return the groups that `detect` finds at fault, the same as from the rows of their rules."""
    # Groups resemble each other.
    judged = lru_cache(_REMEMBERED)(partial(_is_at_fault, reader=reader, settings=settings))
    opening = lru_cache(_REMEMBERED)(partial(_opens_guarded, settings=settings))
    groups = reader.stream(Request("ec2:DescribeSecurityGroups", {"MaxResults": _PAGE}), "SecurityGroups")
    found: dict[str, str] = {}
    problem = None
    try:
        found.update(
            (group["GroupId"], group.get("OwnerId", ""))
            for group in groups
            if is_suspect(partial(_may_be_at_fault, group, opening, judged))
        )
    except AwsError as error:
        problem = error
    return _expansion(found, problem)


def _may_be_at_fault(
    group: Json, opening: Callable[[Ports], bool], judged: Callable[[tuple[Source, ...]], bool]
) -> bool:
    return judged(tuple(_open_sources(group, opening)))


def _open_sources(group: Json, opening: Callable[[Ports], bool]) -> Iterator[Source]:
    """Yield each source that a guarded port is open to, if the source can hold public addresses."""
    for permission in group["IpPermissions"]:
        ports = (permission["IpProtocol"], permission.get("FromPort", -1), permission.get("ToPort", -1))
        if opening(ports):
            for plural, member, field in _SOURCES:
                yield from ((ports, field, source[member]) for source in permission.get(plural, ()))


def _opens_guarded(ports: Ports, settings: Settings) -> bool:
    return settings.opens_guarded(Rule(dict(zip(_PORTS, ports, strict=True))).traffic)


def _is_at_fault(sources: tuple[Source, ...], reader: Reader, settings: Settings) -> bool:
    """Return whether a group with rules from these sources is at fault.

    The rules get numbers as ids, because the answer does not depend on ids.
    """
    rows = [
        {"SecurityGroupRuleId": str(number), "IsEgress": False, **dict(zip(_PORTS, ports, strict=True)), field: value}
        for number, (ports, field, value) in enumerate(sources)
    ]
    return bool(rows) and bool(detect(facts_of("", rows, reader, settings), settings))
