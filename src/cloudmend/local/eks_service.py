"""EKS's part of the front: moto keeps the clusters, but replaces their whole network configuration at once.

An update is applied when the cluster is described for the second time since (underway.py). Until then the cluster is
UPDATING, shows the old values, and takes no other update. The codes are documented; the words are ours.
"""

from __future__ import annotations

import json
import uuid
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from moto.eks.models import eks_backends

from cloudmend.local import underway
from cloudmend.local.clock import CLOCK
from cloudmend.local.messages import ApiError, ApiResponse, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.eks.models import Cluster

    from cloudmend.local.front import Exchange

_CONFIG, _LIST = "resourcesVpcConfig", "publicAccessCidrs"
_PUBLIC, _PRIVATE = "endpointPublicAccess", "endpointPrivateAccess"
_MOST = 40  # ranges of an endpoint
_RESERVED = tuple(
    map(ip_network, ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"))
) + tuple(map(ip_network, ("192.168.0.0/16", "224.0.0.0/4", "fc00::/7", "fe80::/10")))
_WHOLE = ("0.0.0.0/0", "::/0")


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call. Raises ApiError."""
    operation, params = exchange.request.operation, exchange.call.params if exchange.call else {}
    clusters: Mapping[str, Cluster] = eks_backends[exchange.principal.account][exchange.request.region].clusters
    if operation == "CreateCluster":
        _check(_completed(params.get(_CONFIG, {})))
        made = exchange.forward()
        if made.error_code is None:
            found = clusters[params["name"]]
            found.resources_vpc_config = _completed(found.resources_vpc_config)
        return made
    if operation == "UpdateClusterConfig" and _CONFIG in params:
        return json_answer({"update": _updated(_named(clusters, params), params[_CONFIG])}, "json")
    if operation == "DescribeCluster" and params.get("name") in clusters:
        underway.described(clusters[params["name"]])
    if operation in ("DescribeUpdate", "ListUpdates"):
        updates = {each["id"]: each for each in _updates(_named(clusters, params))}
        if operation == "ListUpdates":
            return json_answer({"updateIds": [*updates]}, "json")
        return json_answer({"update": _update(updates, params)}, "json")
    return exchange.forward()


def _completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the values that EKS fills in; an empty list means the world."""
    found = {_PUBLIC: True, _PRIVATE: False, **config}
    return {**found, _LIST: list(config.get(_LIST) or ["0.0.0.0/0"])}


def _named(clusters: Mapping[str, Cluster], params: Mapping[str, Any]) -> Cluster:
    name = str(params.get("name", ""))
    if name not in clusters:
        raise ApiError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    return clusters[name]


def _updates(cluster: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vars(cluster).setdefault("own_updates", [])
    return found


def _updated(cluster: Cluster, change: Mapping[str, Any]) -> dict[str, Any]:
    """Begin an update of a cluster's endpoint. Raises ApiError."""
    if cluster.status == "UPDATING":
        raise ApiError("ResourceInUseException", f"Cluster {cluster.name} currently has an update in progress.", 409)
    wanted = _completed({**cluster.resources_vpc_config, **change})
    _check(wanted)
    if _normal(wanted) == _normal(cluster.resources_vpc_config):
        raise ApiError("InvalidParameterException", "Cluster is already at the desired configuration.")
    update = {
        "id": str(uuid.uuid4()),
        "status": "InProgress",
        "type": "EndpointAccessUpdate",
        "params": [{"type": "PublicAccessCidrs", "value": json.dumps(wanted[_LIST])}],
        "createdAt": CLOCK.now().timestamp(),
        "errors": [],
    }
    _updates(cluster).append(update)
    cluster.status = "UPDATING"

    def apply() -> None:
        update["status"] = "Successful"
        cluster.resources_vpc_config, cluster.status = wanted, "ACTIVE"

    underway.begin(cluster, apply)
    return update


def _normal(config: Mapping[str, Any]) -> tuple[Any, ...]:
    return config[_PUBLIC], config[_PRIVATE], sorted(config[_LIST])


def _check(config: Mapping[str, Any]) -> None:
    """Raise ApiError for endpoints that EKS refuses."""
    if not config[_PUBLIC] and not config[_PRIVATE]:
        raise _invalid("Private and public endpoint access cannot be both false.")
    listed: Sequence[str] = config[_LIST]
    if len(listed) > _MOST:
        raise _invalid(f"An endpoint takes {_MOST} ranges at most.")
    for text in listed:
        _check_range(text)


def _check_range(text: str) -> None:
    try:
        network = ip_network(text)
    except ValueError:
        raise _invalid(f"The following CIDRs are invalid in {_LIST}: {text}.") from None
    reserved = (each for each in _RESERVED if each.version == network.version)
    if text not in _WHOLE and any(network.overlaps(each) for each in reserved):
        raise _invalid(f"The following CIDRs are not allowed in {_LIST}, because they are reserved: {text}.")


def _update(updates: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any]) -> Mapping[str, Any]:
    wanted = str(params.get("updateId", ""))
    if wanted not in updates:
        raise ApiError("ResourceNotFoundException", f"No update found for ID: {wanted}.", 404)
    return updates[wanted]


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)
