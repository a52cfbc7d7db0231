"""Read the permissions of a request, nested or flat: one Permission for each source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import Ec2Error, combined, invalid, missing
from cloudmend.local.ec2.lifecycle import group_by_id, group_by_name, prefix_list_by_id
from cloudmend.local.ec2.model import SOURCE_KINDS, Group, Params, Permission, Source, SourceKind, State

_FLAT = ("CidrIp", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupName")
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
    flat = [] if is_egress else [name for name in _FLAT if name in params]
    if nested and flat:
        raise combined(flat[0], "ipPermissions")
    found = tuple(
        permission
        for item in (nested or _nested_form(params, flat))
        for permission in _of_permission(state, group, item)
    )
    if not found:
        raise missing("ipPermissions")
    return found


def _nested_form(params: Params, flat: list[str]) -> tuple[Mapping[str, Any], ...]:
    if not flat:
        return ()
    if "SourceSecurityGroupName" not in flat:
        ranges = [{"CidrIp": params["CidrIp"]}] if "CidrIp" in flat else []
        return ({**params, "IpRanges": ranges},)
    if len(flat) > 1:
        raise combined(flat[0], "SourceSecurityGroupName")
    pair = {"GroupName": params["SourceSecurityGroupName"]}
    return tuple({**traffic, "UserIdGroupPairs": [pair]} for traffic in _EVERY_PORT)


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
    """A group of the same VPC. Peered VPCs and other accounts are not modelled: refused."""
    if pair.get("GroupId"):
        referenced = group_by_id(state, pair["GroupId"])
    elif pair.get("GroupName"):
        referenced = group_by_name(state, pair["GroupName"])
    else:
        raise Ec2Error("MissingParameter", "Source group ID missing.")
    if referenced.vpc.id != group.vpc.id or pair.get("UserId", state.account) != state.account:
        raise Ec2Error("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
    return Source("ReferencedGroupId", referenced.id)


def replacement(state: State, group: Group, request: Params) -> Permission:
    """The permission of a SecurityGroupRuleRequest: a whole rule, with exactly one source."""
    kinds = [kind for kind in SOURCE_KINDS if request.get(kind)]
    if len(kinds) > 1:
        raise invalid("Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified")
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
