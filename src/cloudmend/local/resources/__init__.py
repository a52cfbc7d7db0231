"""CloudFormation's resource types where moto 5.2.5 lacks one, or is lenient with it. Each class says what moto lacks.

moto looks a type's class up in a table that it makes once, from the subclasses of its CloudFormationModel; `register`
enters the classes of this package into that table. What a class creates is the resource in the stack: an instance of
it, or moto's own object where moto has one.
"""

from __future__ import annotations

from typing import Any, Final

from moto.cloudformation import models, parsing
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap

from cloudmend.local.resources.pseudo import Resources
from cloudmend.local.resources.replaced import EventsRule, Function, LogsGroup, ManagedPolicy
from cloudmend.local.resources.settings import (
    Alarm,
    FunctionEventInvokeConfig,
    FunctionEventSource,
    FunctionPermission,
    QueuePolicy,
)
from cloudmend.local.resources.topics import Schedule, TopicPolicy, TopicSubscription

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
)
_CLEAN: Final = parsing.clean_json


def register() -> None:
    """Make moto use the types above from now on."""
    table: dict[str, Any] = parsing.get_model_map()
    table.update({resource.TYPE: resource for resource in _TYPES})
    parsing.get_name_type_map().update({resource.TYPE: resource.NAME_PROPERTY for resource in _TYPES})
    setattr(parsing, _CLEAN.__name__, _cleaned)
    setattr(models, ResourceMap.__name__, Resources)  # where Stack looks for it
    Stack.stack_resources = property(_existing)  # type: ignore[method-assign, assignment]


def _cleaned(value: Any, resources: ResourceMap) -> Any:
    """moto leaves AWS::NoValue in a list as None, where CloudFormation removes the item."""
    cleaned = _CLEAN(value, resources)
    return [item for item in cleaned if item is not None] if isinstance(value, list) else cleaned


def _existing(stack: Stack) -> list[Any]:
    """moto lists a resource whose condition does not hold as None, and then fails at it."""
    return [resource for resource in stack.resource_map.values() if resource is not None]


def is_supported(resource_type: str) -> bool:
    """Return whether a stack here would hold a resource of that type. Security groups are not: they would be moto's."""
    return resource_type in parsing.get_model_map() and not resource_type.startswith("AWS::EC2::SecurityGroup")
