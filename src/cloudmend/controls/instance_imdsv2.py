"""An EC2 instance whose metadata service answers without a session token (IMDSv1).

Old SDKs and agents cannot use IMDSv2. The mend sets HttpTokens and nothing else: a call that named the endpoint could
switch on one that is off. An instance without the endpoint is not at fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.controls.families.owners import owner_in
from cloudmend.controls.families.switches import Standing, asked, sets, switch
from cloudmend.controls.resource_types import INSTANCE
from cloudmend.core.contract import NoSettings, State, Trigger, rights
from cloudmend.core.model import ApiCall, Resource, Words
from cloudmend.core.ports import Call, Reader

_TOKENS: Final = "HttpTokens"
_NEEDED: Final = "required"
_GONE: Final = "InvalidInstanceID.NotFound"
_ENDED: Final = ("shutting-down", "terminated")


def _read(instance: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(Call("ec2", "DescribeInstances", {"InstanceIds": [instance.id]}), {_GONE: None})
    rows = [row for each in answer["Reservations"] for row in each["Instances"]] if answer else []
    if not rows or rows[0]["State"]["Name"] in _ENDED:
        return None
    options = rows[0]["MetadataOptions"]
    # Without the endpoint nothing answers, and a call that requires tokens there is refused.
    is_safe = options.get("HttpEndpoint") == "disabled"
    wait = "AWS is applying another change of its metadata options" if options.get("State") == "pending" else ""
    labels = owner_in(rows[0].get("Tags", ()))
    return State({_TOKENS: _NEEDED if is_safe else options[_TOKENS]}, context=Standing(wait=wait), labels=labels)


def _put(instance: Resource, then: Any) -> Call:
    return Call("ec2", "ModifyInstanceMetadataOptions", {"InstanceId": instance.id, _TOKENS: then})


def _says(call: ApiCall) -> Any:
    return asked(call, f"metadataOptions.{_TOKENS}" if call.name == "RunInstances" else _TOKENS)


def _every(_: Resource, reader: Reader, __: NoSettings) -> Iterator[str]:
    filters = [
        {"Name": "metadata-options.http-tokens", "Values": ["optional"]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    rows = reader.rows(Call("ec2", "DescribeInstances", {"Filters": filters}), "Reservations")
    return (row["InstanceId"] for each in rows for row in each["Instances"])


CONTROL: Final = switch(
    id="instance_imdsv2",
    title="An EC2 instance answers for its metadata without a session token",
    severity="high",
    references=("Security Hub EC2.8",),
    advice="In Terraform, set http_tokens in metadata_options of the aws_instance to required.",
    words=Words(
        fault="open to IMDSv1",
        close="require IMDSv2. Software that knows IMDSv1 alone loses its credentials",
        prevent="Require IMDSv2 in its AMI, its launch template, or the defaults of the account.",
    ),
    resource=INSTANCE,
    part=_TOKENS,
    values=("optional", _NEEDED),
    wanted=lambda _: _NEEDED,
    settings=NoSettings,
    effect="whoever can make it fetch a URL gets the credentials of its role",
    triggers=(
        Trigger(
            "ec2.amazonaws.com",
            "ModifyInstanceMetadataOptions",
            ("request.ModifyInstanceMetadataOptionsRequest.InstanceId", "request.instanceId"),
        ),
        Trigger("ec2.amazonaws.com", "RunInstances", ("response.instancesSet[].instanceId",)),
    ),
    says=_says,
    reads=rights("ec2:DescribeInstances", of="*"),
    writes=rights("ec2:ModifyInstanceMetadataOptions"),
    undoes=rights("ec2:ModifyInstanceMetadataOptions"),
    read=_read,
    put=sets(_put),
    every=_every,
    errors={_GONE: "settled", "IncorrectInstanceState": "deferred"},
)
