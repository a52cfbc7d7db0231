"""A database of RDS that has a public address: its security groups alone decide who in the world reaches it.

It only observes unless the policy says otherwise, because the mend cuts off clients outside the VPC.

The members of an Aurora cluster, and read replicas, are DB instances with a flag of their own, and so are the instances
of Neptune. A Multi-AZ DB cluster has the flag itself. RDS has no call that changes it there, so such a cluster is only
reported. A DB instance and a DB cluster may have the same name, so an id here is the end of an ARN: `db:orders` or
`cluster:orders`.

The mend sends PubliclyAccessible and nothing else. RDS applies that flag without waiting for the maintenance window. A
call with ApplyImmediately would also apply all changes that wait for the window, such as another class or version, and
that can be an outage. RDS takes minutes for the flag. Until then the mend is pending, and the queue follows it. While
RDS creates, stops, backs up, or changes the database, the mend is deferred.

A DB instance that is created without the flag can be public: RDS decides by its subnet group. cloudmend reads the flag.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cloudmend.controls.families.switches import Standing, asked_public, public_private, switch
from cloudmend.controls.resource_types import DATABASE
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, rights
from cloudmend.core.events import mapping
from cloudmend.core.model import Json, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "PubliclyAccessible"
_GONE: Final = ("DBInstanceNotFound", "DBClusterNotFoundFault")
_KINDS: Final = {"db": "DBInstance", "cluster": "DBCluster"}  # the API's words
_IN_CLUSTERS: Final = ("mysql", "postgres")  # the engines of Multi-AZ DB clusters
_OF_CLUSTER: Final = "RDS has no call that changes it for a Multi-AZ DB cluster: restore its snapshot as a private one"
_CHANGING: Final = ("creating", "modifying")
_REFUSING: Final = (
    *("backing-up", "creating", "deleting", "failed", "maintenance", "rebooting", "renaming"),
    *("resetting-master-credentials", "starting", "stopped", "stopping", "upgrading"),
)
_INSTANCES: Final = "arn:{partition}:rds:{region}:{account}:db:*"
# All of the call that IAM has a key for. It sees neither the flag nor ApplyImmediately.
_WRITES: Final = rights("rds:ModifyDBInstance", of=_INSTANCES, BoolIfExists={"rds:ManageMasterUserPassword": "false"})


def _trigger(name: str, prefix: str = "db") -> Trigger:
    kind = f"d{_KINDS[prefix][1:]}Identifier"
    target = f"target{_KINDS[prefix]}Identifier"
    # The answer first: of a restore, the request names the source too.
    return Trigger(
        "rds.amazonaws.com", name, (f"response.{kind}", f"request.{target}", f"request.{kind}"), (), f"{prefix}:"
    )


def _kind_and_name(database: Resource) -> tuple[str, str]:
    """Return the API's word for the kind of a database, and its name."""
    prefix, _, name = database.id.partition(":")
    return _KINDS[prefix], name


def _read(database: Resource, reader: Reader, _: NoSettings) -> State | None:
    kind, name = _kind_and_name(database)
    answer = reader.get(Call("rds", f"Describe{kind}s", {f"{kind}Identifier": name}), dict.fromkeys(_GONE))
    if not answer or not answer[f"{kind}s"]:
        return None
    (row,) = answer[f"{kind}s"]
    status = row.get(f"{kind}Status", row.get("Status", ""))
    standing = Standing(
        restraint=_restraint(row),
        wait=f"it is {status}" if status in _REFUSING else "",
        changing=status if status in _CHANGING else "",
    )
    vpc = mapping(row.get("DBSubnetGroup")).get("VpcId", "")
    return State({_FLAG: bool(row.get(_FLAG))}, context=standing, labels={"vpc": vpc} if vpc else {})


def _restraint(row: Json) -> str:
    """Return why a database is only reported; empty for a DB instance that RDS lets one change."""
    if "DBInstanceIdentifier" not in row:
        return _OF_CLUSTER
    return f"DB cluster {row['DBClusterIdentifier']} has the flag. {_OF_CLUSTER}" if _is_member(row) else ""


def _is_member(row: Json) -> bool:
    """Return whether a DB instance is one of a Multi-AZ DB cluster."""
    return bool(row.get("DBClusterIdentifier")) and row["Engine"] in _IN_CLUSTERS


def _put(database: Resource, _: State, then: Parts) -> Iterator[Call]:
    kind, name = _kind_and_name(database)
    if kind == _KINDS["db"]:  # an instance may have the name of a cluster
        yield Call("rds", "ModifyDBInstance", {"DBInstanceIdentifier": name, _FLAG: then[_FLAG]})


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    for row in reader.rows(Call("rds", "DescribeDBInstances", {}), "DBInstances"):
        if row.get(_FLAG) and not _is_member(row):
            yield f"db:{row['DBInstanceIdentifier']}"
    for row in reader.rows(Call("rds", "DescribeDBClusters", {}), "DBClusters"):
        if row.get(_FLAG):
            yield f"cluster:{row['DBClusterIdentifier']}"


CONTROL: Final = switch(
    id="rds_instance_public",
    title="A database of RDS has a public address",
    severity="high",
    references=("Security Hub RDS.2",),
    advice="In Terraform, set publicly_accessible of the aws_db_instance or aws_rds_cluster_instance to false.",
    words=Words(
        fault="public",
        close="make it private. This cuts off its clients outside the VPC",
        prevent="Reach it from inside the VPC: through a VPN, a bastion, or RDS Proxy.",
    ),
    resource=DATABASE,
    part=_FLAG,
    values=(True, False),
    wanted=lambda _: False,
    settings=NoSettings,
    effect="it has a public address, and its security groups alone decide who reaches it",
    triggers=(
        *map(_trigger, ("CreateDBInstance", "CreateDBInstanceReadReplica", "ModifyDBInstance")),
        *(_trigger(f"RestoreDBInstance{source}") for source in ("FromDBSnapshot", "FromS3", "ToPointInTime")),
        _trigger("CreateDBCluster", "cluster"),
        *(_trigger(f"RestoreDBCluster{source}", "cluster") for source in ("FromSnapshot", "ToPointInTime")),
    ),
    ends=(_trigger("DeleteDBInstance"), _trigger("DeleteDBCluster", "cluster")),
    says=asked_public,
    say=public_private,
    reads=(
        *rights("rds:DescribeDBInstances", of=_INSTANCES),
        *rights("rds:DescribeDBClusters", of="arn:{partition}:rds:{region}:{account}:cluster:*"),
    ),
    writes=_WRITES,
    undoes=_WRITES,
    read=_read,
    put=_put,
    every=_every,
    errors={**dict.fromkeys(_GONE, "settled"), "InvalidDBInstanceState": "deferred"},
    settles_in=timedelta(minutes=30),
)
