"""The facts that a notice needs about a type of resource: ARN, name in Security Hub, and how to close it by hand."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from cloudmend.core.model import Record, Request
from cloudmend.core.partitions import partition_of


class ResourceType(Struct, frozen=True):
    """`asff` is the type's name in the AWS Security Finding Format; `arn` a pattern."""

    asff: str
    arn: str


_TYPES: Final = {
    "AWS::EC2::SecurityGroup": ResourceType(
        asff="AwsEc2SecurityGroup", arn="arn:{partition}:ec2:{region}:{account}:security-group/{id}"
    )
}
_UNKNOWN: Final = ResourceType(asff="Other", arn="")


def resource_type(record: Record) -> ResourceType:
    return _TYPES.get(record.resource.type, _UNKNOWN)


def arn(record: Record) -> str:
    """The resource's ARN; empty for a type or an id that is not known."""
    if not record.resource.id:
        return ""
    return resource_type(record).arn.format(
        partition=partition_of(record.region).id, region=record.region, account=record.account, id=record.resource.id
    )


def look(record: Record) -> str:
    """The command that shows the resource as it is; empty for a type or an id that is not known."""
    if record.resource.type != "AWS::EC2::SecurityGroup" or not record.resource.id:
        return ""
    filters = [{"Name": "group-id", "Values": [record.resource.id]}]
    return Request("ec2:DescribeSecurityGroupRules", {"Filters": filters}).command(record.region)


def close(record: Record) -> str:
    """The command that closes by hand what is at fault; empty where that is not known."""
    parts = [finding.part for finding in record.remaining or record.findings]
    if not parts or record.resource.type != "AWS::EC2::SecurityGroup":
        return ""
    params = {"GroupId": record.resource.id, "SecurityGroupRuleIds": parts}
    return Request("ec2:RevokeSecurityGroupIngress", params).command(record.region)
