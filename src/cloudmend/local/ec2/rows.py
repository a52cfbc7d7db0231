"""Rules, groups, VPCs and prefix lists in the shapes that EC2 answers with (botocore's names); filters and pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from cloudmend.local.ec2.checks import Ec2Error, invalid
from cloudmend.local.ec2.model import AWS, Group, Params, Permission, PrefixList, Rule, SourceKind, State, Traffic, Vpc

_LISTS: dict[SourceKind, tuple[str, str]] = {
    "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
}
T = TypeVar("T")
Values = Callable[[State, T], Iterable[str]]
"""The values of one resource that a filter compares with its own."""
Filter = tuple[Values[T], re.Pattern[str]]


def rule_row(state: State, rule: Rule) -> dict[str, Any]:
    """A SecurityGroupRule, as Authorize and DescribeSecurityGroupRules answer."""
    source = rule.permission.source
    owner = state.groups[rule.group_id].owner or state.account
    row = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": owner,
        **_direction_and_traffic(rule),
        "Tags": tag_list(rule.tags),
        "SecurityGroupRuleArn": state.arn("security-group-rule", rule.id, owner),
    }
    if source.kind == "ReferencedGroupId":
        row["ReferencedGroupInfo"] = {"GroupId": source.value, "UserId": state.account}
    else:
        row[source.kind] = source.value
    return _described(row, rule.permission)


def revoked_row(rule: Rule) -> dict[str, Any]:
    """A RevokedSecurityGroupRule."""
    row = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        **_direction_and_traffic(rule),
        rule.permission.source.kind: rule.permission.source.value,
    }
    return _described(row, rule.permission)


def group_row(state: State, group: Group) -> dict[str, Any]:
    """A SecurityGroup. Tags is absent where there are none."""
    row = {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.owner or state.account,
        "VpcId": group.vpc.id,
        "SecurityGroupArn": state.arn("security-group", group.id, group.owner),
        "IpPermissions": ip_permissions(state, _permissions(group, is_egress=False)),
        "IpPermissionsEgress": ip_permissions(state, _permissions(group, is_egress=True)),
    }
    return {**row, "Tags": tag_list(group.tags)} if group.tags else row


def vpc_row(state: State, vpc: Vpc) -> dict[str, Any]:
    """A Vpc, without the ids of its associations, which nothing here can use."""
    associated = {"State": "associated"}
    return {
        "VpcId": vpc.id,
        "OwnerId": state.account,
        "State": "available",
        "IsDefault": vpc.is_default,
        "InstanceTenancy": "default",
        "CidrBlock": vpc.cidr,
        "CidrBlockAssociationSet": [
            {"CidrBlock": cidr, "CidrBlockState": associated} for cidr in (vpc.cidr, *vpc.secondary_cidrs)
        ],
        "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": cidr, "Ipv6CidrBlockState": associated} for cidr in vpc.ipv6_cidrs
        ],
    }


def prefix_list_row(state: State, shown: PrefixList) -> dict[str, Any]:
    """A ManagedPrefixList. AWS tells neither size nor version of its own lists."""
    row: dict[str, Any] = {
        "PrefixListId": shown.id,
        "AddressFamily": shown.family,
        "State": shown.state,
        "PrefixListArn": state.arn("prefix-list", shown.id, shown.owner.lower()),
        "PrefixListName": shown.name,
        "Tags": tag_list(shown.tags),
        "OwnerId": shown.owner,
    }
    if shown.owner != AWS:
        row |= {"MaxEntries": shown.max_entries, "Version": shown.version}
    if shown.state_message is not None:
        row["StateMessage"] = shown.state_message
    return row


def ip_permissions(state: State, permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """IpPermission entries, one for each protocol and port range, in the order of their first rule."""
    found: dict[Traffic, dict[str, Any]] = {}
    for permission in permissions:
        entry = found.setdefault(permission.traffic, _empty_entry(permission.traffic))
        list_name, key = _LISTS[permission.source.kind]
        member = {key: permission.source.value}
        if permission.source.kind == "ReferencedGroupId":
            member["UserId"] = state.account
        entry[list_name].append(_described(member, permission))
    return list(found.values())


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _permissions(group: Group, *, is_egress: bool) -> list[Permission]:
    return [rule.permission for rule in group.one_way(is_egress=is_egress)]


def _direction_and_traffic(rule: Rule) -> dict[str, Any]:
    traffic = rule.permission.traffic
    return {
        "IsEgress": rule.is_egress,
        "IpProtocol": traffic.protocol,
        "FromPort": traffic.from_port,
        "ToPort": traffic.to_port,
    }


def _empty_entry(traffic: Traffic) -> dict[str, Any]:
    """An IpPermission without sources. The ports are left out where the protocol has none."""
    entry: dict[str, Any] = {"IpProtocol": traffic.protocol}
    if traffic.has_ports:
        entry |= {"FromPort": traffic.from_port, "ToPort": traffic.to_port}
    return entry | {list_name: [] for list_name, _ in _LISTS.values()}


def _described(row: dict[str, Any], permission: Permission) -> dict[str, Any]:
    if permission.description is None:
        return row
    return {**row, "Description": permission.description}


def matching(
    state: State,
    resources: Iterable[T],
    params: Params,
    known: Mapping[str, Values[T]],
    tags: Callable[[T], Mapping[str, str]],
) -> list[T]:
    """The resources that pass the request's filters; `known` are the filters that EC2 documents, besides tag:KEY."""
    filters = _filters(params, known, tags)
    return [resource for resource in resources if _passes(state, resource, filters)]


