"""CreateSecurityGroup, DeleteSecurityGroup, and the default group of each VPC."""

from __future__ import annotations

from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.errors import Ec2Error, missing
from cloudmend.local.ec2.lookup import default_vpc, named_group, own, referring, vpc_by_id
from cloudmend.local.ec2.model import ALL_PROTOCOLS, Group, Params, Permission, Rule, Source, State, Traffic, Vpc, new_id
from cloudmend.local.ec2.rows import tag_list

_EVERYTHING = Traffic(ALL_PROTOCOLS)
_ANYWHERE = Permission(_EVERYTHING, Source("CidrIpv4", "0.0.0.0/0"))


def create(state: State, params: Params) -> dict[str, Any]:
    """CreateSecurityGroup: in the default VPC where none is given."""
    for parameter, member in (("GroupName", "GroupName"), ("GroupDescription", "Description")):
        if not params.get(member):
            raise missing(parameter)
    name = checks.group_name(params["GroupName"])
    description = checks.group_description(params["Description"])
    tags = checks.tags(params.get("TagSpecifications", ()), "security-group")
    vpc = vpc_by_id(state, params["VpcId"]) if params.get("VpcId") else default_vpc(state)
    if any(group.vpc.id == vpc.id and group.name == name for group in state.groups.values()):
        raise Ec2Error("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc.id}'")
    group_id = new_id("sg")
    state.groups[group_id] = Group(group_id, name, description, vpc, (_way_out(group_id),), tags)
    answer = {"GroupId": group_id, "SecurityGroupArn": state.arn("security-group", group_id)}
    return {**answer, "Tags": tag_list(tags)} if tags else answer


def delete(state: State, params: Params) -> dict[str, Any]:
    """DeleteSecurityGroup: refused for a default group, and for one that is in use."""
    group = own(state, named_group(state, params))
    if group.name == "default":
        raise Ec2Error("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    others = [user for user in referring(state, group.id) if user.id != group.id]
    if others or state.behaviour.in_use(group.id):
        raise Ec2Error("DependencyViolation", f"resource {group.id} has a dependent object")
    del state.groups[group.id]
    return {"Return": True, "GroupId": group.id}


def follow_vpcs(state: State) -> None:
    """Give each new VPC its default group, and drop the groups of VPCs that are gone."""
    present = {vpc.id for vpc in state.vpcs}
    for group in list(state.groups.values()):
        if group.vpc.id not in present:
            del state.groups[group.id]
    served = {group.vpc.id for group in state.groups.values() if group.name == "default"}
    for vpc in state.vpcs:
        if vpc.id not in served:
            group = _default_group(vpc)
            state.groups[group.id] = group


def _default_group(vpc: Vpc) -> Group:
    """EC2's own: all traffic in from the group itself, all traffic out."""
    group_id = new_id("sg")
    among_members = Permission(_EVERYTHING, Source("ReferencedGroupId", group_id))
    way_in = Rule(new_id("sgr"), group_id, is_egress=False, permission=among_members)
    return Group(group_id, "default", "default VPC security group", vpc, (way_in, _way_out(group_id)))


def _way_out(group_id: str) -> Rule:
    return Rule(new_id("sgr"), group_id, is_egress=True, permission=_ANYWHERE)
