"""An EBS snapshot that every AWS account may copy. Accounts that are named keep their access.

No mend takes back what somebody copied meanwhile. After a mend, cloudmend asks CloudTrail whether another account
copied the snapshot or made a volume of it, and a stack asks again 20 minutes later. The notice says what AWS reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cloudmend.controls.families.shared import ec2_change, ec2_turned, shared_with_everybody
from cloudmend.controls.resource_types import SNAPSHOT
from cloudmend.core.contract import NoSettings, Parts, State, Taken, Trigger, lists, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_ALL: Final = "snapshot"  # its one part: whether it is shared with every account
_GONE: Final = "InvalidSnapshot.NotFound"
_ID: Final = ("request.snapshotId",)
# The owner's events of what another account does with a snapshot that is shared.
_TAKEN: Final = {
    "SharedSnapshotCopyInitiated": "a copy of it was begun",
    "SharedSnapshotVolumeCreated": "a volume was made of it",
}


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


def _asked(name: str, since: datetime | None = None) -> Call:
    wanted = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}]}
    return Call("cloudtrail", "LookupEvents", {**wanted, **({"StartTime": since} if since else {})})


def _found(snapshot: Resource, reader: Reader, since: datetime | None, until: datetime) -> list[str]:
    """Return what CloudTrail reports of other accounts, oldest first. It names none of them."""
    told = [
        (row["EventTime"].astimezone(UTC), f"{did} at {{:%Y-%m-%d %H:%M:%S}} UTC (CloudTrail's event {row['EventId']})")
        for name, did in _TAKEN.items()
        for row in reader.lasting_rows(_asked(name, since), "Events")
        if snapshot.id in row["CloudTrailEvent"]
    ]
    return [did.format(time) for time, did in sorted(told) if time <= until]


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
    taken=Taken(
        found=_found,
        nothing="no copy of it, and no volume made of it, by another account",
        late="CloudTrail reports these up to 15 minutes late.",
        ask=lambda _: [_asked(name) for name in _TAKEN],
        again=timedelta(minutes=20),
        rights=rights("cloudtrail:LookupEvents", of="*"),
    ),
)
