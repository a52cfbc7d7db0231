"""The default of new instances for IMDSv2, one setting of the account in each Region.

Old SDKs cannot use IMDSv2. Instances that run now keep their own setting; `instance_imdsv2` is about those. The other
defaults of instance metadata are left as they are.
"""

from __future__ import annotations

from typing import Any, Final

from cloudmend.controls.families.switches import ask, asked, managed, sets, switch
from cloudmend.controls.resource_types import METADATA_DEFAULTS
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_TOKENS: Final = "HttpTokens"
_NONE: Final = "no-preference"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    answer = ask(reader, "ec2", "GetInstanceMetadataDefaults").get("AccountLevel", {})
    return State({_TOKENS: answer.get(_TOKENS, _NONE)}, context=managed(answer))


def _put(_: Resource, then: Any) -> Call:
    return Call("ec2", "ModifyInstanceMetadataDefaults", {_TOKENS: then})


def _says(call: ApiCall) -> Any:
    return asked(call, _TOKENS)


CONTROL: Final = switch(
    id="instance_metadata_defaults",
    title="New EC2 instances need not use IMDSv2",
    advice="In Terraform, set http_tokens of aws_ec2_instance_metadata_defaults to required.",
    words=Words(
        fault="without IMDSv2",
        close="require IMDSv2 of new instances. Those that run now stay as they are",
        prevent="Keep it required.",
    ),
    resource=METADATA_DEFAULTS,
    part=_TOKENS,
    values=(_NONE, "optional", "required"),
    wanted=lambda _: "required",
    settings=NoSettings,
    effect="an instance may be launched that answers without a session token",
    triggers=(Trigger("ec2.amazonaws.com", "ModifyInstanceMetadataDefaults"),),
    says=_says,
    reads=rights("ec2:GetInstanceMetadataDefaults", of="*"),
    writes=rights("ec2:ModifyInstanceMetadataDefaults", of="*"),
    undoes=rights("ec2:ModifyInstanceMetadataDefaults", of="*"),
    read=_read,
    put=sets(_put),
)
