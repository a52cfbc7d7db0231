"""CloudFormation's resource types where moto 5.2.5 lacks one, or is lenient with it. Each class says what moto lacks.

moto looks a type's class up in a table that it makes once, from the subclasses of its CloudFormationModel; `register`
enters the classes of this package into that table. What a class creates is the resource in the stack: an instance of
it, or moto's own object where moto has one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from moto.cloudformation import models, parsing
from moto.cloudformation.models import Change, ChangeSet, Stack
from moto.cloudformation.parsing import ResourceMap

from cloudmend.core.partitions import partition_of
from cloudmend.local.resources.groups import EgressRule, IngressRule, SecurityGroup
from cloudmend.local.resources.networks import Instance, NetworkInterface, PrefixList, VpcAssociation
from cloudmend.local.resources.of_ec2 import OfEc2
from cloudmend.local.resources.replaced import Bucket, EventsRule, Function, LogsGroup, ManagedPolicy, RoleWithPolicies
from cloudmend.local.resources.settings import (
    Alarm,
    FunctionEventInvokeConfig,
    FunctionEventSource,
    FunctionPermission,
    QueuePolicy,
    Schedule,
    TopicPolicy,
    TopicSubscription,
)

if TYPE_CHECKING:
    from cloudmend.local.ec2_service import Ec2Service

_TYPES = (
    FunctionPermission,
    FunctionEventInvokeConfig,
    FunctionEventSource,
    QueuePolicy,
    Alarm,
    TopicPolicy,
    TopicSubscription,
    Schedule,
    Function,
    EventsRule,
    LogsGroup,
    ManagedPolicy,
    SecurityGroup,
    IngressRule,
    EgressRule,
    PrefixList,
    VpcAssociation,
    Instance,
    NetworkInterface,
    RoleWithPolicies,
    Bucket,
)
_CLEAN: Final = parsing.clean_json
_YAML: Final = Stack.parse_template


def register(ec2: Ec2Service) -> None:
    """Make moto use the types above from now on, with groups and prefix lists in the store of `ec2`."""
    OfEc2.service = ec2
    table: dict[str, Any] = parsing.get_model_map()
    table.update({resource.TYPE: resource for resource in _TYPES})
    parsing.get_name_type_map().update({resource.TYPE: resource.NAME_PROPERTY for resource in _TYPES})
    setattr(parsing, _CLEAN.__name__, _cleaned)
    setattr(models, ResourceMap.__name__, Resources)  # where Stack looks for it
    Stack.parse_template = staticmethod(_parsed)  # type: ignore[method-assign]
    Stack.stack_resources = property(_existing)  # type: ignore[method-assign, assignment]
    setattr(ChangeSet, "diff", _changes)  # noqa: B010 as above


def _parsed(template: str) -> dict[str, Any]:
    """moto reads JSON as YAML, which takes a hundred times as long."""
    try:
        read: dict[str, Any] = json.loads(template)
    except ValueError:
        return _YAML(template)
    return read


def _cleaned(value: Any, resources: ResourceMap) -> Any:
    """moto leaves AWS::NoValue in a list as None, where CloudFormation removes the item."""
    cleaned = _CLEAN(value, resources)
    return [item for item in cleaned if item is not None] if isinstance(value, list) else cleaned


def _existing(stack: Stack) -> list[Any]:
    """moto lists a resource whose condition does not hold as None, and then fails at it."""
    return [resource for resource in stack.resource_map.values() if resource is not None]


def _changes(change_set: ChangeSet) -> list[Change]:
    """moto lists a resource whose condition does not hold as well, and not one that only a parameter changes."""
    template, resources = change_set.template_dict, cast("Resources", change_set.stack.resource_map)
    types = {**resources.types(), **{name: each["Type"] for name, each in template["Resources"].items()}}
    found = resources.changes(template, change_set.parameters)
    return [Change(action, name, types[name]) for action, names in found.items() for name in names]


def is_supported(resource_type: str) -> bool:
    """Return whether a stack here would hold a resource of that type."""
    return resource_type in parsing.get_model_map()


class Resources(ResourceMap):
    """A stack's resources. moto: has every Region in the partition aws, whose hosts end in amazonaws.com; an update
    does not see that another value of a parameter turns a condition.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partition = partition_of(self._region_name)
        self._parsed_resources |= {"AWS::Partition": partition.id, "AWS::URLSuffix": partition.url_suffix}

    def build_resource_diff(
        self, other_template: dict[str, Any], parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the names of resources to add, to modify and to remove."""
        found = super().build_resource_diff(other_template, parameters)
        if parameters is None:
            return found
        then = self._conditions(other_template, parameters)
        turned = {name for name, holds in then.items() if bool(self.lazy_condition_map.get(name)) is not holds}
        for name, resource in other_template["Resources"].items():
            if name in self._resource_json_map and turned & {*_conditions_of(resource)}:
                was, will = self[name] is not None, then.get(resource.get("Condition"), True)
                action = "Modify" if was and will else "Add" if will else "Remove" if was else ""
                found = {
                    key: [*({*names} - {name}), *([name] if key == action else ())] for key, names in found.items()
                }
        return found

    def types(self) -> Mapping[str, str]:
        """Return the type of each resource by its name."""
        return {name: resource["Type"] for name, resource in self._resource_json_map.items()}

    def changes(self, template: dict[str, Any], parameters: dict[str, Any]) -> Mapping[str, list[str]]:
        """Return the names of what a change set adds, modifies and removes, but for what its conditions leave out."""
        found, then = self.build_resource_diff(template, parameters), self._conditions(template, parameters)
        there = {name for names in found.values() for name in names if name in self._resource_json_map and self[name]}
        coming = {name for name, each in template["Resources"].items() if then.get(each.get("Condition"), True)}
        wanted = {"Add": coming - there, "Modify": coming & there, "Remove": there}
        return {action: [name for name in names if name in wanted[action]] for action, names in found.items()}

    def create(self, template: dict[str, Any]) -> bool:
        """Create all resources. If one fails, those that are there already go: an opened group must not stay."""
        try:
            return super().create(template)
        except Exception:
            with suppress(Exception):  # the failure to tell of is the first one
                self.delete()
            raise

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        """Update the stack, and forget what is gone: it may come again."""
        super().update(template, parameters)
        for name in set(self._parsed_resources) & set(self._resource_json_map):
            condition = self._resource_json_map[name].get("Condition")
            if condition and not self.lazy_condition_map[condition]:
                del self._parsed_resources[name]

    def _conditions(self, template: dict[str, Any], parameters: dict[str, Any]) -> Mapping[str, bool]:
        """Return which conditions hold with these parameters."""
        names: tuple[Any, ...] = (
            self.stack_id,
            "",
            parameters,
            {},
            self._region_name,
            self._account_id,
            template,
            None,
        )
        then = Resources(*names)
        then.load_mapping()
        then.load_parameters()
        then.load_conditions()
        return {name: bool(then.lazy_condition_map[name]) for name in template.get("Conditions", {})}


def _conditions_of(value: Any) -> Iterator[str]:
    """Yield the conditions that a resource, or a part of it, depends on."""
    if isinstance(value, dict):
        if isinstance(value.get("Condition"), str):
            yield value["Condition"]
        if "Fn::If" in value:
            yield value["Fn::If"][0]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _conditions_of(inner)
