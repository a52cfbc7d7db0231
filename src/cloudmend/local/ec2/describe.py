"""DescribeSecurityGroups and DescribeSecurityGroupRules: ids, filters, wildcards, pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from . import checks
from .errors import Ec2Error, invalid, rule_id_not_found
from .lookup import group_by_id, group_by_name
from .model import Group, Params, Rule, State
from .rows import group_row, rule_row

T = TypeVar("T")
Values = Callable[[State, T], Iterable[str]]
"""The values of one resource that a filter compares with its own."""

_PAGE = range(5, 1001)


def _of_rules(attribute: Callable[[Rule], str | None], *, is_egress: bool) -> Values[Group]:
    def values(_: State, group: Group) -> Iterable[str]:
        found = (attribute(rule) for rule in group.one_way(is_egress=is_egress))
        return [value for value in found if value is not None]

    return values


def _source(kind: str) -> Callable[[Rule], str | None]:
    def value(rule: Rule) -> str | None:
        source = rule.permission.source
        return source.value if source.kind == kind else None

    return value


def _port(end: str) -> Callable[[Rule], str | None]:
    def value(rule: Rule) -> str | None:
        traffic = rule.permission.traffic
        return str(getattr(traffic, end)) if traffic.has_ports else None

    return value


_RULE_ATTRIBUTES: Mapping[str, Callable[[Rule], str | None]] = {
    "cidr": _source("CidrIpv4"),
    "ipv6-cidr": _source("CidrIpv6"),
    "prefix-list-id": _source("PrefixListId"),
    "group-id": _source("ReferencedGroupId"),
    "from-port": _port("from_port"),
    "to-port": _port("to_port"),
    "protocol": lambda rule: rule.permission.traffic.protocol,
}
_GROUP_FILTERS: Mapping[str, Values[Group]] = {
    "group-id": lambda _, group: [group.id],
    "group-name": lambda _, group: [group.name],
    "vpc-id": lambda _, group: [group.vpc.id],
    "description": lambda _, group: [group.description],
    "owner-id": lambda state, _: [state.account],
    "tag-key": lambda _, group: group.tags,
} | {
    f"{prefix}.{name}": _of_rules(attribute, is_egress=is_egress)
    for prefix, is_egress in (("ip-permission", False), ("egress.ip-permission", True))
    for name, attribute in _RULE_ATTRIBUTES.items()
}
_RULE_FILTERS: Mapping[str, Values[Rule]] = {
    "group-id": lambda _, rule: [rule.group_id],
    "security-group-rule-id": lambda _, rule: [rule.id],
}


def describe_groups(state: State, params: Params) -> dict[str, Any]:
    filters = _filters(params, _GROUP_FILTERS, lambda group: group.tags)
    matching = [group for group in _groups(state, params) if _passes(state, group, filters)]
    page, following = _page(matching, params)
    return {"SecurityGroups": [group_row(state, group) for group in page], **following}


def describe_rules(state: State, params: Params) -> dict[str, Any]:
    filters = _filters(params, _RULE_FILTERS, lambda rule: rule.tags)
    matching = [rule for rule in _rules(state, params) if _passes(state, rule, filters)]
    page, following = _page(matching, params)
    return {"SecurityGroupRules": [rule_row(state, rule) for rule in page], **following}


def _groups(state: State, params: Params) -> list[Group]:
    named = [group_by_id(state, group_id) for group_id in params.get("GroupIds", ())]
    named += [group_by_name(state, name) for name in params.get("GroupNames", ())]
    wanted = {group.id for group in named}
    return [group for group in state.groups.values() if not wanted or group.id in wanted]


def _rules(state: State, params: Params) -> list[Rule]:
    rules = [rule for group in state.groups.values() for rule in group.rules]
    wanted = [checks.rule_id(rule_id) for rule_id in params.get("SecurityGroupRuleIds", ())]
    known = {rule.id for rule in rules}
    for rule_id in wanted:
        if rule_id not in known:
            raise rule_id_not_found(rule_id)
    return [rule for rule in rules if not wanted or rule.id in wanted]


Filter = tuple[Values[T], re.Pattern[str]]


def _filters(params: Params, known: Mapping[str, Values[T]], tags: Callable[[T], Mapping[str, str]]) -> list[Filter[T]]:
    """The filters of a request, parsed: all must pass, each by any of its values."""
    found = []
    for item in params.get("Filters", ()):
        name = item.get("Name", "")
        values = _tagged(tags, name.removeprefix("tag:")) if name.startswith("tag:") else known.get(name)
        if values is None:
            raise invalid(f"The filter '{name}' is invalid")
        found.append((values, _pattern(item.get("Values", ()))))
    return found


def _tagged(tags: Callable[[T], Mapping[str, str]], key: str) -> Values[T]:
    return lambda _, resource: [value for name, value in tags(resource).items() if name == key]


def _passes(state: State, resource: T, filters: Sequence[Filter[T]]) -> bool:
    return all(any(pattern.fullmatch(value) for value in values(state, resource)) for values, pattern in filters)


def _pattern(values: Sequence[str]) -> re.Pattern[str]:
    """EC2's wildcards: * is any characters, ? is one, a backslash takes the next as it is."""
    alternatives = [f"(?:{_as_regex(value)})" for value in values] or [r"(?!)"]
    return re.compile("|".join(alternatives), re.DOTALL)


def _as_regex(value: str) -> str:
    wildcards = {"*": ".*", "?": "."}
    return "".join(
        wildcards.get(token) or re.escape(token.removeprefix("\\") or token)
        for token in re.findall(r"\\.|.", value, re.DOTALL)
    )


def _page(items: Sequence[T], params: Params) -> tuple[Sequence[T], dict[str, str]]:
    """The items of the page that is asked for, and NextToken where more follow."""
    size = params.get("MaxResults")
    if size is not None and size not in _PAGE:
        bound = f"greater than {_PAGE[0]}" if size < _PAGE[0] else f"less than {_PAGE[-1]}"
        raise invalid(f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.")
    start = _offset(params["NextToken"]) if params.get("NextToken") else 0
    end = start + (size or len(items))
    return items[start:end], ({"NextToken": _token(end)} if end < len(items) else {})


def _token(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        text = base64.b64decode(token, validate=True)
    except ValueError:
        text = b""
    match = re.fullmatch(rb"offset:([0-9]{1,9})", text)
    if match is None:
        raise Ec2Error("InvalidNextToken", "The specified NextToken is not valid.")
    return int(match[1])
