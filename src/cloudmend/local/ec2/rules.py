"""Authorize, Modify and Revoke: what may become of the rules of one group, within its quota.

Each function works on the State of one call and raises Ec2Error; the caller keeps the state only
when nothing was raised, so that a call changes all or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import (
    Ec2Error,
    combined,
    invalid,
    missing,
    permission_not_found,
    rule_id_not_found,
    unsupported,
)
from cloudmend.local.ec2.lifecycle import named_group, own, rule_by_id
from cloudmend.local.ec2.model import Group, Params, Permission, PrefixList, Rule, State, new_id
from cloudmend.local.ec2.permissions import first_flat, replacement, requested
from cloudmend.local.ec2.rows import ip_permissions, revoked_row, rule_row


def exceeds(group: Group, prefix_lists: Mapping[str, PrefixList], quota: int) -> bool:
    """Return whether the group holds more rules; `prefix_lists`, by id, hold those that it refers to."""
    for is_egress in (False, True):
        weights = [_weight(rule, prefix_lists) for rule in group.one_way(is_egress=is_egress)]
        if any(sum(family) > quota for family in zip(*weights, strict=True)):
            return True
    return False


def _weight(rule: Rule, prefix_lists: Mapping[str, PrefixList]) -> tuple[int, int]:
    """Return what a rule counts towards the quotas for IPv4 and for IPv6; a referenced group counts in both."""
    source = rule.permission.source
    if source.kind == "PrefixListId":
        known = prefix_lists[source.value]
        return (known.max_entries, 0) if known.family == "IPv4" else (0, known.max_entries)
    return int(source.kind != "CidrIpv6"), int(source.kind != "CidrIpv4")


def authorize(state: State, params: Params, *, is_egress: bool) -> dict[str, Any]:
    """AuthorizeSecurityGroupIngress and AuthorizeSecurityGroupEgress."""
    group = _target(state, params, by_name=not is_egress)
    permissions = requested(state, group, params, is_egress=is_egress)
    tags = checks.tags(params.get("TagSpecifications", ()), "security-group-rule")
    _refuse_repeated(permissions)
    for permission in permissions:
        _refuse_duplicate(permission, group.one_way(is_egress=is_egress))
    added = tuple(Rule(new_id("sgr"), group.id, is_egress, permission, tags) for permission in permissions)
    _store(state, replace(group, rules=group.rules + added))
    return {"Return": True, "SecurityGroupRules": [rule_row(state, rule) for rule in added]}


def modify(state: State, params: Params) -> dict[str, Any]:
    """ModifySecurityGroupRules: each update replaces its rule, one after the other.

    So an update collides with the rules as the updates before it left them.
    """
    group = _target(state, params, by_name=False)
    updates = params.get("SecurityGroupRules")
    if not updates:
        raise missing("SecurityGroupRule")
    ids = [update.get("SecurityGroupRuleId", "") for update in updates]
    if len(set(ids)) < len(ids):
        raise invalid("The same security group rule must not appear multiple times")
    if not state.behaviour.repeats_are_duplicates:
        _refuse_equal_updates(state, group, updates)
    for update in updates:
        _update(state, state.groups[group.id], update)
    return {"Return": True}


def revoke(state: State, params: Params, *, is_egress: bool) -> dict[str, Any]:
    """RevokeSecurityGroupIngress and RevokeSecurityGroupEgress, by rule ids or by permissions."""
    group = _target(state, params, by_name=not is_egress)
    unknown: list[Permission] = []
    if "SourceSecurityGroupOwnerId" in params:
        raise unsupported("SourceSecurityGroupOwnerId")
    if params.get("SecurityGroupRuleIds"):
        other = "ipPermissions" if params.get("IpPermissions") else first_flat(params)
        if other:
            raise combined(other, "securityGroupRuleIds")
        revoked = _rules_by_id(group, params["SecurityGroupRuleIds"], is_egress)
    else:
        permissions = requested(state, group, params, is_egress=is_egress)
        revoked, unknown = _rules_by_permission(group, permissions, is_egress)
    gone = {rule.id for rule in revoked}
    _store(state, replace(group, rules=tuple(rule for rule in group.rules if rule.id not in gone)))
    result = {"Return": True, "RevokedSecurityGroupRules": [revoked_row(rule) for rule in revoked]}
    return {**result, "UnknownIpPermissions": ip_permissions(state, group, unknown)} if unknown else result


def describe_anew(state: State, params: Params, *, is_egress: bool) -> dict[str, Any]:
    """UpdateSecurityGroupRuleDescriptionsIngress and -Egress: without a new description there is none."""
    group = own(state, named_group(state, params))
    given = checks.exclusive(params, "IpPermissions", "SecurityGroupRuleDescriptions")
    if given is None:
        raise missing("ipPermissions or securityGroupRuleDescriptions")
    find = _described_by_permission if given == "IpPermissions" else _described_by_id
    told = find(state, group, params, is_egress)
    changed = (
        replace(rule, permission=replace(rule.permission, description=told[rule.id])) if rule.id in told else rule
        for rule in group.rules
    )
    state.groups[group.id] = replace(group, rules=tuple(changed))
    return {"Return": True}


def _described_by_id(_: State, group: Group, params: Params, is_egress: bool) -> dict[str, str | None]:
    given = {
        each.get("SecurityGroupRuleId", ""): checks.rule_description(each.get("Description"))
        for each in params["SecurityGroupRuleDescriptions"]
    }
    _rules_by_id(group, given, is_egress)
    return given


def _described_by_permission(state: State, group: Group, params: Params, is_egress: bool) -> dict[str, str | None]:
    rules = group.one_way(is_egress=is_egress)
    wanted = requested(state, group, params, is_egress=is_egress)
    told = {rule.id: one.description for one in wanted for rule in rules if rule.permission.duplicates(one)}
    if len(told) < len(wanted):
        raise permission_not_found()
    return told


def _target(state: State, params: Params, *, by_name: bool) -> Group:
    """The group of the request; egress and Modify have no form by name."""
    if not by_name and not params.get("GroupId"):
        raise missing("groupId")
    return own(state, named_group(state, params))


def _update(state: State, group: Group, update: Params) -> None:
    old = rule_by_id(group, update.get("SecurityGroupRuleId", ""))
    new = replacement(state, group, update.get("SecurityGroupRule") or {})
    was, becomes = old.permission.source.kind, new.source.kind
    if was != becomes:
        raise invalid(
            f"Invalid rule type for security group rule '{old.id}'. "
            f"You may not specify {becomes} for an existing {was} rule."
        )
    others = (rule for rule in group.one_way(is_egress=old.is_egress) if rule.id != old.id)
    _refuse_duplicate(new, others)
    if new.description is None and state.behaviour.keeps_omitted_description:
        new = replace(new, description=old.permission.description)
    changed = replace(old, permission=new)
    _store(state, replace(group, rules=tuple(changed if r.id == old.id else r for r in group.rules)))


def _refuse_equal_updates(state: State, group: Group, updates: Iterable[Params]) -> None:
    """Refuse updates that equal each other. The rules that the group has already are not compared."""
    for is_egress in (False, True):
        ids = {rule.id for rule in group.one_way(is_egress=is_egress)}
        _refuse_repeated(
            tuple(
                replacement(state, group, update.get("SecurityGroupRule") or {})
                for update in updates
                if update.get("SecurityGroupRuleId") in ids
            )
        )


def _rules_by_id(group: Group, ids: Iterable[str], is_egress: bool) -> list[Rule]:
    rules = [rule_by_id(group, rule_id) for rule_id in dict.fromkeys(ids)]
    for rule in rules:
        if rule.is_egress is not is_egress:
            raise rule_id_not_found(rule.id)
    return rules


def _rules_by_permission(
    group: Group, permissions: Iterable[Permission], is_egress: bool
) -> tuple[list[Rule], list[Permission]]:
    """The rules that match, and the permissions that match none.

    The latter are refused, except in the default VPC: there EC2 skips and reports them.
    Descriptions do not take part.
    """
    rules = group.one_way(is_egress=is_egress)
    wanted = list(permissions)
    matched = [rule for rule in rules if any(rule.permission.duplicates(one) for one in wanted)]
    unknown = [one for one in wanted if not any(rule.permission.duplicates(one) for rule in matched)]
    if unknown and not group.vpc.is_default:
        raise permission_not_found()
    return matched, unknown


def _refuse_repeated(permissions: tuple[Permission, ...]) -> None:
    if len({(one.traffic, one.source) for one in permissions}) < len(permissions):
        raise invalid("The same permission must not appear multiple times")


def _refuse_duplicate(permission: Permission, rules: Iterable[Rule]) -> None:
    if any(rule.permission.duplicates(permission) for rule in rules):
        raise Ec2Error("InvalidPermission.Duplicate", f'the specified rule "{_in_words(permission)}" already exists')


def _in_words(permission: Permission) -> str:
    """A permission in the words of EC2's Duplicate error."""
    traffic = permission.traffic
    if traffic.protocol in {"tcp", "udp"}:
        words = f"{traffic.protocol.upper()}, from port: {traffic.from_port}, to port: {traffic.to_port}"
    elif traffic.has_ports:
        kind, code = (number if number >= 0 else "ALL" for number in (traffic.from_port, traffic.to_port))
        words = f"{traffic.protocol.upper()}, type: {kind}, code: {code}"
    else:
        words = "ALL" if traffic.protocol == "-1" else f"protocol: {traffic.protocol}"
    return f"peer: {permission.source.value}, {words}, ALLOW"


def _store(state: State, group: Group) -> None:
    """Put the group in the place of its older self, unless it would exceed a quota."""
    if exceeds(group, state.prefix_lists, state.behaviour.rule_quota):
        raise Ec2Error(
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        )
    state.groups[group.id] = group