def page(items: Sequence[T], params: Params, sizes: range, default: int | None = None) -> tuple[Sequence[T], Params]:
    """The items of the page that is asked for, and {NextToken} where more follow.

    Without MaxResults a page holds `default` items, or all of them.
    """
    size = params.get("MaxResults", default)
    if size is not None and size not in sizes:
        bound = f"greater than {sizes[0]}" if size < sizes[0] else f"less than {sizes[-1]}"
        raise invalid(f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.")
    start = _offset(params["NextToken"]) if params.get("NextToken") else 0
    end = start + (size or len(items))
    return items[start:end], ({"NextToken": _token(end)} if end < len(items) else {})


def _filters(params: Params, known: Mapping[str, Values[T]], tags: Callable[[T], Mapping[str, str]]) -> list[Filter[T]]:
    """The filters of a request, parsed: all must pass, each by any of its values."""
    found = []
    for item in params.get("Filters", ()):
        name = item.get("Name", "")
        values = _tagged(tags, name.removeprefix("tag:")) if name.startswith("tag:") else known.get(name)
        if values is None:
            raise invalid(f"The filter '{name}' is invalid")
        found.append((values, _pattern(item.get("Values", ()))))
    return found


def _tagged(tags: Callable[[T], Mapping[str, str]], key: str) -> Values[T]:
    return lambda _, resource: [value for name, value in tags(resource).items() if name == key]


def _passes(state: State, resource: T, filters: Sequence[Filter[T]]) -> bool:
    return all(any(pattern.fullmatch(value) for value in values(state, resource)) for values, pattern in filters)


def _pattern(values: Sequence[str]) -> re.Pattern[str]:
    """EC2's wildcards: * is any characters, ? is one, a backslash takes the next as it is."""
    alternatives = [f"(?:{_as_regex(value)})" for value in values] or [r"(?!)"]
    return re.compile("|".join(alternatives), re.DOTALL)


def _as_regex(value: str) -> str:
    wildcards = {"*": ".*", "?": "."}
    return "".join(
        wildcards.get(token) or re.escape(token.removeprefix("\\") or token)
        for token in re.findall(r"\\.|.", value, re.DOTALL)
    )


def _token(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        text = base64.b64decode(token, validate=True)
    except ValueError:
        text = b""
    match = re.fullmatch(rb"offset:([0-9]{1,9})", text)
    if match is None:
        raise Ec2Error("InvalidNextToken", "The specified NextToken is not valid.")
    return int(match[1])
