"""Block public access for EBS snapshots, one setting of the account in each Region.

The mend blocks new sharing: snapshots that are public now stay so, and `ebs_snapshot_public` is about those. A stricter
value is never replaced, for a change from block-all-sharing to block-new-sharing would make hidden snapshots public.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from cloudmend.controls.families.switches import ask, asked, managed, sets, switch
from cloudmend.controls.resource_types import BLOCK_OF_SNAPSHOTS
from cloudmend.core.contract import State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_OFF: Final = "unblocked"
_STATE: Final = "State"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings: the least strict value that is not at fault."""

    state: Literal["block-new-sharing", "block-all-sharing"] = "block-new-sharing"


def _read(_: Resource, reader: Reader, __: Settings) -> State:
    answer = ask(reader, "ec2", "GetSnapshotBlockPublicAccessState")
    return State({_STATE: answer[_STATE]}, context=managed(answer))


def _put(_: Resource, then: Any) -> Call:
    if then == _OFF:
        return Call("ec2", "DisableSnapshotBlockPublicAccess")
    return Call("ec2", "EnableSnapshotBlockPublicAccess", {_STATE: then})


def _says(call: ApiCall) -> Any:
    if call.name == "DisableSnapshotBlockPublicAccess":
        return _OFF
    return asked(call, _STATE)


CONTROL: Final = switch(
    id="snapshot_block_public_access",
    title="EBS snapshots may be shared with every AWS account",
    mode="fix",
    references=("Security Hub EC2.182",),
    advice="In Terraform, set state of aws_ebs_snapshot_block_public_access to block-new-sharing.",
    words=Words(
        fault="off",
        close="block new sharing. Snapshots that are public now stay public",
        prevent="Keep it on, and share snapshots by their ids with the accounts that need them.",
    ),
    resource=BLOCK_OF_SNAPSHOTS,
    part=_STATE,
    values=(_OFF, "block-new-sharing", "block-all-sharing"),
    wanted=lambda settings: settings.state,
    settings=Settings,
    effect="snapshots may be shared with every AWS account",
    triggers=(
        Trigger("ec2.amazonaws.com", "DisableSnapshotBlockPublicAccess"),
        Trigger("ec2.amazonaws.com", "EnableSnapshotBlockPublicAccess"),
    ),
    says=_says,
    reads=rights("ec2:GetSnapshotBlockPublicAccessState", of="*"),
    writes=rights("ec2:EnableSnapshotBlockPublicAccess", of="*"),
    undoes=rights("ec2:DisableSnapshotBlockPublicAccess", "ec2:EnableSnapshotBlockPublicAccess", of="*"),
    read=_read,
    put=sets(_put),
)
