"""Groups and tags, made and deleted; and the group, VPC, rule or prefix list that a request names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import (
    Ec2Error,
    group_not_found,
    missing,
    not_authorized,
    prefix_list_not_found,
    rule_id_not_found,
)
from cloudmend.local.ec2.model import (
    ALL_PROTOCOLS,
    Group,
    Params,
    Permission,
    PrefixList,
    Rule,
    Source,
    State,
    Traffic,
    Vpc,
    new_id,
)
from cloudmend.local.ec2.rows import tag_list

_EVERYTHING = Traffic(ALL_PROTOCOLS)
_ANYWHERE = Permission(_EVERYTHING, Source("CidrIpv4", "0.0.0.0/0"))
_ANYWHERE_IPV6 = Permission(_EVERYTHING, Source("CidrIpv6", "::/0"))


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
        if vpc.id == checks.vpc_id(vpc_id):
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


def create(state: State, params: Params) -> dict[str, Any]:
    """CreateSecurityGroup: in the default VPC where none is given."""
    for parameter, member in (("GroupName", "GroupName"), ("GroupDescription", "Description")):
        if not params.get(member):
            raise missing(parameter)
    name = checks.group_name(params["GroupName"])
    description = checks.group_description(params["Description"])
    tags = checks.tags(params.get("TagSpecifications", ()), "security-group")
    vpc = vpc_by_id(state, params["VpcId"]) if params.get("VpcId") else default_vpc(state)
    if any(group.vpc.id == vpc.id and group.name.lower() == name.lower() for group in state.groups.values()):
        raise Ec2Error("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    group_id = new_id("sg")
    state.groups[group_id] = Group(group_id, name, description, vpc, _ways_out(group_id, vpc), tags)
    answer = {"GroupId": group_id, "SecurityGroupArn": state.arn("security-group", group_id)}
    return {**answer, "Tags": tag_list(tags)} if tags else answer


def delete(state: State, params: Params) -> dict[str, Any]:
    """DeleteSecurityGroup: refused for a default group, and for one that is in use or associated with a VPC.

    A rule of another VPC's group does not keep it: that rule is stale from then on.
    """
    group = own(state, named_group(state, params))
    if group.name == "default":
        raise Ec2Error("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    others = [user for user in referring(state, group.id) if user.id != group.id and user.spans & group.spans]
    if others or group.associated or state.behaviour.carriers(group.id):
        raise Ec2Error("DependencyViolation", f"resource {group.id} has a dependent object")
    del state.groups[group.id]
    return {"Return": True, "GroupId": group.id}


def follow_vpcs(state: State) -> None:
    """Give each new VPC its default group, and drop the groups of VPCs that are gone."""
    present = {vpc.id: vpc for vpc in state.vpcs}
    for group in list(state.groups.values()):
        if group.vpc.id not in present:
            del state.groups[group.id]
        else:
            kept = replace(group, associated=tuple(each for each in group.associated if each in present))
            state.groups[group.id] = _in_changed_vpc(kept, present[group.vpc.id])
    served = {group.vpc.id for group in state.groups.values() if group.name == "default"}
    for vpc in state.vpcs:
        if vpc.id not in served:
            group = _default_group(vpc)
            state.groups[group.id] = group


def _in_changed_vpc(group: Group, vpc: Vpc) -> Group:
    """The group after a change of its VPC: a first IPv6 block opens the way out that nobody has changed."""
    moved = replace(group, vpc=vpc)
    out = [rule.permission for rule in group.one_way(is_egress=True)]
    if vpc.ipv6_cidrs and not group.vpc.ipv6_cidrs and out == [_ANYWHERE]:
        return replace(moved, rules=(*group.rules, _way_out(group.id, _ANYWHERE_IPV6)))
    return moved


def _default_group(vpc: Vpc) -> Group:
    """EC2's own: all traffic in from the group itself, all traffic out."""
    group_id = new_id("sg")
    among_members = Permission(_EVERYTHING, Source("ReferencedGroupId", group_id))
    way_in = Rule(new_id("sgr"), group_id, is_egress=False, permission=among_members)
    return Group(group_id, "default", "default VPC security group", vpc, (way_in, *_ways_out(group_id, vpc)))


def _ways_out(group_id: str, vpc: Vpc) -> tuple[Rule, ...]:
    """The rules that EC2 gives each new group: all traffic out, in each address family of the VPC."""
    ways = (_ANYWHERE, _ANYWHERE_IPV6) if vpc.ipv6_cidrs else (_ANYWHERE,)
    return tuple(_way_out(group_id, each) for each in ways)


def _way_out(group_id: str, anywhere: Permission) -> Rule:
    return Rule(new_id("sgr"), group_id, is_egress=True, permission=anywhere)
