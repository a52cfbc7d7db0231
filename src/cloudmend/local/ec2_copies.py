"""EBS snapshots that another account shares: copied, and made into volumes, as CloudTrail tells their owner.

moto looks for a snapshot in the caller's own account alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models import ec2_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.cloudtrail import RecordedCall

if TYPE_CHECKING:
    from moto.ec2.models.elastic_block_store import Snapshot

    from cloudmend.local.ec2_settings import Answer

_EC2: Final = "ec2.amazonaws.com"
# The names of the owner's events, which no call has.
_EVENTS: Final = {"CopySnapshot": "SharedSnapshotCopyInitiated", "CreateVolume": "SharedSnapshotVolumeCreated"}


def answers(account: str, region: str, operation: str, params: Mapping[str, Any]) -> bool:
    """Return whether the call takes a snapshot that another account shares with everybody, or with the caller."""
    return operation in OPERATIONS and _shared(account, region, params) is not None


def owners_event(account: str, region: str, operation: str, params: Mapping[str, Any]) -> Iterator[RecordedCall]:
    """Yield the event of AWS that tells the owner of a shared snapshot of such a call."""
    snapshot = _shared(account, region, params) if operation in OPERATIONS else None
    if snapshot:
        yield RecordedCall(
            source=_EC2,
            name=_EVENTS[operation],
            request=None,
            response=None,
            error_code="",
            error_message="",
            is_read=False,
            identity={"invokedBy": _EC2},
            account=snapshot.owner_id,
            region=snapshot.ec2_backend.region_name,
            time=CLOCK.now(),
            source_ip=_EC2,
            user_agent=_EC2,
            request_id=str(uuid.uuid4()),
            event_id=str(uuid.uuid4()),
            details={"snapshotId": snapshot.id},
        )


def _shared(account: str, region: str, params: Mapping[str, Any]) -> Snapshot | None:
    wanted = params.get("SourceSnapshotId") or params.get("SnapshotId") or ""
    place = params.get("SourceRegion", region)
    for owner, regions in list(ec2_backends.items()):
        snapshot: Snapshot | None = regions[place].snapshots.get(wanted) if owner != account else None
        if snapshot and _may_take(account, snapshot):
            return snapshot
    return None


def _may_take(account: str, snapshot: Snapshot) -> bool:
    return "all" in snapshot.create_volume_permission_groups or account in snapshot.create_volume_permission_userids


def _copy(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    volume = _volume(account, region, params, f"{region}a")
    copy = ec2_backends[account][region].create_snapshot(volume.id, params.get("Description", ""))
    return {"SnapshotId": copy.id}


def _create(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    volume = _volume(account, region, params, params.get("AvailabilityZone", f"{region}a"))
    return {
        "AvailabilityZone": volume.zone.name,
        "Encrypted": volume.encrypted,
        "Size": volume.size,
        "SnapshotId": params["SnapshotId"],
        "State": "creating",
        "VolumeId": volume.id,
        "VolumeType": volume.volume_type,
    }


def _volume(account: str, region: str, params: Mapping[str, Any], zone: str) -> Any:
    """Return a new volume of the size of the shared snapshot."""
    snapshot = _shared(account, region, params)
    size = snapshot.volume.size if snapshot else 1
    return ec2_backends[account][region].create_volume(size=size, zone_name=zone)


OPERATIONS: Final[Mapping[str, Answer]] = {"CopySnapshot": _copy, "CreateVolume": _create}
