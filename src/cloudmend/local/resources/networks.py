"""Prefix lists, associations of groups with VPCs, and the instances and network interfaces that carry groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import NetworkInterface as MotoInterface
from moto.ec2.models.instances import Instance as MotoInstance

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.resources.of_ec2 import OfEc2, Properties
from cloudmend.local.resources.settings import ResourceType

Entries = list[dict[str, Any]]


def entries(properties: Properties) -> Mapping[str, str | None]:
    """Return the entries of a prefix list in a template: the description of each CIDR."""
    return {each["Cidr"]: each.get("Description") for each in properties.get("Entries", ())}


class PrefixList(OfEc2):
    """moto: unknown to its CloudFormation. A change of entries is one version, as few calls as EC2 allows."""

    TYPE = "AWS::EC2::PrefixList"
    NAME_PROPERTY = "PrefixListName"
    ATTRIBUTES = frozenset({"Arn", "OwnerId", "PrefixListId", "Version"})
    REPLACED_BY = ("AddressFamily",)

    def create(self, tags: Mapping[str, str]) -> None:
        known = entries(self.properties)
        size = self.properties.get("MaxEntries", len(known))
        made = self.ec2(
            "CreateManagedPrefixList",
            PrefixListName=self.name,
            AddressFamily=self.properties.get("AddressFamily"),
            MaxEntries=int(size),
            Entries=_added(known, known),
        )
        self.physical_resource_id = made["PrefixList"]["PrefixListId"]
        self.tag_by_aws(tags)
        self.retag({}, self.properties)

    def update(self, old: Properties, new: Properties) -> None:
        """A size that grows comes before the entries, one that shrinks after them."""
        was, will = entries(old), entries(new)
        sizes = [int(each.get("MaxEntries", len(known))) for each, known in ((old, was), (new, will))]
        self._resize(sizes[1] if sizes[1] > sizes[0] else None)
        changed = [cidr for cidr in will if was.get(cidr, ()) != will[cidr]]
        self._modify(RemoveEntries=[{"Cidr": cidr} for cidr in was if cidr not in will or cidr in changed])
        self._modify(AddEntries=_added(will, changed))
        self._resize(sizes[1] if sizes[1] < sizes[0] else None)
        if old.get("PrefixListName") != new.get("PrefixListName"):
            self.ec2("ModifyManagedPrefixList", **self._named(), PrefixListName=new["PrefixListName"])
        self.retag(old, new)

    def remove(self) -> None:
        gone = self.ec2("DeleteManagedPrefixList", **self._named())["PrefixList"]
        if gone["State"] == "delete-failed":
            raise Ec2Error("DependencyViolation", gone.get("StateMessage", ""))

    def attribute(self, name: str) -> Any:
        (row,) = self.ec2("DescribeManagedPrefixLists", PrefixListIds=[self.physical_resource_id])["PrefixLists"]
        return row["PrefixListArn" if name == "Arn" else name]

    def _named(self) -> Mapping[str, str]:
        return {"PrefixListId": self.physical_resource_id}

    def _resize(self, size: int | None) -> None:
        if size is not None:
            self.ec2("ModifyManagedPrefixList", **self._named(), MaxEntries=size)

    def _modify(self, **change: Entries) -> None:
        if any(change.values()):
            version = self.attribute("Version")
            self.ec2("ModifyManagedPrefixList", **self._named(), CurrentVersion=version, **change)


def _added(known: Mapping[str, str | None], cidrs: Iterable[str]) -> Entries:
    return [{"Cidr": cidr, **({"Description": known[cidr]} if known[cidr] else {})} for cidr in cidrs]


class VpcAssociation(OfEc2):
    """moto: unknown to its CloudFormation."""

    TYPE = "AWS::EC2::SecurityGroupVpcAssociation"
    ATTRIBUTES = frozenset({"State", "VpcOwnerId"})
    REPLACED_BY = ("GroupId", "VpcId")

    def create(self, tags: Mapping[str, str]) -> None:  # noqa: ARG002 it has none
        self.ec2("AssociateSecurityGroupVpc", **self._named())
        self.physical_resource_id = "|".join(self._named().values())

    def remove(self) -> None:
        self.ec2("DisassociateSecurityGroupVpc", **self._named())

    def attribute(self, name: str) -> Any:
        named = [
            {"Name": key, "Values": [value]}
            for key, value in zip(("group-id", "vpc-id"), self._named().values(), strict=True)
        ]
        return self.ec2("DescribeSecurityGroupVpcAssociations", Filters=named)["SecurityGroupVpcAssociations"][0][name]

    def _named(self) -> Mapping[str, str]:
        return {name: self.properties.get(name, "") for name in ("GroupId", "VpcId")}


class Instance(ResourceType):
    """moto: takes SecurityGroups for ids, and leaves SecurityGroupIds out."""

    TYPE = "AWS::EC2::Instance"
    has_cfn_attr = MotoInstance.has_cfn_attr
    delete_from_cloudformation_json = MotoInstance.delete_from_cloudformation_json

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> MotoInstance:
        names = ("SecurityGroups", "SecurityGroupIds")
        groups = [each for name in names for each in cloudformation_json["Properties"].get(name, ())]
        found = _groups(resource_name, groups, account_id, region_name)
        plain = _without(cloudformation_json, *names)
        made = MotoInstance.create_from_cloudformation_json(resource_name, plain, account_id, region_name)
        if found:
            made.security_groups = found
        return made


class NetworkInterface(ResourceType):
    """moto: calls the property of the groups by another name."""

    TYPE = "AWS::EC2::NetworkInterface"
    has_cfn_attr = MotoInterface.has_cfn_attr

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> MotoInterface:
        groups = cloudformation_json["Properties"].get("GroupSet", ())
        ids = [each.id for each in _groups(resource_name, groups, account_id, region_name)]
        plain = _without(cloudformation_json, "GroupSet")
        plain["Properties"]["SecurityGroups"] = ids
        return MotoInterface.create_from_cloudformation_json(resource_name, plain, account_id, region_name)


def _without(cloudformation_json: Any, *names: str) -> dict[str, Any]:
    properties = cloudformation_json["Properties"]
    return {**cloudformation_json, "Properties": {key: value for key, value in properties.items() if key not in names}}


def _groups(resource_name: str, named: Iterable[str], account: str, region: str) -> list[Any]:
    """Return groups by their ids or names. Raises ValidationError for one that is not there."""
    backend, found = ec2_backends[account][region], []
    for name in named:
        group = backend.get_security_group_by_name_or_id(name)
        if group is None:
            raise ValidationError(resource_name, f"The security group '{name}' does not exist")
        found.append(group)
    return found
