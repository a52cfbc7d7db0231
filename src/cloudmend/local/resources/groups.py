"""AWS::EC2::SecurityGroup, and the rules that a stack adds to a group: the commonest way to open one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudmend.local.resources.of_ec2 import OfEc2, Properties

Permissions = list[dict[str, Any]]
_DIRECTIONS = ("Ingress", "Egress")
# The other end of a rule by its property, of either direction: the list of an IpPermission, and its key.
_SOURCES: Mapping[str, tuple[str, str]] = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "SourceSecurityGroupName": ("UserIdGroupPairs", "GroupName"),
}


def permission(rule: Properties) -> dict[str, Any]:
    """Return a rule of a template as an IpPermission. Templates may spell numbers as text."""
    found: dict[str, Any] = {"IpProtocol": str(rule.get("IpProtocol", ""))}
    found |= {end: int(rule[end]) for end in ("FromPort", "ToPort") if end in rule}
    told = {"Description": rule["Description"]} if "Description" in rule else {}
    owner = {"UserId": str(rule["SourceSecurityGroupOwnerId"])} if "SourceSecurityGroupOwnerId" in rule else {}
    for name, (kind, key) in _SOURCES.items():
        if name in rule:
            found.setdefault(kind, []).append({key: rule[name], **told, **(owner if kind[0] == "U" else {})})
    return found


class SecurityGroup(OfEc2):
    """moto: has groups of its own, which nobody opens or mends. Rules are added and revoked as they differ."""

    TYPE = "AWS::EC2::SecurityGroup"
    NAME_PROPERTY = "GroupName"
    ATTRIBUTES = frozenset({"GroupId", "Id", "VpcId"})
    REPLACED_BY = ("GroupName", "GroupDescription", "VpcId")

    def create(self, tags: Mapping[str, str]) -> None:
        vpc = {"VpcId": self.properties["VpcId"]} if "VpcId" in self.properties else {}
        description = self.properties.get("GroupDescription", "")
        made = self.ec2("CreateSecurityGroup", GroupName=self.name, Description=description, **vpc)
        self.physical_resource_id = made["GroupId"]
        self.tag_by_aws(tags)
        self.retag({}, self.properties)
        if self._permissions(self.properties, "Egress"):
            self._close_the_way_out()
        for direction in _DIRECTIONS:
            self._authorize(direction, self._permissions(self.properties, direction))

    def update(self, old: Properties, new: Properties) -> None:
        """CloudFormation revokes before it authorizes, and does not look at what others have changed."""
        for direction in _DIRECTIONS:
            was, will = self._permissions(old, direction), self._permissions(new, direction)
            if direction == "Egress" and will and not was:
                self._close_the_way_out()
            self._revoke(direction, [each for each in was if each not in will])
            self._authorize(direction, [each for each in will if each not in was])
        self.retag(old, new)

    def remove(self) -> None:
        self.ec2("DeleteSecurityGroup", GroupId=self.physical_resource_id)

    def attribute(self, name: str) -> Any:
        if name != "VpcId":
            return self.physical_resource_id
        return self.ec2("DescribeSecurityGroups", GroupIds=[self.physical_resource_id])["SecurityGroups"][0]["VpcId"]

    def _permissions(self, properties: Properties, direction: str) -> Permissions:
        return [permission(rule) for rule in properties.get(f"SecurityGroup{direction}", ())]

    def _authorize(self, direction: str, permissions: Permissions) -> None:
        if permissions:
            operation = f"AuthorizeSecurityGroup{direction}"
            self.ec2(operation, GroupId=self.physical_resource_id, IpPermissions=permissions)

    def _revoke(self, direction: str, permissions: Permissions) -> None:
        """Revoke one by one: a rule that was narrowed since is not there any more."""
        operation = f"RevokeSecurityGroup{direction}"
        for each in permissions:
            group = {"GroupId": self.physical_resource_id, "IpPermissions": [each]}
            self.ignoring((".NotFound",), lambda group=group: self.ec2(operation, **group))  # type: ignore[misc]

    def _close_the_way_out(self) -> None:
        """A group whose template has rules of its own does not get those that EC2 adds."""
        named = [{"Name": "group-id", "Values": [self.physical_resource_id]}]
        rules = self.ec2("DescribeSecurityGroupRules", Filters=named)["SecurityGroupRules"]
        ids = [rule["SecurityGroupRuleId"] for rule in rules if rule["IsEgress"]]
        if ids:
            self.ec2("RevokeSecurityGroupEgress", GroupId=self.physical_resource_id, SecurityGroupRuleIds=ids)


class _Rule(OfEc2):
    """A rule that a stack adds to a group: `Ref` is its id."""

    ATTRIBUTES = frozenset({"Id"})
    DIRECTION: ClassVar[str]

    def create(self, tags: Mapping[str, str]) -> None:  # noqa: ARG002 CloudFormation gives a rule none
        (row,) = self.ec2(
            f"AuthorizeSecurityGroup{self.DIRECTION}", **self._group(), IpPermissions=[permission(self.properties)]
        )["SecurityGroupRules"]
        self.physical_resource_id = row["SecurityGroupRuleId"]
        self._group_id = row["GroupId"]

    def update(self, old: Properties, new: Properties) -> None:  # noqa: ARG002 nothing else may differ
        told = {"Description": new["Description"]} if "Description" in new else {}
        rules = [{"SecurityGroupRuleId": self.physical_resource_id, **told}]
        operation = f"UpdateSecurityGroupRuleDescriptions{self.DIRECTION}"
        self.ec2(operation, GroupId=self._group_id, SecurityGroupRuleDescriptions=rules)

    def remove(self) -> None:
        ids = [self.physical_resource_id]
        self.ec2(f"RevokeSecurityGroup{self.DIRECTION}", GroupId=self._group_id, SecurityGroupRuleIds=ids)

    def attribute(self, name: str) -> Any:  # noqa: ARG002 there is one
        return self.physical_resource_id

    def _group(self) -> Mapping[str, str]:
        return {name: self.properties[name] for name in ("GroupId", "GroupName") if name in self.properties}


_OF_A_RULE: tuple[str, ...] = ("GroupId", "GroupName", "IpProtocol", "FromPort", "ToPort", *_SOURCES)


class IngressRule(_Rule):
    TYPE = "AWS::EC2::SecurityGroupIngress"
    DIRECTION = "Ingress"
    REPLACED_BY = (*_OF_A_RULE, "SourceSecurityGroupOwnerId")


class EgressRule(_Rule):
    TYPE = "AWS::EC2::SecurityGroupEgress"
    DIRECTION = "Egress"
    REPLACED_BY = _OF_A_RULE
