"""A transit gateway that accepts the attachments of other accounts by itself.

The mend is about new attachments. Attachments that were accepted stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.owners import owner_in
from cloudmend.controls.families.switches import Standing, asked, sets, switch
from cloudmend.controls.resource_types import TRANSIT_GATEWAY
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_OPTION: Final = "AutoAcceptSharedAttachments"
_GONE: Final = "InvalidTransitGatewayID.NotFound"
_ENDED: Final = ("deleting", "deleted")


def _read(gateway: Resource, reader: Reader, _: NoSettings) -> State | None:
    asked = Call("ec2", "DescribeTransitGateways", {"TransitGatewayIds": [gateway.id]})
    answer = reader.get(asked, {_GONE: None})
    row = next(iter(answer["TransitGateways"]), None) if answer else None
    if row is None or row["State"] in _ENDED:
        return None
    wait = "" if row["State"] == "available" else f"it is {row['State']}"
    labels = owner_in(row.get("Tags", ()))
    return State({_OPTION: row["Options"][_OPTION]}, context=Standing(wait=wait), owner=row["OwnerId"], labels=labels)


def _put(gateway: Resource, then: Any) -> Call:
    return Call("ec2", "ModifyTransitGateway", {"TransitGatewayId": gateway.id, "Options": {_OPTION: then}})


def _says(call: ApiCall) -> Any:
    return asked(call, f"Options.{_OPTION}")


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    rows = reader.rows(Call("ec2", "DescribeTransitGateways"), "TransitGateways")
    return (row["TransitGatewayId"] for row in rows if row["Options"][_OPTION] == "enable")


CONTROL: Final = switch(
    id="transit_gateway_auto_accept",
    title="A transit gateway accepts attachments of other accounts by itself",
    severity="high",
    references=("Security Hub EC2.23",),
    advice="In Terraform, set auto_accept_shared_attachments of the aws_ec2_transit_gateway to disable.",
    words=Words(
        fault="accepting attachments of other accounts by itself",
        close="have each new attachment wait for its owner. Attachments that were accepted stay",
        prevent="Accept attachments one by one.",
    ),
    resource=TRANSIT_GATEWAY,
    part=_OPTION,
    values=("enable", "disable"),
    wanted=lambda _: "disable",
    settings=NoSettings,
    effect="each account that it is shared with may attach a VPC",
    triggers=(
        Trigger(
            "ec2.amazonaws.com",
            "CreateTransitGateway",
            (
                "response.CreateTransitGatewayResponse.transitGateway.transitGatewayId",
                "response.transitGateway.transitGatewayId",
            ),
        ),
        Trigger(
            "ec2.amazonaws.com",
            "ModifyTransitGateway",
            ("request.ModifyTransitGatewayRequest.TransitGatewayId", "request.transitGatewayId"),
        ),
    ),
    says=_says,
    reads=rights("ec2:DescribeTransitGateways", of="*"),
    writes=rights("ec2:ModifyTransitGateway"),
    undoes=rights("ec2:ModifyTransitGateway"),
    read=_read,
    put=sets(_put),
    every=_every,
    errors={_GONE: "settled", "IncorrectState": "deferred"},
)
