"""An EBS snapshot that every AWS account may copy. Accounts that are named keep their access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cloudmend.controls.resource_types import SNAPSHOT
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
from cloudmend.core.events import items, mapping
from cloudmend.core.model import ApiCall, Hints, Resource, Words
from cloudmend.core.ports import Call, Reader

_ALL: Final = "snapshot"  # its one part: whether all accounts may use it
_GONE: Final = "InvalidSnapshot.NotFound"


def _read(snapshot: Resource, reader: Reader, _: NoSettings) -> State | None:
    asked = {"SnapshotId": snapshot.id, "Attribute": "createVolumePermission"}
    answer = reader.get(Call("ec2", "DescribeSnapshotAttribute", asked), {_GONE: None})
    if answer is None:
        return None
    return State({_ALL: any(row.get("Group") == "all" for row in answer["CreateVolumePermissions"])})


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    if view.parts[_ALL]:
        witness = (
            f"aws ec2 copy-snapshot --source-region {view.resource.region} --source-snapshot-id {view.resource.id}"
        )
        yield Finding(part=_ALL, why="every AWS account may copy it", mended=False, witness=witness)


def _put(snapshot: Resource, part: str, now: Any, then: Any) -> Call:  # noqa: ARG001 - the signature of a put
    change = {"Add" if then else "Remove": [{"Group": "all"}]}
    params = {"SnapshotId": snapshot.id, "Attribute": "createVolumePermission", "CreateVolumePermission": change}
    return Call("ec2", "ModifySnapshotAttribute", params)


def _step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
    """Return what a call leaves of it: a change of named accounts alone leaves all accounts as they were.

    Of a snapshot that is not shared nothing need be known.
    """
    if call.name != "ModifySnapshotAttribute":
        return Followed(None)
    change = mapping(call.request.get("createVolumePermission"))
    for key, is_public in (("add", True), ("remove", False)):
        if any(mapping(row).get("group") == "all" for row in items(change.get(key))):
            return Followed(State({_ALL: True}) if is_public else None)
    return Followed(before)


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    public = Call("ec2", "DescribeSnapshots", {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]})
    return (row["SnapshotId"] for row in reader.rows(public, "Snapshots"))


CONTROL: Final = Control[NoSettings](
    id="ebs_snapshot_public",
    title="An EBS snapshot is shared with every AWS account",
    severity="critical",
    references=("Security Hub EC2.1",),
    advice="In Terraform, remove the aws_snapshot_create_volume_permission resource that names the group all.",
    words=Words(
        fault="shared with every AWS account",
        close="end its sharing with every AWS account. Accounts that are named keep their access",
        prevent="Share it by their ids with the accounts that need it.",
    ),
    hints=Hints(again="share it again", change="end the sharing"),
    resource=SNAPSHOT,
    triggers=(Trigger("ec2.amazonaws.com", "ModifySnapshotAttribute", ("request.snapshotId",)),),
    reads=(*rights("ec2:DescribeSnapshotAttribute"), *lists("ec2:DescribeSnapshots")),
    writes=rights("ec2:ModifySnapshotAttribute", StringEquals={"ec2:Remove/group": "all"}),
    undoes=rights("ec2:ModifySnapshotAttribute", StringEquals={"ec2:Add/group": "all"}),
    read=_read,
    judge=_judge,
    put=each(_put),
    every=_every,
    follow=Following(
        calls=tuple(
            Trigger("ec2.amazonaws.com", name, ("request.snapshotId",))
            for name in ("DeleteSnapshot", "ModifySnapshotAttribute", "ResetSnapshotAttribute")
        ),
        step=_step,
    ),
    say=lambda shared: f"{'' if shared else 'not '}shared with every AWS account",
    did=lambda _: "ended its sharing with every AWS account",
    errors={_GONE: "settled"},
)
