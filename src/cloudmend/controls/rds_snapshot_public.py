"""A manual DB snapshot that every AWS account may restore. Accounts that are named keep their access.

The snapshots of Aurora and Multi-AZ DB clusters, of DocumentDB and of Neptune are DB cluster snapshots, which have
calls of their own. A DB snapshot and a DB cluster snapshot may have the same name, so an id here is the end of an ARN:
`snapshot:orders` or `cluster-snapshot:orders`. IAM has no condition key for the accounts that a call adds or
removes. The right to end the sharing is the right to share, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.shared import shared_with_everybody, turned
from cloudmend.controls.resource_types import DB_SNAPSHOT
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, lists, rights
from cloudmend.core.events import items
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_ALL: Final = "snapshot"  # its one part: whether it is shared with every account
_GONE: Final = ("DBSnapshotNotFound", "DBClusterSnapshotNotFoundFault")
_KINDS: Final = {"snapshot": "DBSnapshot", "cluster-snapshot": "DBClusterSnapshot"}  # the API's words


def _trigger(verb: str, prefix: str, ending: str = "") -> Trigger:
    kind = _KINDS[prefix]
    # The answer first: it has the snapshot's own spelling, and a call may use capitals.
    at = tuple(f"{root}.d{kind[1:]}Identifier" for root in ("response", "request"))
    return Trigger("rds.amazonaws.com", f"{verb}{kind}{ending}", at, prefix=f"{prefix}:")


def _kind_and_name(snapshot: Resource) -> tuple[str, str]:
    """Return the API's word for the kind of a snapshot, and its name."""
    prefix, _, name = snapshot.id.partition(":")
    return _KINDS[prefix], name


def _call(verb: str, snapshot: Resource, ending: str, **params: Any) -> Call:
    kind, name = _kind_and_name(snapshot)
    return Call("rds", f"{verb}{kind}{ending}", {f"{kind}Identifier": name, **params})


def _read(snapshot: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(_call("Describe", snapshot, "Attributes"), dict.fromkeys(_GONE))
    if answer is None:
        return None
    kind, _name = _kind_and_name(snapshot)
    rows = answer[f"{kind}AttributesResult"][f"{kind}Attributes"]
    shared = (row.get("AttributeValues", ()) for row in rows if row["AttributeName"] == "restore")
    return State({_ALL: any("all" in accounts for accounts in shared)})


def _put(snapshot: Resource, _: str, __: Any, then: Any) -> Call:
    change = {"ValuesToAdd" if then else "ValuesToRemove": ["all"]}
    return _call("Modify", snapshot, "Attribute", AttributeName="restore", **change)


def _says(call: ApiCall) -> Parts:
    if call.name.startswith("Delete"):
        return {_ALL: False}
    added, removed = ("all" in items(call.request.get(key)) for key in ("valuesToAdd", "valuesToRemove"))
    return turned(_ALL, on=added, off=removed)


def _witness(snapshot: Resource) -> str:
    arn = DB_SNAPSHOT.arn_of(snapshot.id, snapshot.account, snapshot.region)
    if snapshot.id.startswith("snapshot:"):
        restore = f"aws rds restore-db-instance-from-db-snapshot --region {snapshot.region}"
        return f"{restore} --db-instance-identifier a-copy --db-snapshot-identifier {arn}"
    copy = f"aws rds copy-db-cluster-snapshot --region {snapshot.region} --source-db-cluster-snapshot-identifier {arn}"
    return f"{copy} --target-db-cluster-snapshot-identifier a-copy"


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    """Yield the ids of snapshots that can be public.

    AWS shares no automated snapshot at all, and no encrypted snapshot with everybody.
    """
    for prefix, encrypted in (("snapshot", "Encrypted"), ("cluster-snapshot", "StorageEncrypted")):
        kind = _KINDS[prefix]
        for row in reader.rows(Call("rds", f"Describe{kind}s", {"SnapshotType": "manual"}), f"{kind}s"):
            if not row.get(encrypted):
                yield f"{prefix}:{row[f'{kind}Identifier']}"


CONTROL: Final = shared_with_everybody(
    id="rds_snapshot_public",
    title="A DB snapshot is shared with every AWS account",
    references=("Security Hub RDS.1",),
    advice="In Terraform, remove all from shared_accounts of the aws_db_snapshot or aws_db_cluster_snapshot_copy.",
    resource=DB_SNAPSHOT,
    triggers=tuple(_trigger("Modify", prefix, "Attribute") for prefix in _KINDS),
    follows=tuple(_trigger("Delete", prefix) for prefix in _KINDS),
    says=_says,
    reads=(
        *rights("rds:DescribeDBSnapshotAttributes", "rds:DescribeDBClusterSnapshotAttributes"),
        *lists(
            "rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots", of="arn:{partition}:rds:{region}:{account}:*"
        ),
    ),
    writes=rights("rds:ModifyDBSnapshotAttribute", "rds:ModifyDBClusterSnapshotAttribute"),
    undoes=rights("rds:ModifyDBSnapshotAttribute", "rds:ModifyDBClusterSnapshotAttribute"),
    read=_read,
    put=_put,
    every=_every,
    may="restore it",
    witness=_witness,
    errors={
        **dict.fromkeys(_GONE, "settled"),
        "InvalidDBSnapshotState": "deferred",
        "InvalidDBClusterSnapshotStateFault": "deferred",
    },
)
