"""An EBS snapshot that every AWS account may copy. Accounts that are named keep their access."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.shared import ec2_change, ec2_turned, shared_with_everybody
from cloudmend.controls.resource_types import SNAPSHOT
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, lists, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_ALL: Final = "snapshot"  # its one part: whether it is shared with every account
_GONE: Final = "InvalidSnapshot.NotFound"
_ID: Final = ("request.snapshotId",)


def _read(snapshot: Resource, reader: Reader, _: NoSettings) -> State | None:
    asked = {"SnapshotId": snapshot.id, "Attribute": "createVolumePermission"}
    answer = reader.get(Call("ec2", "DescribeSnapshotAttribute", asked), {_GONE: None})
    if answer is None:
        return None
    return State({_ALL: any(row.get("Group") == "all" for row in answer["CreateVolumePermissions"])})


def _put(snapshot: Resource, _: str, __: Any, then: Any) -> Call:
    params = {"SnapshotId": snapshot.id, "Attribute": "createVolumePermission"}
    return Call("ec2", "ModifySnapshotAttribute", {**params, "CreateVolumePermission": ec2_change(then)})


def _says(call: ApiCall) -> Parts:
    if call.name != "ModifySnapshotAttribute":
        return {_ALL: False}
    return ec2_turned(_ALL, call.request.get("createVolumePermission"))


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    public = Call("ec2", "DescribeSnapshots", {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]})
    return (row["SnapshotId"] for row in reader.rows(public, "Snapshots"))


CONTROL: Final = shared_with_everybody(
    id="ebs_snapshot_public",
    title="An EBS snapshot is shared with every AWS account",
    references=("Security Hub EC2.1",),
    advice="In Terraform, remove the aws_snapshot_create_volume_permission resource that names the group all.",
    resource=SNAPSHOT,
    triggers=(Trigger("ec2.amazonaws.com", "ModifySnapshotAttribute", _ID),),
    follows=(
        Trigger("ec2.amazonaws.com", "DeleteSnapshot", _ID),
        Trigger("ec2.amazonaws.com", "ResetSnapshotAttribute", _ID),
    ),
    says=_says,
    reads=(*rights("ec2:DescribeSnapshotAttribute"), *lists("ec2:DescribeSnapshots")),
    writes=rights(
        "ec2:ModifySnapshotAttribute",
        StringEquals={"ec2:Remove/group": "all"},
        Null={"ec2:Add/group": "true", "ec2:Add/userId": "true"},
    ),
    undoes=rights("ec2:ModifySnapshotAttribute", StringEquals={"ec2:Add/group": "all"}),
    read=_read,
    put=_put,
    every=_every,
    may="copy it",
    witness=lambda of: f"aws ec2 copy-snapshot --source-region {of.region} --source-snapshot-id {of.id}",
    errors={_GONE: "settled"},
)
