"""Redshift's clusters: moto keeps them, but changes them at once, in any state, and knows no Elastic IP address.

A change of who may connect is applied when the cluster is described for the second time since (underway.py). The codes
are documented; the words are ours.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from moto.ec2.models import ec2_backends
from moto.redshift.models import Cluster, redshift_backends

from cloudmend.local import underway
from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudmend.local.front import Exchange
    from cloudmend.local.messages import ApiResponse

_ID, _FLAG, _ADDRESS = "ClusterIdentifier", "PubliclyAccessible", "ElasticIp"
_CREATES = ("CreateCluster", "RestoreFromClusterSnapshot")


def know_pending_changes() -> None:
    """Let moto's clusters show what is pending, which moto has as an empty list for all."""
    shown = property(lambda self: vars(self).get("own_pending", {}))
    Cluster.pending_modified_values = shown  # type: ignore[assignment, method-assign]


def answer(exchange: Exchange) -> ApiResponse:
    """Answer a call. Raises ApiError."""
    operation, form = (
        exchange.request.operation,
        dict(parse_qsl(exchange.request.body.decode(), keep_blank_values=True)),
    )
    if _ID in form:
        form[_ID] = form[_ID].lower()
    clusters: Mapping[str, Cluster] = redshift_backends[exchange.principal.account][exchange.request.region].clusters
    found = clusters.get(form.get(_ID, ""))
    if operation == "DescribeClusters":
        for each in list(clusters.values()):
            if found in (None, each):
                underway.described(each)
    if operation == "ModifyCluster" and found:
        return _modified(exchange, form, found)
    if operation not in _CREATES:
        return _forwarded(exchange, form)
    _check_address(exchange, form, is_public=form.get(_FLAG) == "true")
    answered = _forwarded(exchange, {_FLAG: "false", **form})
    if answered.error_code is None:
        vars(clusters[form[_ID]]).update(publicly_accessible=form.get(_FLAG) == "true", **_with_address(form))
    return answered


def _forwarded(exchange: Exchange, form: Mapping[str, str]) -> ApiResponse:
    return replace(exchange, request=replace(exchange.request, body=urlencode(form).encode())).forward()


def _modified(exchange: Exchange, form: dict[str, str], found: Cluster) -> ApiResponse:
    """Answer ModifyCluster. Raises ApiError."""
    if found.status != "available":
        raise ApiError("InvalidClusterState", f"Cluster {form[_ID]} is {found.status}, and not available.")
    is_public = form[_FLAG] == "true" if _FLAG in form else bool(found.publicly_accessible)
    _check_address(exchange, form, is_public=is_public)
    if _FLAG in form or _ADDRESS in form:
        kept = _with_address(form) if _ADDRESS in form or not is_public else {}
        change = {"publicly_accessible": is_public, **kept, "own_pending": {}, "status": "available"}
        vars(found).update(own_pending={_FLAG: is_public}, status="modifying")
        underway.begin(found, partial(vars(found).update, change))
    return _forwarded(exchange, {name: value for name, value in form.items() if name not in (_FLAG, _ADDRESS)})


def _with_address(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what moto's cluster has as its Elastic IP address: that of a call, or none."""
    address = form.get(_ADDRESS)
    return {"elastic_ip_status": {_ADDRESS: address, "Status": "active"} if address else None}


def _check_address(exchange: Exchange, form: Mapping[str, str], *, is_public: bool) -> None:
    """Raise ApiError for an address that is not the account's, or that a private cluster would get."""
    if (address := form.get(_ADDRESS)) is None:
        return
    own = ec2_backends[exchange.principal.account][exchange.request.region].addresses
    if address not in {each.public_ip for each in own}:
        raise ApiError("InvalidElasticIpFault", f"The Elastic IP {address} is invalid or cannot be found.")
    if not is_public:
        raise ApiError("InvalidParameterCombination", f"A cluster with the Elastic IP {address} must be public.")
