"""DescribeSecurityGroups, DescribeSecurityGroupRules and DescribeVpcs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.errors import rule_id_not_found
from cloudmend.local.ec2.listing import Values, matching, page
from cloudmend.local.ec2.lookup import group_by_id, group_by_name, vpc_by_id
from cloudmend.local.ec2.model import Group, Params, Rule, State, Vpc
from cloudmend.local.ec2.rows import group_row, rule_row, vpc_row

_SIZES = range(5, 1001)


def _of_rules(attribute: Callable[[Rule], str | None], *, is_egress: bool) -> Values[Group]:
    def values(_: State, group: Group) -> Iterable[str]:
        found = (attribute(rule) for rule in group.one_way(is_egress=is_egress))
        return [value for value in found if value is not None]

    return values


def _source(kind: str) -> Callable[[Rule], str | None]:
    def value(rule: Rule) -> str | None:
        source = rule.permission.source
        return source.value if source.kind == kind else None

    return value


def _port(end: str) -> Callable[[Rule], str | None]:
    def value(rule: Rule) -> str | None:
        traffic = rule.permission.traffic
        return str(getattr(traffic, end)) if traffic.has_ports else None

    return value


_RULE_ATTRIBUTES: Mapping[str, Callable[[Rule], str | None]] = {
    "cidr": _source("CidrIpv4"),
    "ipv6-cidr": _source("CidrIpv6"),
    "prefix-list-id": _source("PrefixListId"),
    "group-id": _source("ReferencedGroupId"),
    "from-port": _port("from_port"),
    "to-port": _port("to_port"),
    "protocol": lambda rule: rule.permission.traffic.protocol,
}
_GROUP_FILTERS: Mapping[str, Values[Group]] = {
    "group-id": lambda _, group: [group.id],
    "group-name": lambda _, group: [group.name],
    "vpc-id": lambda _, group: [group.vpc.id],
    "description": lambda _, group: [group.description],
    "owner-id": lambda state, group: [group.owner or state.account],
    "tag-key": lambda _, group: group.tags,
} | {
    f"{prefix}.{name}": _of_rules(attribute, is_egress=is_egress)
    for prefix, is_egress in (("ip-permission", False), ("egress.ip-permission", True))
    for name, attribute in _RULE_ATTRIBUTES.items()
}
_RULE_FILTERS: Mapping[str, Values[Rule]] = {
    "group-id": lambda _, rule: [rule.group_id],
    "security-group-rule-id": lambda _, rule: [rule.id],
}
_VPC_FILTERS: Mapping[str, Values[Vpc]] = {
    "vpc-id": lambda _, vpc: [vpc.id],
    "cidr": lambda _, vpc: [vpc.cidr],
    "is-default": lambda _, vpc: [str(vpc.is_default).lower()],
}


def describe_groups(state: State, params: Params) -> dict[str, Any]:
    found = matching(state, _groups(state, params), params, _GROUP_FILTERS, lambda group: group.tags)
    groups, following = page(found, params, _SIZES)
    return {"SecurityGroups": [group_row(state, group) for group in groups], **following}


def describe_rules(state: State, params: Params) -> dict[str, Any]:
    found = matching(state, _rules(state, params), params, _RULE_FILTERS, lambda rule: rule.tags)
    rules, following = page(found, params, _SIZES)
    return {"SecurityGroupRules": [rule_row(state, rule) for rule in rules], **following}


def describe_vpcs(state: State, params: Params) -> dict[str, Any]:
    """Return what the client in memory answers: on the wire VPCs are moto's, which knows all their filters and tags."""
    vpcs = [vpc_by_id(state, vpc_id) for vpc_id in params.get("VpcIds", ())] or state.vpcs
    found, following = page(matching(state, vpcs, params, _VPC_FILTERS, lambda _: {}), params, _SIZES)
    return {"Vpcs": [vpc_row(state, vpc) for vpc in found], **following}


def _groups(state: State, params: Params) -> list[Group]:
    named = [group_by_id(state, group_id) for group_id in params.get("GroupIds", ())]
    named += [group_by_name(state, name) for name in params.get("GroupNames", ())]
    wanted = {group.id for group in named}
    return [group for group in _shown(state) if not wanted or group.id in wanted]


def _shown(state: State) -> Iterable[Group]:
    return (group for group in state.groups.values() if group.id not in state.hidden)


def _rules(state: State, params: Params) -> list[Rule]:
    rules = [rule for group in _shown(state) for rule in group.rules]
    wanted = [checks.rule_id(rule_id) for rule_id in params.get("SecurityGroupRuleIds", ())]
    known = {rule.id for rule in rules}
    for rule_id in wanted:
        if rule_id not in known:
            raise rule_id_not_found(rule_id)
    return [rule for rule in rules if not wanted or rule.id in wanted]
