"""The base of the types that stacks make in the one store of security groups and prefix lists, and its calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.resources.settings import ResourceType

if TYPE_CHECKING:
    from cloudmend.local.ec2_service import Ec2Service
    from cloudmend.local.identity import Principal

Properties = Mapping[str, Any]
CALLER: ContextVar[Principal] = ContextVar("caller")
"""The caller of CloudFormation while a stack is made, changed or deleted."""
_GONE = (".NotFound",)


class OfEc2(ResourceType):
    """A resource that calls of EC2 make, change and delete. Each leaves CloudTrail's event, as CloudFormation's do."""

    ATTRIBUTES: ClassVar[frozenset[str]] = frozenset()
    REPLACED_BY: ClassVar[tuple[str, ...]] = ()
    """The properties whose change makes a new resource."""
    service: ClassVar[Ec2Service]

    def __init__(self, name: str, properties: Properties, account: str, region: str) -> None:
        self.name = name
        self.properties = properties
        self.physical_resource_id = ""
        self._account = account
        self._region = region

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **told: str
    ) -> OfEc2:
        made = cls(resource_name, cloudformation_json["Properties"], account_id, region_name)
        try:
            made.create(_tags_of_stack(told))
        except Ec2Error as error:
            made.delete(account_id, region_name)
            raise ValidationError(resource_name, f"{error.message} (Service: Ec2, Code: {error.code})") from error
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: OfEc2,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> OfEc2:
        old, new = original_resource.properties, cloudformation_json["Properties"]
        if any(old.get(name) != new.get(name) for name in cls.REPLACED_BY):
            original_resource.delete(account_id, region_name)
            return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
        try:
            original_resource.update(old, new)
        except Ec2Error as error:
            reason = f"{error.message} (Service: Ec2, Code: {error.code})"
            raise ValidationError(original_resource.name, reason) from error
        original_resource.properties = new
        return original_resource

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in cls.ATTRIBUTES

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        if attribute_name not in self.ATTRIBUTES:
            raise UnformattedGetAttTemplateException
        return self.attribute(attribute_name)

    def is_created(self) -> bool:
        """moto asks; no call of the store takes time."""
        return bool(self.physical_resource_id)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 moto's signature
        """Delete it, unless it is gone already or was never made. Raises Ec2Error."""
        if self.physical_resource_id:
            self.ignoring(_GONE, self.remove)

    def create(self, tags: Mapping[str, str]) -> None:
        """Make it, and set `physical_resource_id`. Raises Ec2Error."""
        raise NotImplementedError

    def update(self, old: Properties, new: Properties) -> None:
        """Change it from its old properties to new ones, if it can be changed at all. Raises Ec2Error."""

    def remove(self) -> None:
        """Delete it. Raises Ec2Error."""
        raise NotImplementedError

    def attribute(self, name: str) -> Any:
        """Return the value of one of the type's attributes."""
        raise NotImplementedError

    def ec2(self, operation: str, **params: Any) -> Mapping[str, Any]:
        """Call EC2 in the stack's account and Region. Raises Ec2Error."""
        return self.service.act(CALLER.get(), (self._account, self._region), operation, params)

    def tag_by_aws(self, tags: Mapping[str, str]) -> None:
        """Set tags that only AWS may set."""
        self.service.groups(self._account, self._region).tag_by_aws(self.physical_resource_id, tags)

    def retag(self, old: Properties, new: Properties) -> None:
        """Set the tags of the new properties, and take away those that only the old ones have."""
        was, will = ({tag["Key"]: str(tag["Value"]) for tag in each.get("Tags", ())} for each in (old, new))
        named = {"Resources": [self.physical_resource_id]}
        if gone := [{"Key": key} for key in was if key not in will]:
            self.ec2("DeleteTags", **named, Tags=gone)
        if changed := [{"Key": key, "Value": value} for key, value in will.items() if was.get(key) != value]:
            self.ec2("CreateTags", **named, Tags=changed)

    @staticmethod
    def ignoring(ends: Sequence[str], act: Callable[[], object]) -> None:
        """Act, and take a refusal whose code ends so for success."""
        try:
            act()
        except Ec2Error as error:
            if not error.code.endswith(tuple(ends)):
                raise


def _tags_of_stack(told: Mapping[str, str]) -> Mapping[str, str]:
    """Return the tags that CloudFormation gives; none for what replaces another resource, where moto names no stack."""
    if "StackId" not in told:
        return {}
    return {
        "aws:cloudformation:stack-name": told["StackId"].split("/")[1],
        "aws:cloudformation:stack-id": told["StackId"],
        "aws:cloudformation:logical-id": told["LogicalId"],
    }
