"""CreateTags, DeleteTags and DescribeTags: the tags of groups, rules and prefix lists, and those of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cloudmend.local.ec2 import checks, filters
from cloudmend.local.ec2.checks import Ec2Error, invalid, missing, rule_id_not_found
from cloudmend.local.ec2.lifecycle import group_by_id, prefix_list_by_id
from cloudmend.local.ec2.model import Group, Params, State, TagRow

Tags = Mapping[str, str]
_SIZES = range(5, 1001)
_MAX_RESOURCES = 1000
_MAX_TAGS = 50
_TYPES = {"sg-": "security-group", "sgr-": "security-group-rule", "pl-": "prefix-list"}


def is_ours(resource_id: str) -> bool:
    """Return whether the id is that of a group, a rule or a prefix list, which may not exist."""
    return resource_id.startswith(tuple(_TYPES))


def create_tags(state: State, params: Params) -> dict[str, Any]:
    """Set each of the tags."""
    if not params.get("Tags"):
        raise missing("tagSet")
    added = checks.tag_map(params["Tags"])
    return _retag(state, params, lambda old: {**old, **added})


def delete_tags(state: State, params: Params) -> dict[str, Any]:
    """Take tags away: by key, and by value where one is given; without tags, all."""
    gone = [(tag.get("Key"), tag.get("Value")) for tag in params.get("Tags", ())]

    def kept(key: str, value: str) -> bool:
        return bool(gone) and (key, value) not in gone and (key, None) not in gone

    return _retag(state, params, lambda old: {key: value for key, value in old.items() if kept(key, value)})


def set_tags(state: State, resource_id: str, added: Tags) -> None:
    """Set tags whatever their keys."""
    _retag_one(state, resource_id, lambda old: {**old, **added})


def describe_tags(state: State, params: Params) -> dict[str, Any]:
    """DescribeTags: of all that has tags in the Region."""
    rows = [*tag_rows(state), *state.behaviour.other_tags()]
    found = filters.matching(state, rows, params, filters.TAGS, lambda tag: {tag.key: tag.value})
    tags, following = filters.page(found, params, _SIZES)
    shown = [
        {"Key": tag.key, "ResourceId": tag.resource_id, "ResourceType": tag.resource_type, "Value": tag.value}
        for tag in tags
    ]
    return {"Tags": shown, **following}


def tag_rows(state: State) -> Iterator[TagRow]:
    """Yield the tags of groups, of their rules, and of prefix lists."""
    for resource_id, tags in _tagged(state):
        kind = _TYPES[resource_id.partition("-")[0] + "-"]
        yield from (TagRow(resource_id, kind, key, value) for key, value in tags.items())


def _tagged(state: State) -> Iterator[tuple[str, Tags]]:
    for group in state.groups.values():
        if group.id not in state.hidden:
            yield group.id, group.tags
            yield from ((rule.id, rule.tags) for rule in group.rules)
    yield from ((known.id, known.tags) for known in state.prefix_lists.values() if known.id not in state.hidden)


def _retag(state: State, params: Params, change: Callable[[Tags], Tags]) -> dict[str, Any]:
    if not params.get("Resources"):
        raise missing("resourceIdSet")
    if len(params["Resources"]) > _MAX_RESOURCES:
        raise invalid(f"The request must not name more than {_MAX_RESOURCES} resources.")
    for resource_id in params["Resources"]:
        _retag_one(state, resource_id, lambda old: _few(change(old)))
    return {}


def _few(tags: Tags) -> Tags:
    if len(tags) > _MAX_TAGS:
        raise Ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return tags


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
