"""Groups across VPCs: where one can be used, who refers to it from elsewhere, and the rules that have lost their group.

A group is associated with a VPC at once, where EC2 takes its time. Transit gateways and other accounts' VPCs are not
modelled. Where EC2 publishes no code for a refusal, the code here is a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import filters
from cloudmend.local.ec2.checks import Ec2Error, invalid, missing
from cloudmend.local.ec2.filters import matching, page
from cloudmend.local.ec2.lifecycle import group_by_id, own, vpc_by_id
from cloudmend.local.ec2.model import Group, Params, Rule, State
from cloudmend.local.ec2.rows import ip_permissions, tag_list

_SIZES = range(5, 1001)
_STALE_SIZES = range(5, 256)


def associate(state: State, params: Params) -> dict[str, Any]:
    """AssociateSecurityGroupVpc: neither for a default group, nor with the default VPC."""
    group, vpc = _pair(state, params)
    if group.name == "default":
        raise invalid(f"The default security group '{group.id}' cannot be associated with another VPC.")
    if vpc.is_default:
        raise invalid(f"The default VPC '{vpc.id}' cannot be associated with security groups of other VPCs.")
    if vpc.id in group.spans:
        raise invalid(f"The security group '{group.id}' is already associated with the VPC '{vpc.id}'.")
    state.groups[group.id] = replace(group, associated=(*group.associated, vpc.id))
    return {"State": "associating"}


def disassociate(state: State, params: Params) -> dict[str, Any]:
    """DisassociateSecurityGroupVpc: not while a network interface of that VPC carries the group."""
    group, vpc = _pair(state, params)
    if vpc.id not in group.associated:
        raise Ec2Error(
            "InvalidSecurityGroupVpcAssociation.NotFound",
            f"The security group '{group.id}' is not associated with the VPC '{vpc.id}'.",
        )
    if vpc.id in state.behaviour.carriers(group.id):
        raise Ec2Error("DependencyViolation", f"resource {group.id} has a dependent object")
    state.groups[group.id] = replace(group, associated=tuple(each for each in group.associated if each != vpc.id))
    return {"State": "disassociating"}


def describe_associations(state: State, params: Params) -> dict[str, Any]:
    """DescribeSecurityGroupVpcAssociations: those that were made, without a group's own VPC."""
    pairs = [(group, vpc_id) for group in _shown(state) for vpc_id in group.associated]
    found, following = page(matching(state, pairs, params, filters.ASSOCIATIONS), params, _SIZES)
    rows = [
        {
            "GroupId": group.id,
            "GroupOwnerId": group.owner or state.account,
            "VpcId": vpc_id,
            "VpcOwnerId": state.account,
            "State": "associated",
        }
        for group, vpc_id in found
    ]
    return {"SecurityGroupVpcAssociations": rows, **following}


def for_vpc(state: State, params: Params) -> dict[str, Any]:
    """GetSecurityGroupsForVpc: those that the VPC's network interfaces may carry."""
    if not params.get("VpcId"):
        raise missing("VpcId")
    vpc = vpc_by_id(state, params["VpcId"])
    groups = [group for group in _shown(state) if vpc.id in group.spans]
    of_page, following = page(matching(state, groups, params, filters.FOR_VPC), params, _SIZES)
    rows = [
        {
            "Description": group.description,
            "GroupName": group.name,
            "OwnerId": group.owner or state.account,
            "GroupId": group.id,
            "Tags": tag_list(group.tags),
            "PrimaryVpcId": group.vpc.id,
        }
        for group in of_page
    ]
    return {"SecurityGroupForVpcs": rows, **following}


def references(state: State, params: Params) -> dict[str, Any]:
    """DescribeSecurityGroupReferences: the connected VPCs with a rule that refers to one of the groups."""
    if not params.get("GroupId"):
        raise missing("GroupId")
    groups = [group_by_id(state, group_id) for group_id in params["GroupId"]]
    return {"SecurityGroupReferenceSet": [row for group in groups for row in _references(state, group)]}


def _references(state: State, group: Group) -> Iterator[dict[str, Any]]:
    told: set[str] = set()
    for other in _shown(state):
        peering = state.peering(other, group)
        refers = any(rule.permission.source.value == group.id for rule in other.rules)
        if refers and peering and other.vpc.id not in told:
            told.add(other.vpc.id)
            yield {"GroupId": group.id, "ReferencingVpcId": other.vpc.id, "VpcPeeringConnectionId": peering.id}


def stale(state: State, params: Params) -> dict[str, Any]:
    """DescribeStaleSecurityGroups: the rules of a VPC's groups that refer to a group which is gone or out of reach."""
    if not params.get("VpcId"):
        raise missing("VpcId")
    vpc = vpc_by_id(state, params["VpcId"])
    found = [(group, rules) for group in _shown(state) if group.vpc.id == vpc.id and (rules := _stale(state, group))]
    of_page, following = page(found, params, _STALE_SIZES)
    return {"StaleSecurityGroupSet": [_stale_row(state, *each) for each in of_page], **following}


def _stale(state: State, group: Group) -> list[Rule]:
    def is_stale(rule: Rule) -> bool:
        source = rule.permission.source
        other = state.groups.get(source.value)
        return source.kind == "ReferencedGroupId" and (other is None or not state.reaches(group, other))

    return [rule for rule in group.rules if is_stale(rule)]


def _stale_row(state: State, group: Group, rules: list[Rule]) -> dict[str, Any]:
    def shown(*, is_egress: bool) -> list[dict[str, Any]]:
        permissions = [rule.permission for rule in rules if rule.is_egress is is_egress]
        members = ("IpProtocol", "FromPort", "ToPort", "UserIdGroupPairs")
        entries = ip_permissions(state, group, permissions)
        return [{name: entry[name] for name in members if name in entry} for entry in entries]

    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc.id,
        "StaleIpPermissions": shown(is_egress=False),
        "StaleIpPermissionsEgress": shown(is_egress=True),
    }


def _pair(state: State, params: Params) -> tuple[Group, Any]:
    for parameter in ("GroupId", "VpcId"):
        if not params.get(parameter):
            raise missing(parameter)
    return own(state, group_by_id(state, params["GroupId"])), vpc_by_id(state, params["VpcId"])


def _shown(state: State) -> Iterator[Group]:
    return (group for group in state.groups.values() if group.id not in state.hidden)
