"""The groups and prefix lists that calls to moto's part of EC2 name: they exist, and groups are of the right VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from moto.ec2.models import ec2_backends

from cloudmend.local.cloudtrail import is_write
from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.lifecycle import default_vpc, group_by_id, group_by_name, prefix_list_by_id
from cloudmend.local.ec2.model import Group, State
from cloudmend.local.ec2.tags import is_ours

_LAUNCHES = "RunInstances"
# What the prefix of an id says that has a VPC, and the place in that VPC.
_PLACES = ("subnet-", "eni-", "i-")


def check(state: State, operation: str, params: Mapping[str, Any]) -> None:
    """Raise Ec2Error for a write that names a group or prefix list that is not there, or a group of another VPC.

    Of a read, only the ids of VPCs are looked at.
    """
    for vpc_id in params.get("VpcIds", ()):
        checks.vpc_id(vpc_id)
    if operation == "DeleteVpc":
        _check_empty(state, params.get("VpcId", ""))
    if is_write(operation):
        _check_named(state, operation, params)


def _check_named(state: State, operation: str, params: Mapping[str, Any]) -> None:
    texts = list(_texts(params))
    groups = [group_by_id(state, each) for each in texts if each.startswith("sg-")]
    lists = [each for each in texts if each.startswith("pl-")]
    for list_id in lists:
        prefix_list_by_id(state, list_id)
    if operation == _LAUNCHES:
        _check_launch(params)
        groups += [group_by_name(state, name) for name in params.get("SecurityGroups", ())]
    for place, vpc in _vpcs(state, operation, texts) if groups else ():
        for group in groups:
            _check_vpc(group, place, vpc)


def _check_launch(params: Mapping[str, Any]) -> None:
    if params.get("NetworkInterfaces") and (params.get("SecurityGroups") or params.get("SecurityGroupIds")):
        words = "Network interfaces and an instance-level security groups may not be specified on the same request"
        raise Ec2Error("InvalidParameterCombination", words)


def without_ours(body: str) -> bytes:
    """Return the form of a call for tags with moto's resources alone."""
    pairs = parse_qsl(body, keep_blank_values=True)
    others = [(key, value) for key, value in pairs if not key.startswith("ResourceId.")]
    named = [value for key, value in pairs if key.startswith("ResourceId.") and not is_ours(value)]
    return urlencode([*others, *((f"ResourceId.{place}", value) for place, value in enumerate(named, 1))]).encode()


def _check_empty(state: State, vpc_id: str) -> None:
    """A VPC goes with its default group, and with no other."""
    if any(group.vpc.id == vpc_id and group.name != "default" for group in state.groups.values()):
        raise Ec2Error("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def _check_vpc(group: Group, place: str, vpc_id: str | None) -> None:
    if vpc_id not in group.spans:
        raise Ec2Error("InvalidParameter", f"Security group {group.id} and {place} belong to different networks.")


def _texts(value: Any) -> Iterator[str]:
    """Yield all text in parameters, but for filters and tags."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in {"Filters", "TagSpecifications", "Tags"}:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _vpcs(state: State, operation: str, texts: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yield where the groups are to be used, with the VPC of that place. What is not there is moto's to refuse."""
    backend = ec2_backends[state.account][state.region]
    subnets = {subnet.id: subnet for each in list(backend.subnets.values()) for subnet in each.values()}
    places = [text for text in texts if text.startswith(_PLACES)]
    if operation == _LAUNCHES and not places:
        yield "the default VPC", default_vpc(state).id
    for text in places:
        kind = text.partition("-")[0]
        if kind == "subnet" and text in subnets:
            yield f"subnet {text}", subnets[text].vpc_id
        elif kind == "eni" and text in backend.enis:
            yield f"network interface {text}", backend.enis[text].vpc_id
        elif kind == "i" and (instance := backend.get_instance_by_id(text)):
            yield f"instance {text}", instance.vpc_id
