"""The permissions of VPC endpoint services. moto keeps the services, and knows one type of permission alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models import ec2_backends

from cloudmend.local.ec2.checks import Ec2Error, identifier, invalid, missing
from cloudmend.local.ec2_settings import Answer
from cloudmend.local.ec2_snapshots import page

if TYPE_CHECKING:
    from moto.ec2.models.vpc_service_configuration import VPCServiceConfiguration

_TYPES: Final = ("vpc-endpoint", "transit-gateway-attachment")
_KINDS: Final = {"root": "Account", "user": "User", "role": "Role", "ou": "OrganizationUnit"}
_PRINCIPAL: Final = re.compile(
    r"\*|arn:aws[a-z-]*:(?:iam|organizations)::[0-9]{12}:(?P<kind>root|user|role|ou)(?:/.+)?"
)


def modify(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let principals ask for a connection, and take that from others, for one type of permission. Raises Ec2Error."""
    service = _own(account, region, params.get("ServiceId", ""))
    added, removed = params.get("AddAllowedPrincipals", ()), params.get("RemoveAllowedPrincipals", ())
    kind = params.get("PermissionType", _TYPES[0])
    if not added and not removed:
        raise missing("AddAllowedPrincipals")
    if kind not in _TYPES:
        raise invalid(f"Value ({kind}) for parameter PermissionType is invalid.")
    for principal in (*added, *removed):
        _kind(principal)
    kept = [each for each in _permissions(service) if each not in [(kind, principal) for principal in removed]]
    vars(service)["permissions"] = list(dict.fromkeys([*kept, *((kind, principal) for principal in added)]))
    return {"ReturnValue": True}


def describe(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """List the permissions of a service in pages. Raises Ec2Error."""
    service = _own(account, region, params.get("ServiceId", ""))
    rows = [
        {
            "PrincipalType": _kind(principal),
            "Principal": principal,
            "PermissionType": kind,
            "ServiceId": service.id,
        }
        for kind, principal in _permissions(service)
    ]
    for asked in params.get("Filters", ()):
        rows = [row for row in rows if row[_filter(asked["Name"])] in asked["Values"]]
    return page("AllowedPrincipals", rows, params)


OPERATIONS: Mapping[str, Answer] = {
    "DescribeVpcEndpointServicePermissions": describe,
    "ModifyVpcEndpointServicePermissions": modify,
}


def _own(account: str, region: str, service_id: str) -> VPCServiceConfiguration:
    identifier(service_id, "vpce-svc", "InvalidVpcEndpointServiceId.Malformed")
    service: VPCServiceConfiguration | None = ec2_backends[account][region].configurations.get(service_id)
    if service is None:
        message = f"The VpcEndpointService Id '{service_id}' does not exist"
        raise Ec2Error("InvalidVpcEndpointServiceId.NotFound", message)
    return service


def _permissions(service: VPCServiceConfiguration) -> Sequence[tuple[str, str]]:
    """Return the service's permissions, each a type and a principal."""
    found: Sequence[tuple[str, str]] = vars(service).get("permissions", ())
    return found


def _kind(principal: str) -> str:
    match = _PRINCIPAL.fullmatch(principal)
    if match is None:
        raise Ec2Error("InvalidPrincipal", f"The principal {principal} is not the ARN of one, nor *.")
    return _KINDS.get(match["kind"], "All")


def _filter(name: str) -> str:
    keys = {"permission-type": "PermissionType", "principal": "Principal", "principal-type": "PrincipalType"}
    if name not in keys:
        raise invalid(f"The filter '{name}' is invalid")
    return keys[name]
