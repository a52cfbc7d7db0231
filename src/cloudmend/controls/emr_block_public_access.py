"""EMR block public access, one setting of the account in each Region: which clusters may be made.

While it is on, EMR makes no cluster whose security groups let the internet in on ports that are not permitted. Clusters
that run now stay as they are, and so do the permitted ports.
"""

from __future__ import annotations

from typing import Any, Final

from cloudmend.controls.families.switches import ask, asked, on_off, switch
from cloudmend.controls.resource_types import BLOCK_OF_EMR
from cloudmend.core.contract import NoSettings, Parts, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAG: Final = "BlockPublicSecurityGroupRules"
_WHOLE: Final = "BlockPublicAccessConfiguration"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    return State(ask(reader, "emr", "GetBlockPublicAccessConfiguration")[_WHOLE])


def _put(_: Resource, __: State, then: Parts) -> list[Call]:
    return [Call("emr", "PutBlockPublicAccessConfiguration", {_WHOLE: dict(then)})]


def _says(call: ApiCall) -> Any:
    return asked(call, f"{_WHOLE}.{_FLAG}")


CONTROL: Final = switch(
    id="emr_block_public_access",
    title="EMR clusters may be made that the internet reaches",
    mode="fix",
    references=("Security Hub EMR.2",),
    advice="In Terraform, set block_public_security_group_rules of aws_emr_block_public_access_configuration to true.",
    words=Words(
        fault="off",
        close="switch it on. Clusters that run now stay as they are",
        prevent="Keep it on, and permit the ports that the internet must reach.",
    ),
    resource=BLOCK_OF_EMR,
    part=_FLAG,
    values=(False, True),
    wanted=lambda _: True,
    settings=NoSettings,
    effect="a cluster may be made that the internet reaches on any port",
    triggers=(Trigger("elasticmapreduce.amazonaws.com", "PutBlockPublicAccessConfiguration"),),
    says=_says,
    say=on_off,
    reads=rights(
        "elasticmapreduce:GetBlockPublicAccessConfiguration", of="*", operation="emr:GetBlockPublicAccessConfiguration"
    ),
    writes=rights(
        "elasticmapreduce:PutBlockPublicAccessConfiguration", of="*", operation="emr:PutBlockPublicAccessConfiguration"
    ),
    undoes=rights(
        "elasticmapreduce:PutBlockPublicAccessConfiguration", of="*", operation="emr:PutBlockPublicAccessConfiguration"
    ),
    read=_read,
    put=_put,
    whole=True,
)
