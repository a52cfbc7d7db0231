"""The answers to Describe: security groups, their rules, VPCs, and managed prefix lists with entries and users."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from cloudmend.local.ec2 import checks, filters
from cloudmend.local.ec2.checks import Ec2Error, missing, rule_id_not_found
from cloudmend.local.ec2.filters import matching, page
from cloudmend.local.ec2.lifecycle import group_by_id, group_by_name, prefix_list_by_id, referring, vpc_by_id
from cloudmend.local.ec2.model import AWS, Entry, Group, Params, PrefixList, Rule, State
from cloudmend.local.ec2.rows import group_row, prefix_list_row, rule_row, vpc_row

_SIZES = range(5, 1001)
_LIST_SIZES = range(1, 101)
_ASSOCIATION_SIZES = range(5, 256)


def describe_groups(state: State, params: Params) -> dict[str, Any]:
    found = matching(state, _groups(state, params), params, filters.GROUPS, lambda group: group.tags)
    groups, following = page(found, params, _SIZES)
    return {"SecurityGroups": [group_row(state, group) for group in groups], **following}


def describe_rules(state: State, params: Params) -> dict[str, Any]:
    """DescribeSecurityGroupRules: of its filters, that by group takes ids alone."""
    for each in params.get("Filters", ()):
        if each.get("Name") == "group-id":
            _check_group_ids(each.get("Values", ()))
    found = matching(state, _rules(state, params), params, filters.RULES, lambda rule: rule.tags)
    rules, following = page(found, params, _SIZES)
    return {"SecurityGroupRules": [rule_row(state, rule) for rule in rules], **following}


def _check_group_ids(values: Iterable[str]) -> None:
    """Refuse what is no id in that filter: it takes no wildcard either."""
    for value in values:
        if not re.fullmatch("sg-([0-9a-f]{8}|[0-9a-f]{17})", value):
            raise Ec2Error("InvalidGroupId.Malformed", f"The security group ID '{value}' is malformed")


def describe_vpcs(state: State, params: Params) -> dict[str, Any]:
    """Return what the client in memory answers: on the wire VPCs are moto's, which knows all their filters and tags."""
    vpcs = [vpc_by_id(state, vpc_id) for vpc_id in params.get("VpcIds", ())] or state.vpcs
    found, following = page(matching(state, vpcs, params, filters.VPCS, lambda _: {}), params, _SIZES)
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
    found = matching(state, lists, params, filters.LISTS, lambda known: known.tags)
    of_page, following = page(found, params, _LIST_SIZES, _LIST_SIZES[-1])
    return {"PrefixLists": [prefix_list_row(state, known) for known in of_page], **following}


def describe_aws_lists(state: State, params: Params) -> dict[str, Any]:
    """DescribePrefixLists: those of AWS, with what they hold."""
    named = {prefix_list_by_id(state, list_id).id for list_id in params.get("PrefixListIds", ())}
    lists = [known for known in state.prefix_lists.values() if known.owner == AWS and (not named or known.id in named)]
    found = matching(state, lists, params, filters.AWS_LISTS)
    of_page, following = page(found, params, _SIZES)
    rows = [
        {"PrefixListId": known.id, "PrefixListName": known.name, "Cidrs": [entry.cidr for entry in known.entries]}
        for known in of_page
    ]
    return {"PrefixLists": rows, **following}


def entries(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListEntries: of the current version, or of TargetVersion."""
    list_id = checks.prefix_list_id(_named_list(params))
    if list_id in state.hidden or list_id not in state.prefix_lists:
        raise Ec2Error("InvalidPrefixListID.NotFound", f"The prefix list ({list_id}) does not exist.")
    known = prefix_list_by_id(state, list_id)
    version = entries_of(known, params.get("TargetVersion", known.version))
    shown, following = page(version, params, _LIST_SIZES, _LIST_SIZES[-1])
    return {"Entries": [_row(entry) for entry in shown], **following}


def associations(state: State, params: Params) -> dict[str, Any]:
    """GetManagedPrefixListAssociations: the groups and the route tables that refer to a list."""
    known = prefix_list_by_id(state, _named_list(params))
    users = [(group.id, group.owner or state.account) for group in referring(state, known.id)]
    users += [(table_id, state.account) for table_id in state.behaviour.routed(known.id)]
    shown, following = page(users, params, _ASSOCIATION_SIZES, _ASSOCIATION_SIZES[-1])
    rows = [{"ResourceId": resource_id, "ResourceOwner": owner} for resource_id, owner in shown]
    return {"PrefixListAssociations": rows, **following}


def _named_list(params: Params) -> str:
    if not params.get("PrefixListId"):
        raise missing("PrefixListId")
    return str(params["PrefixListId"])


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
