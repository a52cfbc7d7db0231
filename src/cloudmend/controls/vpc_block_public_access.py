"""VPC block public access, one setting of the account in each Region.

It can cut all VPCs of a Region off from the internet. The mend blocks what comes in. Exclusions of subnets and VPCs
stay.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from cloudmend.controls.families.switches import Standing, ask, asked, managed, sets, switch
from cloudmend.controls.resource_types import BLOCK_OF_VPCS
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_MODE: Final = "InternetGatewayBlockMode"
_CHANGING: Final = "update-in-progress"


def _read(_: Resource, reader: Reader, __: NoSettings) -> State:
    answer = ask(reader, "ec2", "DescribeVpcBlockPublicAccessOptions")["VpcBlockPublicAccessOptions"]
    wait = "AWS is changing it" if answer.get("State") == _CHANGING else ""
    standing = Standing(restraint=managed(answer).restraint, wait=wait)
    return State({_MODE: answer[_MODE]}, context=standing)


def _put(_: Resource, then: Any) -> Call:
    return Call("ec2", "ModifyVpcBlockPublicAccessOptions", {_MODE: then})


def _says(call: ApiCall) -> Any:
    return asked(call, _MODE)


CONTROL: Final = switch(
    id="vpc_block_public_access",
    title="VPC block public access is off",
    references=("Security Hub EC2.172",),
    advice="In Terraform, set internet_gateway_block_mode of aws_vpc_block_public_access_options to block-ingress.",
    words=Words(
        fault="off",
        close="block what comes in from the internet, in all VPCs of the Region but those with an exclusion",
        prevent="Keep it on, and make exclusions for the subnets that the internet must reach.",
    ),
    resource=BLOCK_OF_VPCS,
    part=_MODE,
    values=("off", "block-ingress", "block-bidirectional"),
    wanted=lambda _: "block-ingress",
    settings=NoSettings,
    effect="an internet gateway and a route are enough to let the internet in",
    triggers=(Trigger("ec2.amazonaws.com", "ModifyVpcBlockPublicAccessOptions"),),
    says=_says,
    reads=rights("ec2:DescribeVpcBlockPublicAccessOptions", of="*"),
    writes=rights("ec2:ModifyVpcBlockPublicAccessOptions", of="*"),
    undoes=rights("ec2:ModifyVpcBlockPublicAccessOptions", of="*"),
    read=_read,
    put=sets(_put),
    settles_in=timedelta(minutes=10),
)
