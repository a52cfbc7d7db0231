"""The part of moto's EC2 that our groups need: the VPCs, their connections, the network interfaces, and other tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import AmiBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from cloudmend.local.ec2.model import Peering, TagRow, Vpc
from cloudmend.local.ec2.tags import is_ours

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.route_tables import Route
    from moto.ec2.models.vpcs import VPC


def vpcs(account: str, region: str) -> Sequence[Vpc]:
    """Return the VPCs, with the blocks that are associated with them."""
    return [_vpc(each) for each in list(ec2_backends[account][region].vpcs.values())]


def _vpc(vpc: VPC) -> Vpc:
    secondary = [
        each["cidr_block"] for each in vpc.get_cidr_block_association_set() if each["cidr_block"] != vpc.cidr_block
    ]
    ipv6 = [each["cidr_block"] for each in vpc.get_cidr_block_association_set(ipv6=True)]
    return Vpc(vpc.id, vpc.cidr_block, bool(vpc.is_default), tuple(secondary), tuple(ipv6))


def peerings(account: str, region: str) -> Collection[Peering]:
    """Return the connections of VPCs of this account and Region, in the state in which moto has them."""
    known = list(ec2_backends[account][region].vpc_pcxs.values())
    return [Peering(each.id, frozenset((each.vpc.id, each.peer_vpc.id)), each.status["Code"]) for each in known]


def carriers(account: str, region: str, group_id: str) -> Collection[str]:
    """Return the VPCs in which a network interface carries a group."""
    interfaces = list(ec2_backends[account][region].enis.values())
    return {
        each.vpc_id
        for each in interfaces
        if any(group.id == group_id for group in each.group_set) and not _is_terminated(each.instance)
    }


def _is_terminated(instance: Instance | None) -> bool:
    """moto keeps the first network interface of an instance that is no more."""
    return instance is not None and instance.state == "terminated"


def routed(account: str, region: str, list_id: str) -> Collection[str]:
    """Return the route tables with a route to the blocks of a prefix list."""
    tables = list(ec2_backends[account][region].route_tables.values())
    return [table.id for table in tables if any(_goes_to(route, list_id) for route in list(table.routes))]


def _goes_to(route: Route, list_id: str) -> bool:
    return route.destination_prefix_list is not None and route.destination_prefix_list.id == list_id


def other_tags(account: str, region: str) -> Collection[TagRow]:
    """Return the tags of all that is moto's."""
    tags = {resource_id: dict(pairs) for resource_id, pairs in list(ec2_backends[account][region].tags.items())}
    return [
        TagRow(resource_id, EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource_id), ""), key, value)
        for resource_id, pairs in tags.items()
        if not is_ours(resource_id)
        for key, value in pairs.items()
    ]


def leave_out_images() -> None:
    """Keep moto from making Amazon's 1,300 images in each Region. That takes 0.1 s, and nothing here needs an image."""
    AmiBackend._load_amis = _no_images  # type: ignore[method-assign] # noqa: SLF001


def _no_images(self: AmiBackend) -> None:
    """Stand for moto's method that makes them."""
