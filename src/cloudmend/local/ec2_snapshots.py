"""EBS snapshots as EC2 shares and lists them. moto keeps them, but ignores the newer call and all filters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends

from cloudmend.local.ec2.checks import Ec2Error, combined, identifier, invalid, missing
from cloudmend.local.ec2_settings import Answer, refuse_sharing

if TYPE_CHECKING:
    from moto.ec2.models.elastic_block_store import Snapshot

_MOST = 500  # permissions in one call
_ACCOUNT = re.compile(r"[0-9]{12}")
_ALL = "all"


def modify(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Share a snapshot or end its sharing, in one direction a call. Raises Ec2Error."""
    snapshot = _own_snapshot(account, region, params.get("SnapshotId", ""))
    flat = [{"Group": group} for group in params.get("GroupNames", ())]
    flat += [{"UserId": user} for user in params.get("UserIds", ())]
    adds, removes = changes(params, "CreateVolumePermission", flat)
    if not 0 < len(adds) + len(removes) <= _MOST:
        raise missing("CreateVolumePermission")
    groups, users = _named([*adds, *removes])
    if adds and groups:
        refuse_sharing(account, region, "snapshots")
    if adds and groups and snapshot.encrypted:
        raise Ec2Error("OperationNotPermitted", f"Snapshot {snapshot.id} is encrypted and cannot be made public.")
    if adds:
        snapshot.create_volume_permission_groups |= groups
        snapshot.create_volume_permission_userids |= users
    else:
        snapshot.create_volume_permission_groups -= groups
        snapshot.create_volume_permission_userids -= users
    return {}


def describe(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """List snapshots by owner and by who may restore them, in pages. Raises Ec2Error."""
    owners = {account if owner == "self" else owner for owner in params.get("OwnerIds", ())}
    restorers = {account if user == "self" else user for user in params.get("RestorableByUserIds", ())}
    wanted = set(params.get("SnapshotIds", ()))
    found = [
        snapshot
        for snapshot in ec2_backends[account][region].snapshots.values()
        if (not wanted or snapshot.id in wanted)
        and (not owners or snapshot.owner_id in owners)
        and (not restorers or restorers & set(_restorers(snapshot)))
    ]
    if wanted - {snapshot.id for snapshot in found}:
        raise _not_found(min(wanted - {snapshot.id for snapshot in found}))
    return page("Snapshots", [_row(snapshot) for snapshot in found], params)


def changes(
    params: Mapping[str, Any], name: str, flat: Sequence[Mapping[str, str]]
) -> tuple[Sequence[Mapping[str, str]], Sequence[Mapping[str, str]]]:
    """Return what a call adds to a permission, and what it removes, in either form of the call.

    `name` is the parameter with both lists, and `flat` what the other form names. Raises Ec2Error for both at once.
    """
    change = params.get(name, {})
    adds = [*change.get("Add", ()), *(flat if params.get("OperationType") == "add" else ())]
    removes = [*change.get("Remove", ()), *(flat if params.get("OperationType") == "remove" else ())]
    if adds and removes:
        raise combined(f"{name}.Add", f"{name}.Remove")
    return adds, removes


def page(name: str, rows: Sequence[Mapping[str, Any]], params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the rows that a list call gets, under their name, and the token of the next page if there is one."""
    first, most = int(params.get("NextToken") or 0), params.get("MaxResults") or len(rows)
    more = {"NextToken": str(first + most)} if first + most < len(rows) else {}
    return {name: rows[first : first + most], **more}


OPERATIONS: Mapping[str, Answer] = {"DescribeSnapshots": describe, "ModifySnapshotAttribute": modify}


def answers(operation: str, params: Mapping[str, Any]) -> bool:
    """Return whether the call is answered here; a list by filters is moto's."""
    return operation in OPERATIONS and "Filters" not in params


def _own_snapshot(account: str, region: str, snapshot_id: str) -> Snapshot:
    identifier(snapshot_id, "snap", "InvalidSnapshotID.Malformed")
    snapshot: Snapshot | None = ec2_backends[account][region].snapshots.get(snapshot_id)
    if snapshot is None or snapshot.owner_id != account:
        raise _not_found(snapshot_id)
    return snapshot


def _not_found(snapshot_id: str) -> Ec2Error:
    return Ec2Error("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")


def _named(permissions: Sequence[Mapping[str, str]]) -> tuple[set[str], set[str]]:
    groups = {each["Group"] for each in permissions if "Group" in each}
    users = {each["UserId"] for each in permissions if "UserId" in each}
    if groups - {_ALL}:
        raise invalid(f"Value ({min(groups - {_ALL})}) for parameter group is invalid. It takes all.")
    for user in users:
        if not _ACCOUNT.fullmatch(user):
            raise invalid(f"Value ({user}) for parameter userId is invalid. It is not an account id.")
    return groups, users


def _restorers(snapshot: Snapshot) -> Iterator[str]:
    yield snapshot.owner_id
    yield from snapshot.create_volume_permission_groups
    yield from snapshot.create_volume_permission_userids


def _row(snapshot: Snapshot) -> Mapping[str, Any]:
    return {
        "Description": snapshot.description,
        "Encrypted": snapshot.encrypted,
        "OwnerId": snapshot.owner_id,
        "Progress": "100%",
        "SnapshotId": snapshot.id,
        "StartTime": snapshot.start_time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "State": snapshot.status,
        "StorageTier": snapshot.storage_tier,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in snapshot.get_tags()],
        "VolumeId": snapshot.volume.id,
        "VolumeSize": snapshot.volume.size,
    }
