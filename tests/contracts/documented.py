"""A Region with one of everything, and requests that use each documented parameter of our EC2 at least once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape

from cloudmend.local.ec2.groups import OPERATIONS, SecurityGroups
from cloudmend.local.ec2.model import Peering, TagRow, Vpc
from cloudmend.local.ec2.wire import ec2_model

ACCOUNT = "111122223333"
DEFAULT = Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True)
HERE = Vpc("vpc-0000000000000000b", "10.20.0.0/16", is_default=False)
THERE = Vpc("vpc-0000000000000000c", "10.30.0.0/16", is_default=False)
PEERING = Peering("pcx-0000000000000000d", frozenset((HERE.id, THERE.id)), "active")
S3 = "pl-63a5400a"
OURS = sorted(OPERATIONS - {"DescribeVpcs"})
"""DescribeVpcs is here for the client in memory: on the wire it is moto's."""


class Filled:
    """The model with a group `web` that has each kind of rule, and the ids of all that it is made of."""

    def __init__(self) -> None:
        self.model = SecurityGroups(
            ACCOUNT,
            "us-east-1",
            lambda: (DEFAULT, HERE, THERE),
            peerings=lambda: (PEERING,),
            other_tags=lambda: (TagRow(HERE.id, "vpc", "team", "net"),),
        )
        tags = [{"Key": "team", "Value": "web"}]
        listed = {"PrefixListName": "offices", "MaxEntries": 5, "AddressFamily": "IPv4"}
        specified = {"TagSpecifications": [{"ResourceType": "prefix-list", "Tags": tags}]}
        self.list: str = self.model.call("CreateManagedPrefixList", {**listed, **specified})["PrefixList"][
            "PrefixListId"
        ]
        self.peer = self._group("peer", THERE)
        self.other = self._group("other", DEFAULT)
        self.group = self._group("web", HERE)
        self.model.call("AssociateSecurityGroupVpc", {"GroupId": self.group, "VpcId": THERE.id})
        self.model.call("CreateTags", {"Resources": [self.group], "Tags": tags})
        for direction in ("Ingress", "Egress"):
            self.model.call(f"AuthorizeSecurityGroup{direction}", {"GroupId": self.group, **self.permissions()})
        rules = self.model.call("DescribeSecurityGroupRules", {"Filters": [_filter("group-id", self.group)]})
        rows = [row for row in rules["SecurityGroupRules"] if row.get("FromPort") == 1001]
        self.rule, self.way_out = (
            next(row["SecurityGroupRuleId"] for row in rows if row["IsEgress"] is out) for out in (False, True)
        )
        self.model.call("CreateTags", {"Resources": [self.rule], "Tags": tags})

    def permissions(self) -> dict[str, Any]:
        pair = {"GroupId": self.peer, "VpcId": THERE.id, "VpcPeeringConnectionId": PEERING.id, "UserId": ACCOUNT}
        item = {"IpProtocol": "tcp", "FromPort": 1001, "ToPort": 1002, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
        lists = {"Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}], "PrefixListIds": [{"PrefixListId": self.list}]}
        return {"IpPermissions": [{**item, **lists, "UserIdGroupPairs": [pair]}]}

    def ids(self) -> Mapping[str, list[Any]]:
        """Values for each parameter of an operation that is, or holds, an id. None but these is malformed."""
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}
        sources = [{"PrefixListId": self.list}, {"ReferencedGroupId": self.peer}]
        updates = [[{"SecurityGroupRuleId": self.rule, "SecurityGroupRule": {**rule, **one}}] for one in sources]
        return {
            "GroupId": [self.group],
            "GroupIds": [[self.group]],
            "VpcId": [HERE.id],
            "PrefixListId": [self.list],
            "PrefixListIds": [[S3]],
            "SecurityGroupRuleIds": [[self.rule]],
            "SecurityGroupRules": updates,
            "SecurityGroupRuleDescriptions": [[{"SecurityGroupRuleId": self.rule}]],
            "IpPermissions": [self.permissions()["IpPermissions"]],
            "Resources": [[self.group], [self.rule], [self.list]],
        }

    def requests(self) -> Mapping[str, dict[str, Any]]:
        """A request of each operation with its required parameters, and what makes it one that EC2 takes."""
        group, rule, out = {"GroupId": self.group}, {"SecurityGroupRuleId": self.rule}, self.way_out
        tag = [{"Key": "team", "Value": "other"}]
        new = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "ReferencedGroupId": self.group}
        door = {
            "IpPermissions": [{"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        }
        return {
            **{operation: {} for operation in OURS},
            "AssociateSecurityGroupVpc": {"GroupId": self.peer, "VpcId": HERE.id},
            "AuthorizeSecurityGroupEgress": {**group, **door},
            "AuthorizeSecurityGroupIngress": {**group, **door},
            "CreateManagedPrefixList": {"PrefixListName": "homes", "MaxEntries": 1, "AddressFamily": "IPv6"},
            "CreateSecurityGroup": {"GroupName": "new", "Description": "new", "VpcId": HERE.id},
            "CreateTags": {"Resources": [self.group], "Tags": tag},
            "DeleteManagedPrefixList": {"PrefixListId": self.list},
            "DeleteSecurityGroup": {"GroupId": self.other},
            "DeleteTags": {"Resources": [self.group], "Tags": tag},
            "DescribeSecurityGroupReferences": {"GroupId": [self.group]},
            "DescribeStaleSecurityGroups": {"VpcId": HERE.id},
            "DisassociateSecurityGroupVpc": {**group, "VpcId": THERE.id},
            "GetManagedPrefixListAssociations": {"PrefixListId": self.list},
            "GetManagedPrefixListEntries": {"PrefixListId": self.list},
            "GetSecurityGroupsForVpc": {"VpcId": HERE.id},
            "ModifyManagedPrefixList": {"PrefixListId": self.list, "PrefixListName": "homes"},
            "ModifySecurityGroupRules": {**group, "SecurityGroupRules": [{**rule, "SecurityGroupRule": new}]},
            "RestoreManagedPrefixListVersion": {"PrefixListId": self.list, "PreviousVersion": 1, "CurrentVersion": 1},
            "RevokeSecurityGroupEgress": {**group, "SecurityGroupRuleIds": [out]},
            "RevokeSecurityGroupIngress": {**group, "SecurityGroupRuleIds": [self.rule]},
            "UpdateSecurityGroupRuleDescriptionsEgress": {
                **group, "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": out, "Description": "new"}]
            },
            "UpdateSecurityGroupRuleDescriptionsIngress": {
                **group, "SecurityGroupRuleDescriptions": [{**rule, "Description": "new"}]
            },
        }  # fmt: skip

    def _group(self, name: str, vpc: Vpc) -> str:
        made = self.model.call("CreateSecurityGroup", {"GroupName": name, "Description": f"of {name}", "VpcId": vpc.id})
        group_id: str = made["GroupId"]
        return group_id


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}


