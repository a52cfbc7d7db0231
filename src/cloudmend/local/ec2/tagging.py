"""CreateTags and DeleteTags, for groups, rules and prefix lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import checks
from cloudmend.local.ec2.errors import missing, rule_id_not_found
from cloudmend.local.ec2.lookup import group_by_id, prefix_list_by_id
from cloudmend.local.ec2.model import Group, Params, State

Tags = Mapping[str, str]


def create(state: State, params: Params) -> dict[str, Any]:
    """Set each of the tags."""
    added = checks.tag_map(params.get("Tags", ()))
    return _retag(state, params, lambda old: {**old, **added})


def delete(state: State, params: Params) -> dict[str, Any]:
    """Take tags away: by key, and by value where one is given; without tags, all."""
    gone = [(tag.get("Key"), tag.get("Value")) for tag in params.get("Tags", ())]

    def kept(key: str, value: str) -> bool:
        return bool(gone) and (key, value) not in gone and (key, None) not in gone

    return _retag(state, params, lambda old: {key: value for key, value in old.items() if kept(key, value)})


def is_ours(resource_id: str) -> bool:
    """Return whether the id is that of a group, a rule or a prefix list, which may not exist."""
    return resource_id.startswith(("sg-", "sgr-", "pl-"))


def _retag(state: State, params: Params, change: Callable[[Tags], Tags]) -> dict[str, Any]:
    if not params.get("Resources"):
        raise missing("resourceIdSet")
    for resource_id in params["Resources"]:
        _retag_one(state, resource_id, change)
    return {}


def _retag_one(state: State, resource_id: str, change: Callable[[Tags], Tags]) -> None:
    if resource_id.startswith("pl-"):
        known = prefix_list_by_id(state, resource_id)
        state.prefix_lists[known.id] = replace(known, tags=change(known.tags))
    elif resource_id.startswith("sgr-"):
        group = _group_of_rule(state, checks.rule_id(resource_id))
        rules = (replace(r, tags=change(r.tags)) if r.id == resource_id else r for r in group.rules)
        state.groups[group.id] = replace(group, rules=tuple(rules))
    else:
        group = group_by_id(state, resource_id)
        state.groups[group.id] = replace(group, tags=change(group.tags))


def _group_of_rule(state: State, rule_id: str) -> Group:
    for group in state.groups.values():
        if any(rule.id == rule_id for rule in group.rules):
            return group
    raise rule_id_not_found(rule_id)
