"""Read the permissions of a request, nested or flat: one Permission for each source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import Ec2Error, combined, invalid, missing, unsupported
from cloudmend.local.ec2.lifecycle import group_by_id, group_by_name, prefix_list_by_id, vpc_by_id
from cloudmend.local.ec2.model import SOURCE_KINDS, Group, Params, Permission, Source, SourceKind, State

_TRAFFIC = ("CidrIp", "IpProtocol", "FromPort", "ToPort")
_FLAT = (*_TRAFFIC, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId")
_EVERY_PORT = (
    {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535},
    {"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535},
    {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1},
)
_LISTS: tuple[tuple[str, str, SourceKind], ...] = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
)


def requested(state: State, group: Group, params: Params, *, is_egress: bool) -> tuple[Permission, ...]:
    """The permissions of an Authorize or Revoke request, at least one.

    The flat form (CidrIp and its neighbours) exists for ingress only, as EC2 documents.
    """
    nested = params.get("IpPermissions") or []
    flat = first_flat(params)
    if is_egress and flat:
        raise unsupported(flat)
    if nested and flat:
        raise combined(flat, "ipPermissions")
    items = nested or _nested_form(params)
    found = tuple(permission for item in items for permission in _of_permission(state, group, item))
    if not found:
        raise missing("ipPermissions")
    return found


def first_flat(params: Params) -> str | None:
    """Return a parameter of the flat form that the request has."""
    return next((name for name in _FLAT if name in params), None)


def _nested_form(params: Params) -> tuple[Mapping[str, Any], ...]:
    """The flat form as permissions. A source group stands alone: every port of it is meant."""
    traffic = [name for name in _TRAFFIC if name in params]
    if "SourceSecurityGroupName" not in params:
        if "SourceSecurityGroupOwnerId" in params:
            raise missing("SourceSecurityGroupName")
        ranges = [{"CidrIp": params["CidrIp"]}] if "CidrIp" in params else []
        return ({**params, "IpRanges": ranges},) if traffic else ()
    if traffic:
        raise combined(traffic[0], "SourceSecurityGroupName")
    owner = {"UserId": params["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in params else {}
    pair = {"GroupName": params["SourceSecurityGroupName"], **owner}
    return tuple({**each, "UserIdGroupPairs": [pair]} for each in _EVERY_PORT)


def _of_permission(state: State, group: Group, item: Params) -> Iterator[Permission]:
    traffic = checks.traffic(item)
    sources = list(_sources(state, group, item))
    if not sources:
        raise Ec2Error("MissingParameter", "Source group ID missing.")
    for source, description in sources:
        yield Permission(traffic, source, checks.rule_description(description))


def _sources(state: State, group: Group, item: Params) -> Iterator[tuple[Source, str | None]]:
    for pair in item.get("UserIdGroupPairs", ()):
        yield _referenced(state, group, pair), pair.get("Description")
    for list_name, key, kind in _LISTS:
        for entry in item.get(list_name, ()):
            yield _source(state, group, kind, entry.get(key, "")), entry.get("Description")


def _source(state: State, group: Group, kind: SourceKind, value: str) -> Source:
    if kind == "CidrIpv4":
        return Source(kind, checks.ipv4_cidr(value))
    if kind == "CidrIpv6":
        return Source(kind, checks.ipv6_cidr(value))
    if kind == "ReferencedGroupId":
        return _referenced(state, group, {"GroupId": value})
    return Source(kind, prefix_list_by_id(state, value).id)


def _referenced(state: State, group: Group, pair: Params) -> Source:
    """A group of the same VPC or of a connected one. Groups of other accounts are not modelled: refused."""
    if pair.get("GroupId"):
        referenced = group_by_id(state, pair["GroupId"])
    elif pair.get("GroupName"):
        referenced = group_by_name(state, pair["GroupName"])
    else:
        raise Ec2Error("MissingParameter", "Source group ID missing.")
    _check_path(state, group, referenced, pair)
    if not state.reaches(group, referenced) or pair.get("UserId", state.account) != state.account:
        raise Ec2Error("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
    return Source("ReferencedGroupId", referenced.id)


def _check_path(state: State, group: Group, referenced: Group, pair: Params) -> None:
    """Raise Ec2Error if the request names another VPC than the group's, or another connection than theirs."""
    if pair.get("VpcId") and vpc_by_id(state, pair["VpcId"]).id != referenced.vpc.id:
        raise invalid(f"The security group '{referenced.id}' does not belong to VPC '{pair['VpcId']}'")
    named, peering = pair.get("VpcPeeringConnectionId"), state.peering(group, referenced)
    if named and checks.peering_id(named) != (peering.id if peering else None):
        code = "InvalidVpcPeeringConnectionID.NotFound"
        raise Ec2Error(code, f"The vpcPeeringConnection ID '{named}' does not exist")


def replacement(state: State, group: Group, request: Params) -> Permission:
    """The permission of a SecurityGroupRuleRequest: a whole rule, with exactly one source."""
    kinds = [kind for kind in SOURCE_KINDS if request.get(kind)]
    if len(kinds) > 1:
        raise Ec2Error(
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        )
    if not kinds:
        raise Ec2Error(
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        )
    return Permission(
        checks.traffic(request),
        _source(state, group, kinds[0], request[kinds[0]]),
        checks.rule_description(request.get("Description")),
    )
