"""EBS encryption by default, one setting of the account in each Region.

If the default key is one of the account's own, the setting is only reported: services that have no grant for the key,
such as Auto Scaling, would fail to launch instances.
"""

from __future__ import annotations

from typing import Any, Final

from cloudmend.controls.families.switches import Standing, ask, on_off, sets, switch
from cloudmend.controls.resource_types import EBS_ENCRYPTION
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "EbsEncryptionByDefault"
_AWS_KEY: Final = "alias/aws/ebs"
_OWN_KEY: Final = "the default key is not AWS's own, and services without a grant for it could not launch instances"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    is_on = bool(ask(reader, "ec2", "GetEbsEncryptionByDefault")[_FLAG])
    key = ask(reader, "ec2", "GetEbsDefaultKmsKeyId")["KmsKeyId"]
    return State({_FLAG: is_on}, context=Standing(restraint="" if key.endswith(_AWS_KEY) else _OWN_KEY))


def _put(_: Resource, then: Any) -> Call:
    return Call("ec2", "EnableEbsEncryptionByDefault" if then else "DisableEbsEncryptionByDefault")


def _says(call: ApiCall) -> Any:
    return call.name == "EnableEbsEncryptionByDefault"


CONTROL: Final = switch(
    id="ebs_encryption_default",
    title="New EBS volumes are not encrypted by default",
    references=("Security Hub EC2.7",),
    advice="In Terraform, set enabled of aws_ebs_encryption_by_default to true.",
    words=Words(
        fault="off",
        close="switch it on. Volumes that are there stay as they are",
        prevent="Keep it on.",
    ),
    resource=EBS_ENCRYPTION,
    part=_FLAG,
    values=(False, True),
    wanted=lambda _: True,
    settings=NoSettings,
    effect="volumes and snapshots are made without encryption unless their maker asks for it",
    triggers=(
        Trigger("ec2.amazonaws.com", "DisableEbsEncryptionByDefault"),
        Trigger("ec2.amazonaws.com", "EnableEbsEncryptionByDefault"),
    ),
    says=_says,
    say=on_off,
    reads=rights("ec2:GetEbsEncryptionByDefault", "ec2:GetEbsDefaultKmsKeyId", of="*"),
    writes=rights("ec2:EnableEbsEncryptionByDefault", of="*"),
    undoes=rights("ec2:DisableEbsEncryptionByDefault", of="*"),
    read=_read,
    put=sets(_put),
)
