"""A Redshift cluster that has a public address: its security groups alone decide who in the world reaches it.

It only observes unless the policy says otherwise, because the mend cuts off clients outside the VPC.

A cluster can have an Elastic IP address. Redshift lets go of it when the cluster becomes private, so the record keeps
it, and the undo brings it back. Redshift takes minutes for the change. Until then the mend is pending, and the queue
follows it. While the cluster is paused, resized, or changed, the mend is deferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cloudmend.controls.families.switches import Standing, asked_public, public_private, switch
from cloudmend.controls.resource_types import REDSHIFT_CLUSTER
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, rights
from cloudmend.core.events import mapping
from cloudmend.core.model import Json, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "PubliclyAccessible"
_ADDRESS: Final = "ElasticIp"
_GONE: Final = "ClusterNotFound"
_NAMED: Final = ("response.clusterIdentifier", "request.clusterIdentifier")
_REFUSING: Final = (
    *("creating", "deleting", "final-snapshot", "paused", "pausing", "resuming", "rebooting", "renaming"),
    *("resizing", "cancelling-resize", "rotating-keys", "updating-hsm"),
)


def _read(cluster: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(Call("redshift", "DescribeClusters", {"ClusterIdentifier": cluster.id}), {_GONE: None})
    if not answer or not answer["Clusters"]:
        return None
    (row,) = answer["Clusters"]
    status = row["ClusterStatus"]
    standing = Standing(
        wait=f"it is {status}" if status in _REFUSING else "",
        changing=status if status in ("creating", "modifying") else _pending(row),
    )
    address = mapping(row.get("ElasticIpStatus")).get(_ADDRESS)
    parts = {_FLAG: bool(row.get(_FLAG)), **({_ADDRESS: address} if address else {})}
    return State(parts, context=standing, labels={"vpc": row["VpcId"]} if row.get("VpcId") else {})


def _pending(row: Json) -> str:
    return "its change is pending" if _FLAG in mapping(row.get("PendingModifiedValues")) else ""


def _put(cluster: Resource, now: State, then: Parts) -> Iterator[Call]:
    """Yield the call that sets the flag, with the address that the cluster gets back; none for the address alone."""
    if now.parts[_FLAG] != then[_FLAG]:
        address = {_ADDRESS: then[_ADDRESS]} if then[_FLAG] and _ADDRESS in then else {}
        yield Call("redshift", "ModifyCluster", {"ClusterIdentifier": cluster.id, _FLAG: then[_FLAG], **address})


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    rows = reader.rows(Call("redshift", "DescribeClusters", {}), "Clusters")
    return (row["ClusterIdentifier"] for row in rows if row.get(_FLAG))


CONTROL: Final = switch(
    id="redshift_cluster_public",
    title="A Redshift cluster has a public address",
    severity="high",
    references=("Security Hub Redshift.1",),
    advice="In Terraform, set publicly_accessible of the aws_redshift_cluster to false.",
    words=Words(
        fault="public",
        close="make it private. This cuts off its clients outside the VPC",
        prevent="Reach it from inside the VPC: through a VPN, a bastion, or a Redshift-managed VPC endpoint.",
    ),
    resource=REDSHIFT_CLUSTER,
    part=_FLAG,
    values=(True, False),
    wanted=lambda _: False,
    settings=NoSettings,
    effect="it has a public address, and its security groups alone decide who reaches it",
    triggers=tuple(
        Trigger("redshift.amazonaws.com", name, _NAMED)
        for name in ("CreateCluster", "ModifyCluster", "RestoreFromClusterSnapshot")
    ),
    ends=(Trigger("redshift.amazonaws.com", "DeleteCluster", _NAMED),),
    says=asked_public,
    say=public_private,
    reads=rights("redshift:DescribeClusters"),
    writes=rights("redshift:ModifyCluster"),
    undoes=rights("redshift:ModifyCluster"),
    read=_read,
    put=_put,
    every=_every,
    errors={_GONE: "settled", "InvalidClusterState": "deferred"},
    settles_in=timedelta(minutes=30),
    beside=(_ADDRESS,),
)
