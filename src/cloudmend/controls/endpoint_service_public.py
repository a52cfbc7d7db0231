"""A VPC endpoint service that every AWS account may connect to, without its owner's acceptance.

Principals that are named keep their access, and connections that were made stay. If the owner accepts each connection,
the service is only reported: any account may ask, and nobody is let in. Permissions to make VPC endpoints and to attach
transit gateways are two lists, each a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.shared import shared_with_everybody
from cloudmend.controls.resource_types import ENDPOINT_SERVICE
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import Resource
from cloudmend.core.ports import Call, Reader

_GONE: Final = "InvalidVpcEndpointServiceId.NotFound"
_ENDPOINTS: Final = "vpc-endpoint"  # what AWS means where it names no type of permission
_TYPES: Final = (_ENDPOINTS, "transit-gateway-attachment")


def _read(service: Resource, reader: Reader, _: NoSettings) -> State | None:
    open_to_all = Call(
        "ec2",
        "DescribeVpcEndpointServicePermissions",
        {"ServiceId": service.id, "Filters": [{"Name": "principal-type", "Values": ["All"]}]},
    )
    asked = reader.get(open_to_all, {_GONE: None})
    if asked is None:
        return None
    known = reader.get(
        Call("ec2", "DescribeVpcEndpointServiceConfigurations", {"ServiceIds": [service.id]}), {_GONE: None}
    )
    if not known or not known["ServiceConfigurations"]:
        return None
    public = {row.get("PermissionType") or _ENDPOINTS for row in asked["AllowedPrincipals"] if row["Principal"] == "*"}
    (row,) = known["ServiceConfigurations"]
    return State({kind: kind in public for kind in _TYPES}, context=row["AcceptanceRequired"])


def _put(service: Resource, part: str, _: Any, then: Any) -> Call:
    change = {"AddAllowedPrincipals" if then else "RemoveAllowedPrincipals": ["*"]}
    params = {"ServiceId": service.id, **change, "PermissionType": part}
    return Call("ec2", "ModifyVpcEndpointServicePermissions", params)


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    own = Call("ec2", "DescribeVpcEndpointServiceConfigurations")
    return (row["ServiceId"] for row in reader.rows(own, "ServiceConfigurations"))


def _trigger(name: str) -> Trigger:
    return Trigger("ec2.amazonaws.com", name, (f"request.{name}Request.ServiceId", "request.serviceId"))


CONTROL: Final = shared_with_everybody(
    id="endpoint_service_public",
    title="A VPC endpoint service is shared with every AWS account",
    advice='In Terraform, remove "*" from allowed_principals of the aws_vpc_endpoint_service.',
    resource=ENDPOINT_SERVICE,
    triggers=(_trigger("ModifyVpcEndpointServicePermissions"), _trigger("ModifyVpcEndpointServiceConfiguration")),
    reads=(
        *rights("ec2:DescribeVpcEndpointServicePermissions"),
        *rights("ec2:DescribeVpcEndpointServiceConfigurations", of="*"),
    ),
    writes=rights("ec2:ModifyVpcEndpointServicePermissions"),
    undoes=rights("ec2:ModifyVpcEndpointServicePermissions"),
    read=_read,
    put=_put,
    every=_every,
    may="connect to it",
    witness=lambda of: (
        f"aws ec2 create-vpc-endpoint --region {of.region} --vpc-endpoint-type Interface --vpc-id vpc-11112222 "
        f"--service-name com.amazonaws.vpce.{of.region}.{of.id}"
    ),
    restraint=lambda state: "the owner accepts each connection" if state.context else "",
    errors={_GONE: "settled"},
)
