"""The resources that an event names, in either of EC2's two encodings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource

PREFIX_LIST_EVENTS: Final = frozenset({"ModifyManagedPrefixList", "RestoreManagedPrefixListVersion"})


class _Kind(NamedTuple):
    """A kind of id that an event can name. `place` is its path in the CloudTrail record, {} the name of the call."""

    type: str
    prefix: str
    name: str
    id_name: str
    place: str


_GROUP: Final = _Kind("AWS::EC2::SecurityGroup", "sg", "security group", "group id", "groupId")
_LIST: Final = _Kind("AWS::EC2::PrefixList", "pl", "prefix list", "prefix list id", "{}Request.PrefixListId")


def targets(call: ApiCall) -> tuple[Resource, ...]:
    """Return what the call changed: a security group, by id or else by name in the default VPC, or a prefix list.

    Where the event names nothing it is the whole Region. Raises EventError for an id that is not one.
    """
    wrapped = mapping(call.request.get(f"{call.name}Request"))
    named = _prefix_list(call, wrapped) if call.name in PREFIX_LIST_EVENTS else _group(call, wrapped)
    return (named or Resource(type="AWS::Region", id=call.region),)


def _prefix_list(call: ApiCall, wrapped: Json) -> Resource | None:
    answer = mapping(mapping(call.response.get(f"{call.name}Response")).get("prefixList"))
    places = (
        wrapped.get("PrefixListId"),
        call.request.get("prefixListId"),
        call.request.get("PrefixListId"),
        answer.get("prefixListId"),
    )
    list_id = _first_id(call, _LIST, places)
    return Resource(type=_LIST.type, id=list_id) if list_id else None


def _group(call: ApiCall, wrapped: Json) -> Resource | None:
    """The most telling place first. A call by group name has its id, since 2021, in the response."""
    rows = tuple(map(mapping, items(call.response.get("securityGroupRuleSet"))))
    places = (
        call.request.get("groupId"),
        call.request.get("GroupId"),  # hand-made events use the SDK's casing
        wrapped.get("GroupId"),
        call.response.get("groupId"),
        *(row.get("groupId") for row in rows),
    )
    parts = tuple(_named_rules(wrapped, rows))
    if group_id := _first_id(call, _GROUP, places):
        return Resource(type=_GROUP.type, id=group_id, parts=parts)
    name = text(call.request.get("groupName")) or text(call.request.get("GroupName"))
    return Resource(type=_GROUP.type, name=name, parts=parts) if name else None


def _first_id(call: ApiCall, kind: _Kind, places: Iterable[object]) -> str:
    """The first text in these places; empty where there is none. Raises EventError if it is no id."""
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
