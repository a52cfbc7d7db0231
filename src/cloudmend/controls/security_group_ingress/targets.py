"""The resources that an event names, in either of EC2's two encodings, and its effects that AWS does not show yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cloudmend.controls.families.group_events import Kind, first_id, group_of, wrapped_request
from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.follow import claimed_rule
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource

PREFIX_LIST_EVENTS: Final = frozenset({"ModifyManagedPrefixList", "RestoreManagedPrefixListVersion"})

_LIST: Final = Kind("AWS::EC2::PrefixList", "pl", "prefix list", "prefix list id", "{}Request.PrefixListId")


def targets(call: ApiCall) -> tuple[Resource, ...]:
    """Return what the call changed: a security group, by id or else by name in the default VPC, or a prefix list.

    Where the event names nothing it is the whole Region. Raises EventError for an id that is not one.
    """
    named = _prefix_list(call, wrapped_request(call)) if call.name in PREFIX_LIST_EVENTS else group_of(call)
    return (named or Resource(type="AWS::Region", id=call.region),)


def _prefix_list(call: ApiCall, wrapped: Json) -> Resource | None:
    answer = mapping(mapping(call.response.get(f"{call.name}Response")).get("prefixList"))
    places = (
        wrapped.get("PrefixListId"),
        call.request.get("prefixListId"),
        call.request.get("PrefixListId"),
        answer.get("prefixListId"),
    )
    list_id = first_id(call, _LIST, places)
    return Resource(type=_LIST.type, id=list_id) if list_id else None


def unseen(call: ApiCall, resource: Resource, image: Json | None) -> Mapping[str, str]:
    """Return, in words by id, what an image of the group lacks: a rule or list of the event, or its new value.

    Without an image, the group itself is missing. The answer is a hint, as is everything in an event: somebody else may
    have changed or removed the part since.
    """
    if image is None:
        return {resource.id: f"{resource.label} itself"}
    shown = {rule.id: rule for rule in map(Rule, items(image.get("SecurityGroupRules")))}
    known = shown.keys() | {rule.prefix_list_id for rule in shown.values()}
    missing = {part: part for part in resource.parts if part not in known}
    wrapped = wrapped_request(call)
    changes = _stale_lists(wrapped, image) if call.name in PREFIX_LIST_EVENTS else _stale_rules(wrapped, shown)
    return {**missing, **dict(changes)}


def _stale_rules(wrapped: Json, shown: Mapping[str, Rule]) -> Iterator[tuple[str, str]]:
    """Rules that a Modify gave another source, other ports or another protocol than AWS shows."""
    for row in map(mapping, items(wrapped.get("SecurityGroupRule"))):
        rule_id, value = text(row.get("SecurityGroupRuleId")), mapping(row.get("SecurityGroupRule"))
        if rule_id not in shown or not value:
            continue
        try:
            claimed = claimed_rule(rule_id, value)
        except EventError:  # what is no range is no hint
            continue
        if (claimed.network or claimed.prefix_list_id) and _differ(claimed, shown[rule_id], value):
            yield rule_id, f"{rule_id} as {claimed}"


def _differ(claimed: Rule, shown: Rule, value: Json) -> bool:
    """Return whether the rules differ in their source, or in their traffic if the call holds it."""
    tells_traffic = bool(value.get("IpProtocol"))
    return claimed.source != shown.source or (tells_traffic and claimed.traffic != shown.traffic)


def _stale_lists(wrapped: Json, image: Json) -> Iterator[tuple[str, str]]:
    """A list whose change is under way, or whose entries are those of before it."""
    list_id, before = text(wrapped.get("PrefixListId")), text(wrapped.get("CurrentVersion"))
    for row in image.get("PrefixLists", ()):
        if row["PrefixListId"] != list_id:
            continue
        is_under_way = text(row.get("State")).endswith("-in-progress")
        if is_under_way or (_changes_entries(wrapped) and text(row.get("Version")) == before):
            yield list_id, f"the change of {list_id}"


def _changes_entries(wrapped: Json) -> bool:
    return any(wrapped.get(name) for name in ("AddEntry", "RemoveEntry", "PreviousVersion"))
