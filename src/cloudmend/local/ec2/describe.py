"""The answers to Describe: security groups, their rules, VPCs, and managed prefix lists with entries and users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import Ec2Error, rule_id_not_found
from cloudmend.local.ec2.lifecycle import group_by_id, group_by_name, prefix_list_by_id, referring, vpc_by_id
from cloudmend.local.ec2.model import Entry, Group, Params, PrefixList, Rule, State, Vpc
from cloudmend.local.ec2.rows import Values, group_row, matching, page, prefix_list_row, rule_row, vpc_row

_SIZES = range(5, 1001)
_RULE_FILTERS: Mapping[str, Values[Rule]] = {
    "group-id": lambda _, rule: [rule.group_id],
    "security-group-rule-id": lambda _, rule: [rule.id],
}
_VPC_FILTERS: Mapping[str, Values[Vpc]] = {
    "vpc-id": lambda _, vpc: [vpc.id],
    "cidr": lambda _, vpc: [vpc.cidr],
    "is-default": lambda _, vpc: [str(vpc.is_default).lower()],
}
_LIST_SIZES = range(1, 101)
_ASSOCIATION_SIZES = range(5, 256)
_FILTERS: Mapping[str, Values[PrefixList]] = {
    "owner-id": lambda _, known: [known.owner],
    "prefix-list-id": lambda _, known: [known.id],
    "prefix-list-name": lambda _, known: [known.name],
}


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


def describe_lists(state: State, params: Params) -> dict[str, Any]:
    """DescribeManagedPrefixLists: those of the account, of AWS, and of others that share theirs."""
    named = {prefix_list_by_id(state, list_id).id for list_id in params.get("PrefixListIds", ())}
    shown = (known for known in state.prefix_lists.values() if known.id not in state.hidden)
    lists = [known for known in shown if not named or known.id in named]
    found = matching(state, lists, params, _FILTERS, lambda known: known.tags)
    of_page, following = page(found, params, _LIST_SIZES, _LIST_SIZES[-1])
    return {"PrefixLists": [prefix_list_row(state, known) for known in of_page], **following}


def entries(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListEntries: of the current version, or of TargetVersion."""
    list_id = checks.prefix_list_id(params.get("PrefixListId", ""))
    if list_id in state.hidden or list_id not in state.prefix_lists:
        raise Ec2Error("InvalidPrefixListID.NotFound", f"The prefix list ({list_id}) does not exist.")
    known = prefix_list_by_id(state, list_id)
    version = entries_of(known, params.get("TargetVersion", known.version))
    shown, following = page(version, params, _LIST_SIZES, _LIST_SIZES[-1])
    return {"Entries": [_row(entry) for entry in shown], **following}


def associations(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListAssociations: return security groups alone, because route tables are moto's."""
    users = referring(state, prefix_list_by_id(state, params.get("PrefixListId", "")).id)
    shown, following = page(users, params, _ASSOCIATION_SIZES, _ASSOCIATION_SIZES[-1])
    rows = [{"ResourceId": group.id, "ResourceOwner": group.owner or state.account} for group in shown]
    return {"PrefixListAssociations": rows, **following}


def entries_of(known: PrefixList, version: int) -> tuple[Entry, ...]:
    """The entries of one version, counted from one."""
    if not 1 <= version <= known.version:
        raise Ec2Error(
            "InvalidPrefixListVersion.NotFound", f"The prefix list '{known.id}' does not have a version '{version}'"
        )
    return known.versions[version - 1]


def _row(entry: Entry) -> dict[str, str]:
    described = {} if entry.description is None else {"Description": entry.description}
    return {"Cidr": entry.cidr, **described}
