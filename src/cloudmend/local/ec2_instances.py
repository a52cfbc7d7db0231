"""The metadata options of instances. moto keeps them, but resets those that a call leaves out, and has no filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models import ec2_backends
from moto.ec2.utils import filter_dict_attribute_mapping

from cloudmend.local.ec2.checks import Ec2Error, identifier, invalid
from cloudmend.local.ec2_settings import Answer

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

_FIELDS: Final = {  # in moto's words
    "HttpEndpoint": "http_endpoint",
    "HttpProtocolIpv6": "http_protocol_ipv6",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
    "HttpTokens": "http_tokens",
    "InstanceMetadataTags": "instance_metadata_tags",
}
_VALUES: Final = {"HttpTokens": ("optional", "required")}
_SWITCH: Final = ("disabled", "enabled")
_LIVE: Final = ("pending", "running", "stopping", "stopped")


def modify(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Change the metadata options that are named, and no other. Raises Ec2Error."""
    instance = _instance(account, region, params.get("InstanceId", ""))
    options = instance.metadata_options
    given = {key: params[key] for key in _FIELDS if key in params}
    for key, value in given.items():
        if isinstance(value, str) and value not in _VALUES.get(key, _SWITCH):
            raise invalid(f"Value ({value}) for parameter {key} is invalid.")
    if given.get("HttpEndpoint", options.http_endpoint) == "disabled" and "HttpTokens" in given:
        message = "HttpTokens can only be set if HttpEndpoint is enabled."
        raise Ec2Error("InvalidParameterCombination", message)
    for key, value in given.items():
        setattr(options, _FIELDS[key], value)
    row = {key: getattr(options, name) for key, name in _FIELDS.items()}
    return {"InstanceId": instance.id, "InstanceMetadataOptions": {"State": "applied", **row}}


OPERATIONS: Mapping[str, Answer] = {"ModifyInstanceMetadataOptions": modify}


def know_filters() -> None:
    """Have moto list instances by their metadata options, as EC2 does."""
    for name in ("http-endpoint", "http-tokens", "state"):
        filter_dict_attribute_mapping[f"metadata-options.{name}"] = f"metadata_options.{name.replace('-', '_')}"


def _instance(account: str, region: str, instance_id: str) -> Instance:
    identifier(instance_id, "i", "InvalidInstanceID.Malformed")
    known: Mapping[str, Instance] = {each.id: each for each in ec2_backends[account][region].all_instances()}
    if instance_id not in known:
        raise Ec2Error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
    if known[instance_id].state not in _LIVE:
        message = f"The instance '{instance_id}' is not in a state from which its metadata options can be changed."
        raise Ec2Error("IncorrectInstanceState", message)
    return known[instance_id]
