"""Finding the group, VPC, rule or prefix list that a request names, and what refers to it."""

from __future__ import annotations

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.errors import Ec2Error, group_not_found, missing, not_authorized, prefix_list_not_found, rule_id_not_found
from cloudmend.local.ec2.model import Group, Params, PrefixList, Rule, State, Vpc


def group_by_id(state: State, group_id: str) -> Group:
    group = state.groups.get(checks.group_id(group_id))
    if group is None or group.id in state.hidden:
        raise group_not_found(group_id)
    return group


def own(state: State, group: Group) -> Group:
    """The group, to be changed: only its owner may."""
    if group.owner not in ("", state.account):
        raise not_authorized()
    return group


def group_by_name(state: State, name: str) -> Group:
    """A group by its name: EC2 looks for names in the default VPC only."""
    vpc = default_vpc(state)
    for group in state.groups.values():
        if group.vpc.id == vpc.id and group.name == name:
            return group
    raise Ec2Error("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{vpc.id}'")


def named_group(state: State, params: Params) -> Group:
    """The group of a request that holds either GroupId or GroupName."""
    given = checks.exclusive(params, "GroupId", "GroupName")
    if given is None:
        raise missing("groupName or groupId")
    find = group_by_id if given == "GroupId" else group_by_name
    return find(state, params[given])


def default_vpc(state: State) -> Vpc:
    for vpc in state.vpcs:
        if vpc.is_default:
            return vpc
    raise Ec2Error("VPCIdNotSpecified", "No default VPC for this user")


def vpc_by_id(state: State, vpc_id: str) -> Vpc:
    for vpc in state.vpcs:
        if vpc.id == vpc_id:
            return vpc
    raise Ec2Error("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")


def rule_by_id(group: Group, rule_id: str) -> Rule:
    """A rule of this group; a rule of another group is not found."""
    checks.rule_id(rule_id)
    for rule in group.rules:
        if rule.id == rule_id:
            return rule
    raise rule_id_not_found(rule_id)


def prefix_list_by_id(state: State, prefix_list_id: str) -> PrefixList:
    known = state.prefix_lists.get(checks.prefix_list_id(prefix_list_id))
    if known is None or known.id in state.hidden:
        raise prefix_list_not_found(prefix_list_id)
    return known


def referring(state: State, resource_id: str) -> list[Group]:
    """The groups with a rule whose source is that group or prefix list."""
    return [
        group
        for group in state.groups.values()
        if any(rule.permission.source.value == resource_id for rule in group.rules)
    ]
