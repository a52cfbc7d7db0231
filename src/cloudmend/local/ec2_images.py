"""AMIs as EC2 shares and lists them. moto keeps them, changes those of others too, and lists all in one page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models import ec2_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.ec2.checks import Ec2Error, identifier, invalid, missing
from cloudmend.local.ec2_settings import Answer, refuse_sharing
from cloudmend.local.ec2_snapshots import changes, page

if TYPE_CHECKING:
    from moto.ec2.models.amis import Ami

_ALL: Final = {"Group": "all"}
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_TOLD_AFTER: Final = timedelta(days=1)  # a launch, to the owner
_YEARS: Final = 2  # after its creation a public AMI is deprecated, if its owner named no other date
# Of one permission, in the call's spelling, and as a list in its flat form.
_KINDS: Final = {
    "Group": "UserGroups",
    "UserId": "UserIds",
    "OrganizationArn": "OrganizationArns",
    "OrganizationalUnitArn": "OrganizationalUnitArns",
}


def modify(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Share an AMI or end its sharing, in one direction a call. Raises Ec2Error."""
    image = _own(account, region, params.get("ImageId", ""))
    added, removed = changes(params, "LaunchPermission", _flat(params))
    if not added and not removed:
        raise missing("LaunchPermission")
    for each in (*added, *removed):
        _check(each)
    if image.state == "disabled":
        raise Ec2Error("OperationNotPermitted", f"The image {image.id} is disabled.")
    if _ALL in added:
        refuse_sharing(account, region, "images")
    kept = [each for each in image.launch_permissions if each not in (*added, *removed)]
    image.launch_permissions = [*kept, *map(dict, added)]
    if image.is_public:
        vars(image).setdefault("deprecation_time", _deprecated(image))
    return {}


def reset(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """End an AMI's sharing with everybody, the named accounts included. Raises Ec2Error."""
    _own(account, region, params.get("ImageId", "")).launch_permissions = []
    return {}


def disable(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Disable an AMI, which ends its sharing for good. Raises Ec2Error."""
    image = _own(account, region, params.get("ImageId", ""))
    image.state, image.launch_permissions = "disabled", []
    return {"Return": True}


def describe(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """List AMIs by id, owner and by who may launch them, in pages. Raises Ec2Error."""
    wanted = params.get("ImageIds", ())
    for image_id in wanted:
        _check_id(image_id)
    owners = {account if owner == "self" else owner for owner in params.get("Owners", ())}
    users = {account if user == "self" else user for user in params.get("ExecutableUsers", ())}
    found = [
        image
        for image in ec2_backends[account][region].amis.values()
        if (not wanted or image.id in wanted)
        and (not owners or image.owner_id in owners)
        and (not users or users & _launchers(image))
        and (image.state != "disabled" or params.get("IncludeDisabled"))
    ]
    if unknown := set(wanted) - set(ec2_backends[account][region].amis):
        raise _not_found(min(unknown))
    return page("Images", [_row(image) for image in found], params)


OPERATIONS: Mapping[str, Answer] = {
    "DescribeImages": describe,
    "DisableImage": disable,
    "ModifyImageAttribute": modify,
    "ResetImageAttribute": reset,
}


def answers(operation: str, params: Mapping[str, Any]) -> bool:
    """Return whether the call is answered here; a list by filters and other attributes are moto's."""
    is_other = operation == "ModifyImageAttribute" and params.get("Attribute", "launchPermission") != "launchPermission"
    return operation in OPERATIONS and not is_other and not {"Filters", "Description", "ImdsSupport"} & set(params)


def _own(account: str, region: str, image_id: str) -> Ami:
    _check_id(image_id)
    image: Ami | None = ec2_backends[account][region].amis.get(image_id)
    if image is None:
        raise _not_found(image_id)
    if image.owner_id != account:
        raise Ec2Error("AuthFailure", f"Not authorized for image:{image_id}")
    return image


def _check_id(image_id: str) -> None:
    identifier(image_id, "ami", "InvalidAMIID.Malformed")


def _not_found(image_id: str) -> Ec2Error:
    return Ec2Error("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def _flat(params: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    return [{kind: value} for kind, name in _KINDS.items() for value in params.get(name, ())]


def _check(permission: Mapping[str, str]) -> None:
    if permission.get("Group", "all") != "all":
        raise invalid(f"Value ({permission['Group']}) for parameter group is invalid. It takes all.")
    if "UserId" in permission and not _ACCOUNT.fullmatch(permission["UserId"]):
        raise Ec2Error(
            "InvalidAMIAttributeItemValue",
            f'Invalid attribute item value "{permission["UserId"]}" for userId item type.',
        )


def _launchers(image: Ami) -> set[str]:
    return {value for each in image.launch_permissions for value in each.values()}


def _deprecated(image: Ami) -> str:
    made = image.creation_date
    return made.replace(year=made.year + _YEARS, day=min(made.day, 28)).strftime("%Y-%m-%dT%H:%M:00.000Z")


def _last_launched(image: Ami) -> str | None:
    """Return when any account last launched it. EC2 tells of a launch a day late."""
    shown = CLOCK.now().replace(tzinfo=None) - _TOLD_AFTER  # moto's times are of UTC, without saying so
    here = (regions[image.ec2_backend.region_name] for regions in list(ec2_backends.values()))
    launched = (each.launch_time for backend in here for each in backend.all_instances() if each.image_id == image.id)
    last = max((time for time in launched if time <= shown), default=None)
    return last.strftime("%Y-%m-%dT%H:%M:%S.000Z") if last else None


def _row(image: Ami) -> Mapping[str, Any]:
    row = {
        "Architecture": image.architecture,
        "CreationDate": image.creation_date.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "DeprecationTime": vars(image).get("deprecation_time"),
        "Description": image.description,
        "ImageId": image.id,
        "ImageType": image.image_type,
        "LastLaunchedTime": _last_launched(image),
        "Name": image.name,
        "OwnerId": image.owner_id,
        "Public": image.is_public,
        "RootDeviceName": image.root_device_name,
        "RootDeviceType": image.root_device_type,
        "State": image.state,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in image.get_tags()],
        "VirtualizationType": image.virtualization_type,
    }
    return {key: value for key, value in row.items() if value is not None}
