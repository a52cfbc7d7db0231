"""Block public access for AMIs, one setting of the account in each Region.

AMIs that are public now stay public; `ami_public` is about those. AWS may show the former value for ten minutes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from cloudmend.controls.families.switches import ask, managed, sets, switch
from cloudmend.controls.resource_types import BLOCK_OF_IMAGES
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_STATE: Final = "ImageBlockPublicAccessState"
_OFF, _ON = "unblocked", "block-new-sharing"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    answer = ask(reader, "ec2", "GetImageBlockPublicAccessState")
    return State({_STATE: answer[_STATE]}, context=managed(answer))


def _put(_: Resource, then: Any) -> Call:
    if then == _OFF:
        return Call("ec2", "DisableImageBlockPublicAccess")
    return Call("ec2", "EnableImageBlockPublicAccess", {_STATE: then})


def _says(call: ApiCall) -> Any:
    return _OFF if call.name == "DisableImageBlockPublicAccess" else _ON


CONTROL: Final = switch(
    id="image_block_public_access",
    title="AMIs may be shared with every AWS account",
    advice="In Terraform, set state of aws_ec2_image_block_public_access to block-new-sharing.",
    words=Words(
        fault="off",
        close="block new sharing. AMIs that are public now stay public",
        prevent="Keep it on, and share AMIs by their ids with the accounts that need them.",
    ),
    resource=BLOCK_OF_IMAGES,
    part=_STATE,
    values=(_OFF, _ON),
    wanted=lambda _: _ON,
    settings=NoSettings,
    effect="AMIs may be shared with every AWS account",
    triggers=(
        Trigger("ec2.amazonaws.com", "DisableImageBlockPublicAccess"),
        Trigger("ec2.amazonaws.com", "EnableImageBlockPublicAccess"),
    ),
    says=_says,
    reads=rights("ec2:GetImageBlockPublicAccessState", of="*"),
    writes=rights("ec2:EnableImageBlockPublicAccess", of="*"),
    undoes=rights("ec2:DisableImageBlockPublicAccess", of="*"),
    read=_read,
    put=sets(_put),
    settles_in=timedelta(minutes=10),
)
