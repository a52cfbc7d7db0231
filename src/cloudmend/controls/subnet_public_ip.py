"""A subnet that gives each new network interface a public IPv4 address.

Public subnets of load balancers may be meant so: exempt them. Addresses that were given stay. The default subnets of a
default VPC do so by AWS's own setting. They are looked at only if `default_subnets` is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.owners import owner_in
from cloudmend.controls.families.switches import asked, on_off, sets, switch
from cloudmend.controls.resource_types import SUBNET
from cloudmend.core.contract import State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "MapPublicIpOnLaunch"
_GONE: Final = "InvalidSubnetID.NotFound"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings: whether default subnets are looked at, too."""

    default_subnets: bool = False


def _read(subnet: Resource, reader: Reader, settings: Settings) -> State | None:
    answer = reader.get(Call("ec2", "DescribeSubnets", {"SubnetIds": [subnet.id]}), {_GONE: None})
    if not answer or not answer["Subnets"]:
        return None
    (row,) = answer["Subnets"]
    is_left = row["DefaultForAz"] and not settings.default_subnets
    labels = {"vpc": row["VpcId"], **owner_in(row.get("Tags", ()))}
    return State({_FLAG: row[_FLAG] and not is_left}, owner=row["OwnerId"], labels=labels)


def _put(subnet: Resource, then: Any) -> Call:
    return Call("ec2", "ModifySubnetAttribute", {"SubnetId": subnet.id, _FLAG: {"Value": then}})


def _says(call: ApiCall) -> Any:
    return asked(call, "mapPublicIpOnLaunch.value")


def _every(_: Resource, reader: Reader, settings: Settings) -> Iterator[str]:
    rows = reader.rows(Call("ec2", "DescribeSubnets"), "Subnets")
    return (row["SubnetId"] for row in rows if row[_FLAG] and (settings.default_subnets or not row["DefaultForAz"]))


CONTROL: Final = switch(
    id="subnet_public_ip",
    title="A subnet gives new network interfaces public addresses",
    references=("Security Hub EC2.15",),
    advice="In Terraform, set map_public_ip_on_launch of the aws_subnet to false.",
    words=Words(
        fault="giving out public addresses by itself",
        close="give none to new network interfaces. Addresses that were given stay",
        prevent="Ask for a public address where one is needed.",
    ),
    resource=SUBNET,
    part=_FLAG,
    values=(True, False),
    wanted=lambda _: False,
    settings=Settings,
    effect="an instance that is launched there has a public address, whether it needs one or not",
    triggers=(Trigger("ec2.amazonaws.com", "ModifySubnetAttribute", ("request.subnetId",)),),
    says=_says,
    say=on_off,
    reads=rights("ec2:DescribeSubnets", of="*"),
    writes=rights("ec2:ModifySubnetAttribute"),
    undoes=rights("ec2:ModifySubnetAttribute"),
    read=_read,
    put=sets(_put),
    every=_every,
    errors={_GONE: "settled"},
)
