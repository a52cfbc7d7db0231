"""Where to look: the group that an event names, in either of EC2's two encodings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource

_GROUP_ID: Final = re.compile(r"sg-[0-9a-f]{8,17}", re.ASCII)


def targets(call: ApiCall) -> tuple[Resource, ...]:
    """The one group that the call changed; raises EventError where the event names none."""
    wrapped = mapping(call.request.get("ModifySecurityGroupRulesRequest"))
    rows = items(call.response.get("securityGroupRuleSet"))
    group_id = next(_named_groups(call, wrapped, rows), "")
    if not group_id:
        raise EventError(
            f"Event {call.event_id or '(no id)'} ({call.name}) names no security group, neither in "
            "requestParameters nor in responseElements. Put the group's id into requestParameters.groupId."
        )
    if not _GROUP_ID.fullmatch(group_id):
        raise EventError(
            f"Event {call.event_id or '(no id)'} ({call.name}) names the security group {group_id!r}, "
            "which is not a group id. Put an id such as sg-05fe30eb67c909f27 into requestParameters.groupId."
        )
    return (Resource(type="AWS::EC2::SecurityGroup", id=group_id, parts=tuple(_named_rules(wrapped, rows))),)


def _named_groups(call: ApiCall, wrapped: Json, rows: tuple[object, ...]) -> Iterator[str]:
    """Group ids, the most telling place first. A call by group name has its id in the response only."""
    places = (
        call.request.get("groupId"),
        call.request.get("GroupId"),  # hand-made events use the SDK's casing
        wrapped.get("GroupId"),
        call.response.get("groupId"),
        *(mapping(row).get("groupId") for row in rows),
    )
    return (group_id for place in places if (group_id := text(place)))


def _named_rules(wrapped: Json, rows: tuple[object, ...]) -> Iterator[str]:
    named = [mapping(row).get("securityGroupRuleId") for row in rows]
    named += [mapping(row).get("SecurityGroupRuleId") for row in items(wrapped.get("SecurityGroupRule"))]
    return (rule_id for value in named if (rule_id := text(value)))
