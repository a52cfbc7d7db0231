"""Find the resources that a control's triggers name in a CloudTrail record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, ResourceType, Trigger
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.partitions import partition_of

_ARN: Final = re.compile(r"arn:[^:]+:[^:]*:(?P<region>[^:]*):(?P<account>[^:]*):.+")


def resources(control: Control[Any], call: ApiCall) -> tuple[Resource, ...]:
    """Return the resources that the call names, each once; none if the control does not watch the call.

    A resource that is named by an ARN is of the ARN's account and Region, any other of the call's. If the trigger names
    a place of ids and the record has none there, the whole Region is meant: a resource without an id. Raises EventError
    for an id that cannot be one.
    """
    trigger = control.trigger(call)
    return located(control, trigger, call) if trigger else ()


def located(control: Control[Any], trigger: Trigger, call: ApiCall) -> tuple[Resource, ...]:
    """Return the resources that a call names at the places of a trigger, as `resources` does."""
    if control.locate:
        return tuple(control.locate(call)) or (_everything(control, call),)
    if control.resource.scope != "resource":
        return (the_one(control.resource, call.account, call.region),)
    found = next((names for path in trigger.at if (names := list(_texts(call, path)))), [])
    parts = tuple(part for path in trigger.parts for part in _texts(call, path))
    named = (_resource(control.resource, call, name, parts) for name in found)
    return tuple(dict.fromkeys(named)) or (_everything(control, call),)


def the_one(kind: ResourceType, account: str, region: str) -> Resource:
    """Return the one resource that a Region, or an account, has of this kind; an account's is in its home Region."""
    if kind.scope == "account":
        return Resource(type=kind.type, id=account, account=account, region=partition_of(region).home)
    return Resource(type=kind.type, id=region, account=account, region=region)


def _everything(control: Control[Any], call: ApiCall) -> Resource:
    return Resource(type=control.resource.type, account=call.account, region=call.region)


def _resource(kind: ResourceType, call: ApiCall, name: str, parts: tuple[str, ...]) -> Resource:
    found = named(kind, name, account=call.account, region=call.region)
    if found is None:
        raise EventError(
            f"Event {call.event_id or '(no id)'} ({call.name}) names the {kind.noun} {name!r}, which is not an id of "
            f"one. Correct the id in the event."
        )
    return msgspec.structs.replace(found, parts=parts)


def named(kind: ResourceType, name: str, *, account: str = "", region: str = "") -> Resource | None:
    """Return the resource that an id or an ARN names; None if it cannot be one of this kind.

    The account and Region of an ARN count before the given ones.
    """
    found = name
    if arn := _ARN.fullmatch(name):
        account, region = arn["account"] or account, arn["region"] or region
        found = _id_in(kind, name)
    if not re.fullmatch(kind.id_pattern, found):
        return None
    return Resource(type=kind.type, id=found, account=account, region=region)


def _id_in(kind: ResourceType, arn: str) -> str:
    """Return the id that an ARN of this kind holds; the ARN itself if it is of another kind."""
    pattern = re.sub(r"\\{id\\}", "(?P<id>.+)", re.escape(kind.arn))
    pattern = re.sub(r"\\{\w+\\}", "[^:]*", pattern)
    match = re.fullmatch(pattern, arn)
    return match["id"] if match else arn


def _texts(call: ApiCall, path: str) -> Iterator[str]:
    return (found for value in values_at(call, path) if (found := text(value)))


def values_at(call: ApiCall, path: str) -> Iterator[Any]:
    """Yield the values at a path of the record: "response.instancesSet[].instanceId".

    The path begins with "request" or "response". `[]` stands for the members of a list, in any of CloudTrail's forms. A
    key is found with its first letter in either case: hand-made events use the SDK's.
    """
    root, *steps = path.split(".")
    values: list[Any] = [call.request if root == "request" else call.response]
    for step in steps:
        values = [_member(value, step.removesuffix("[]")) for value in values]
        if step.endswith("[]"):
            values = [member for value in values for member in items(value)]
    return (value for value in values if value is not None)


def _member(value: Any, key: str) -> Any:
    table = mapping(value)
    return table.get(key, table.get(key[:1].swapcase() + key[1:]))
