"""What a call did that AWS does not show yet: its answers may lag behind its writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.follow import claimed_rule
from cloudmend.controls.security_group_ingress.targets import PREFIX_LIST_EVENTS
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource


def unseen(call: ApiCall, resource: Resource, facts: GroupFacts | None) -> Mapping[str, str]:
    """By its id, what is missing, in words: the group, a rule or a list that the event names, or their new value.

    A hint, as all that an event says: somebody else may have changed or removed it since.
    """
    if facts is None:
        return {resource.id: f"{resource.label} itself"}
    shown = {rule.id: rule for rule in facts.rules}
    known = shown.keys() | {rule.prefix_list_id for rule in facts.rules}
    missing = {part: part for part in resource.parts if part not in known}
    wrapped = mapping(call.request.get(f"{call.name}Request"))
    changes = _stale_list if call.name in PREFIX_LIST_EVENTS else _stale_rules
    return {**missing, **dict(changes(wrapped, shown, facts))}


def _stale_rules(wrapped: Json, shown: Mapping[str, Rule], _: GroupFacts) -> Iterator[tuple[str, str]]:
    """Rules that a Modify gave another source than AWS shows."""
    for row in map(mapping, items(wrapped.get("SecurityGroupRule"))):
        rule_id, value = text(row.get("SecurityGroupRuleId")), mapping(row.get("SecurityGroupRule"))
        if rule_id not in shown or not value:
            continue
        try:
            claimed = claimed_rule(rule_id, value)
        except EventError:  # what is no range is no hint
            continue
        if (claimed.network or claimed.prefix_list_id) and claimed.source != shown[rule_id].source:
            yield rule_id, f"{rule_id} from {claimed.source}"


def _stale_list(wrapped: Json, _: Mapping[str, Rule], facts: GroupFacts) -> Iterator[tuple[str, str]]:
    """A list whose change is under way, or whose entries are those of before it."""
    list_id, before = text(wrapped.get("PrefixListId")), text(wrapped.get("CurrentVersion"))
    for row in facts.image.get("PrefixLists", ()):
        if row["PrefixListId"] != list_id:
            continue
        is_under_way = str(row.get("State", "")).endswith("-in-progress")
        if is_under_way or (_changes_entries(wrapped) and text(row.get("Version")) == before):
            yield list_id, f"the change of {list_id}"


def _changes_entries(wrapped: Json) -> bool:
    return any(wrapped.get(name) for name in ("AddEntry", "RemoveEntry", "PreviousVersion"))
