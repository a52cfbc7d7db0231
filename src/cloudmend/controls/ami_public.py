"""An Amazon Machine Image (AMI) that every AWS account may launch.

Accounts, organizations and organizational units that are named keep their access. The snapshots of a public AMI may be
private: whoever may launch the AMI needs no right to them. When an AMI becomes public, AWS may give it a date of its
deprecation. That date stays, and cloudmend keeps the former one in its record.

No mend ends the instances that somebody launched meanwhile. After a mend, the notice says when the AMI was last
launched, as far as EC2 reports that: a day late, and without the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cloudmend.controls.families.owners import owner_in
from cloudmend.controls.families.shared import ec2_change, ec2_turned, shared_with_everybody
from cloudmend.controls.resource_types import IMAGE
from cloudmend.core.contract import NoSettings, Parts, State, Taken, Trigger, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call, Reader

_ALL: Final = "image"  # its one part: whether it is shared with every account
_GONE: Final = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
_ID: Final = ("request.imageId",)


def _asked(image: Resource) -> Call:
    return Call("ec2", "DescribeImages", {"ImageIds": [image.id], "IncludeDisabled": True})


def _read(image: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(_asked(image), dict.fromkeys(_GONE))
    rows = answer["Images"] if answer else []
    # EC2 may list a deregistered image for a while.
    row = next((row for row in rows if row.get("State") != "deregistered"), None)
    if row is None:
        return None
    labels = {label: row[key] for label, key in (("name", "Name"), ("deprecated", "DeprecationTime")) if row.get(key)}
    return State({_ALL: row["Public"]}, owner=row["OwnerId"], labels={**labels, **owner_in(row.get("Tags", ()))})


def _put(image: Resource, _: str, __: Any, then: Any) -> Call:
    params = {"ImageId": image.id, "Attribute": "launchPermission", "LaunchPermission": ec2_change(then)}
    return Call("ec2", "ModifyImageAttribute", params)


def _says(call: ApiCall) -> Parts:
    if call.name != "ModifyImageAttribute":
        return {_ALL: False}
    return ec2_turned(_ALL, call.request.get("launchPermission"))


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    public = Call("ec2", "DescribeImages", {"Owners": ["self"], "ExecutableUsers": ["all"]})
    return (row["ImageId"] for row in reader.rows(public, "Images"))


def _found(image: Resource, reader: Reader, since: datetime | None, until: datetime) -> list[str]:
    """Return the last launch that EC2 reports, if it was within that time."""
    rows = (reader.get(_asked(image), dict.fromkeys(_GONE)) or {"Images": ()})["Images"]
    times = [datetime.fromisoformat(row["LastLaunchedTime"]) for row in rows if "LastLaunchedTime" in row]
    return [
        f"an instance was launched from it at {time:%Y-%m-%d %H:%M:%S} UTC, the last one, by whom EC2 does not say"
        for time in times
        if (since is None or time >= since) and time <= until
    ]


CONTROL: Final = shared_with_everybody(
    id="ami_public",
    title="An AMI is shared with every AWS account",
    advice="In Terraform, remove the aws_ami_launch_permission resource whose group is all.",
    resource=IMAGE,
    triggers=(Trigger("ec2.amazonaws.com", "ModifyImageAttribute", _ID),),
    follows=tuple(
        Trigger("ec2.amazonaws.com", name, _ID) for name in ("DeregisterImage", "DisableImage", "ResetImageAttribute")
    ),
    says=_says,
    reads=rights("ec2:DescribeImages", of="*"),
    writes=rights("ec2:ModifyImageAttribute", standing={"Bool": {"ec2:Public": "true"}}),
    undoes=rights("ec2:ModifyImageAttribute"),
    read=_read,
    put=_put,
    every=_every,
    may="launch it",
    witness=lambda of: f"aws ec2 run-instances --region {of.region} --image-id {of.id} --instance-type t3.micro",
    errors=dict.fromkeys(_GONE, "settled"),
    taken=Taken(
        found=_found,
        nothing="no launch of it",
        late="EC2 reports a launch 24 hours late.",
        ask=lambda image: [_asked(image)],
    ),
)
