"""Rules, groups, VPCs and prefix lists in the shapes that EC2 answers with (botocore's names)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cloudmend.local.ec2.model import AWS, Group, Permission, PrefixList, Rule, SourceKind, State, Traffic, Vpc

_LISTS: dict[SourceKind, tuple[str, str]] = {
    "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
}


def rule_row(state: State, rule: Rule) -> dict[str, Any]:
    """A SecurityGroupRule, as Authorize and DescribeSecurityGroupRules answer."""
    source = rule.permission.source
    group = state.groups[rule.group_id]
    owner = group.owner or state.account
    row = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": owner,
        **_direction_and_traffic(rule),
        "Tags": tag_list(rule.tags),
        "SecurityGroupRuleArn": state.arn("security-group-rule", rule.id, owner),
    }
    if source.kind == "ReferencedGroupId":
        row["ReferencedGroupInfo"] = referenced(state, group, source.value)
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
        "IpPermissions": ip_permissions(state, group, _permissions(group, is_egress=False)),
        "IpPermissionsEgress": ip_permissions(state, group, _permissions(group, is_egress=True)),
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


def ip_permissions(state: State, group: Group, permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    """IpPermission entries, one for each protocol and port range, in the order of their first rule."""
    found: dict[Traffic, dict[str, Any]] = {}
    for permission in permissions:
        entry = found.setdefault(permission.traffic, _empty_entry(permission.traffic))
        list_name, key = _LISTS[permission.source.kind]
        value, is_group = permission.source.value, permission.source.kind == "ReferencedGroupId"
        member = referenced(state, group, value) if is_group else {key: value}
        entry[list_name].append(_described(member, permission))
    return list(found.values())


def referenced(state: State, group: Group, group_id: str) -> dict[str, Any]:
    """The group that a rule of a group refers to, with its VPC where that is another one.

    Nothing but the id is known of a group that is gone.
    """
    other = state.groups.get(group_id)
    if other is None:
        return {"GroupId": group_id}
    row = {"GroupId": group_id, "UserId": other.owner or state.account}
    if other.vpc.id == group.vpc.id:
        return row
    peering = state.peering(group, other)
    path = {"VpcPeeringConnectionId": peering.id, "PeeringStatus": peering.status} if peering else {}
    return {**row, "VpcId": other.vpc.id, **path}


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
