"""The base of CloudFormation's resource types here, as moto's CloudFormation expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ResourceType:
    """The base of all classes here: the type's name, and the property that names the resource."""

    TYPE: ClassVar[str]
    NAME_PROPERTY: ClassVar[str] = ""


class Setting(ResourceType):
    """A resource that is a setting of another one: `undo` takes it back."""

    def __init__(self, physical_resource_id: str, undo: Callable[[], None]) -> None:
        self.physical_resource_id = physical_resource_id
        self._undo = undo

    @classmethod
    def apply(cls, name: str, properties: Mapping[str, Any], account: str, region: str) -> Callable[[], None]:
        """Set it, and return a function that restores it."""
        raise NotImplementedError

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Setting:
        undo = cls.apply(resource_name, cloudformation_json["Properties"], account_id, region_name)
        return cls(resource_name, undo)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Setting,
        new_resource_name: str,  # noqa: ARG003 moto's signature
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Setting:
        original_resource.delete(account_id, region_name)
        name = original_resource.physical_resource_id
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002 moto's signature
        self._undo()

    def is_created(self) -> bool:
        """moto asks; a setting never takes time."""
        return True
