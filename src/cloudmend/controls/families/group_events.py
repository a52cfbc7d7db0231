"""The security group that an event names, in either of EC2's two encodings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cloudmend.controls.families.groups import GROUP
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource


class Kind(NamedTuple):
    """A kind of id that an event can name. `place` is its path in the CloudTrail record, {} the name of the call."""

    type: str
    prefix: str
    name: str
    id_name: str
    place: str


_GROUP: Final = Kind(GROUP, "sg", "security group", "group id", "groupId")


def wrapped_request(call: ApiCall) -> Json:
    """Return the request of a call in EC2's newer encoding; empty in the classic one."""
    return mapping(call.request.get(f"{call.name}Request"))


def response_rows(call: ApiCall) -> tuple[Json, ...]:
    """Return the rules that the answer to an Authorize shows, since 2021."""
    return tuple(map(mapping, items(call.response.get("securityGroupRuleSet"))))


def group_of(call: ApiCall) -> Resource | None:
    """Return the group that a call names, with the ids of its rules; by name alone, of the default VPC.

    The most telling place comes first. A call by group name has its id, since 2021, in the response. Raises EventError
    for an id that is not one.
    """
    rows, wrapped = response_rows(call), wrapped_request(call)
    places = (
        call.request.get("groupId"),
        call.request.get("GroupId"),  # hand-made events use the SDK's casing
        wrapped.get("GroupId"),
        call.response.get("groupId"),
        *(row.get("groupId") for row in rows),
    )
    parts = tuple(_named_rules(wrapped, rows))
    if group_id := first_id(call, _GROUP, places):
        return Resource(type=GROUP, id=group_id, parts=parts)
    name = text(call.request.get("groupName")) or text(call.request.get("GroupName"))
    return Resource(type=GROUP, name=name, parts=parts) if name else None


def first_id(call: ApiCall, kind: Kind, places: Iterable[object]) -> str:
    """Return the first text in these places; empty if there is none. Raises EventError if it is no id."""
    found = next((place for place in map(text, places) if place), "")
    if found and not re.fullmatch(rf"{kind.prefix}-[0-9a-f]{{8,17}}", found):
        raise EventError(
            f"Event {call.event_id or '(no id)'} ({call.name}) names the {kind.name} {found!r}, which is not a "
            f"{kind.id_name}. Put an id such as {kind.prefix}-05fe30eb67c909f27 into requestParameters."
            f"{kind.place.format(call.name)}."
        )
    return found


def _named_rules(wrapped: Json, rows: Iterable[Json]) -> Iterator[str]:
    named = [row.get("securityGroupRuleId") for row in rows]
    named += [mapping(row).get("SecurityGroupRuleId") for row in items(wrapped.get("SecurityGroupRule"))]
    return (rule_id for value in named if (rule_id := text(value)))