@cache
def documented_filters() -> Mapping[str, frozenset[str]]:
    """The names that the documentation of each operation lists; "tag" stands for tag:KEY."""
    shapes = {operation: ec2_model().operation_model(operation).input_shape for operation in OURS}
    texts = {
        operation: shape.members["Filters"].documentation
        for operation, shape in shapes.items()
        if "Filters" in shape.members
    }
    return {
        operation: frozenset(re.findall(r"<li>\s*<p>\s*<code>([^<]+)</code>", text))
        for operation, text in texts.items()
    }


def sentences(operation: str) -> Iterator[tuple[str, str]]:
    """Yield what botocore documents of an operation and its parameters: (dotted name, sentence)."""
    model = ec2_model().operation_model(operation)
    yield from ((operation, sentence) for sentence in _sentences(model.documentation))
    yield from _of_members(model.input_shape, operation)


def _of_members(shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    if shape.type_name == "list":
        yield from _of_members(shape.member, path)
    elif shape.type_name == "structure":
        for name, inner in shape.members.items():
            yield from ((f"{path}.{name}", sentence) for sentence in _sentences(inner.documentation))
            yield from _of_members(inner, f"{path}.{name}")


def _sentences(text: str) -> list[str]:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text or "")).strip()
    return re.split(r"(?<=[.]) ", plain)
