"""A manual DB snapshot that every AWS account may restore. Accounts that are named keep their access.

The snapshots of Aurora and Multi-AZ DB clusters are another resource, which this control does not read. IAM has no
condition key for the accounts that a call adds or removes. The right to end the sharing is the right to share, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cloudmend.controls.resource_types import DB_SNAPSHOT
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    NoSettings,
    State,
    Trigger,
    View,
    each,
    lists,
    rights,
)
from cloudmend.core.events import items
from cloudmend.core.model import ApiCall, Hints, Resource, Words
from cloudmend.core.partitions import partition_of
from cloudmend.core.ports import Call, Reader

_ALL: Final = "snapshot"  # its one part: whether all accounts may restore it
_GONE: Final = "DBSnapshotNotFound"
# The answer first: it has the snapshot's own spelling, and a call may use capitals.
_PLACES: Final = ("response.dBSnapshotIdentifier", "request.dBSnapshotIdentifier")
_SHARED: Final = Trigger("rds.amazonaws.com", "ModifyDBSnapshotAttribute", _PLACES)
_DELETED: Final = Trigger("rds.amazonaws.com", "DeleteDBSnapshot", _PLACES)


def _read(snapshot: Resource, reader: Reader, _: NoSettings) -> State | None:
    asked = Call("rds", "DescribeDBSnapshotAttributes", {"DBSnapshotIdentifier": snapshot.id})
    answer = reader.get(asked, {_GONE: None})
    if answer is None:
        return None
    rows = answer["DBSnapshotAttributesResult"]["DBSnapshotAttributes"]
    shared = (row.get("AttributeValues", ()) for row in rows if row["AttributeName"] == "restore")
    return State({_ALL: any("all" in accounts for accounts in shared)})


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    if view.parts[_ALL]:
        found = view.resource
        partition = partition_of(found.region).id
        arn = DB_SNAPSHOT.arn.format(partition=partition, region=found.region, account=found.account, id=found.id)
        restore = f"aws rds restore-db-instance-from-db-snapshot --region {found.region}"
        witness = f"{restore} --db-instance-identifier a-copy --db-snapshot-identifier {arn}"
        yield Finding(part=_ALL, why="every AWS account may restore it", mended=False, witness=witness)


def _put(snapshot: Resource, part: str, now: Any, then: Any) -> Call:  # noqa: ARG001 - the signature of a put
    change = {"ValuesToAdd" if then else "ValuesToRemove": ["all"]}
    params = {"DBSnapshotIdentifier": snapshot.id, "AttributeName": "restore", **change}
    return Call("rds", "ModifyDBSnapshotAttribute", params)


def _step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
    """Return what a call leaves of it: a change of named accounts alone leaves all accounts as they were.

    Of a snapshot that is not shared nothing need be known.
    """
    if call.name == "DeleteDBSnapshot":
        return Followed(None)
    for key, is_public in (("valuesToAdd", True), ("valuesToRemove", False)):
        if "all" in items(call.request.get(key)):
            return Followed(State({_ALL: True}) if is_public else None)
    return Followed(before)


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    """Yield the ids of snapshots that can be public.

    AWS shares no automated snapshot at all, and no encrypted snapshot with everybody.
    """
    manual = reader.rows(Call("rds", "DescribeDBSnapshots", {"SnapshotType": "manual"}), "DBSnapshots")
    return (row["DBSnapshotIdentifier"] for row in manual if not row.get("Encrypted"))


CONTROL: Final = Control[NoSettings](
    id="rds_snapshot_public",
    title="A DB snapshot is shared with every AWS account",
    severity="critical",
    references=("Security Hub RDS.1",),
    advice="In Terraform, remove all from shared_accounts of the aws_db_snapshot.",
    words=Words(
        fault="shared with every AWS account",
        close="end its sharing with every AWS account. Accounts that are named keep their access",
        prevent="Share it by their ids with the accounts that need it.",
    ),
    hints=Hints(again="share it again", change="end the sharing"),
    resource=DB_SNAPSHOT,
    triggers=(_SHARED,),
    reads=(
        *rights("rds:DescribeDBSnapshotAttributes"),
        *lists("rds:DescribeDBSnapshots", of="arn:{partition}:rds:{region}:{account}:*"),
    ),
    writes=rights("rds:ModifyDBSnapshotAttribute"),
    undoes=rights("rds:ModifyDBSnapshotAttribute"),
    read=_read,
    judge=_judge,
    put=each(_put),
    every=_every,
    follow=Following(calls=(_SHARED, _DELETED), step=_step),
    say=lambda shared: f"{'' if shared else 'not '}shared with every AWS account",
    did=lambda _: "ended its sharing with every AWS account",
    errors={_GONE: "settled", "InvalidDBSnapshotState": "deferred"},
)
