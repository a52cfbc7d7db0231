"""The filters of each Describe, as botocore documents them, and its pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cloudmend.local.ec2.checks import Ec2Error, invalid
from cloudmend.local.ec2.model import Group, Params, PrefixList, Rule, State, TagRow, Vpc

T = TypeVar("T")
Values = Callable[[State, T], Iterable[str]]
"""The values of one resource that a filter compares with its own."""
Filter = tuple[Values[T], re.Pattern[str]]
Tags = Callable[[T], Mapping[str, str]]
OfRule = Callable[[State, Rule], str | None]


def _of_rules(attribute: OfRule, *, is_egress: bool) -> Values[Group]:
    def values(state: State, group: Group) -> Iterable[str]:
        found = (attribute(state, rule) for rule in group.one_way(is_egress=is_egress))
        return [value for value in found if value is not None]

    return values


def _source(kind: str) -> OfRule:
    def value(_: State, rule: Rule) -> str | None:
        source = rule.permission.source
        return source.value if source.kind == kind else None

    return value


def _port(end: str) -> OfRule:
    def value(_: State, rule: Rule) -> str | None:
        traffic = rule.permission.traffic
        return str(getattr(traffic, end)) if traffic.has_ports else None

    return value


def _referenced(state: State, rule: Rule) -> Group | None:
    """The group that the rule refers to; None for one that is gone, and for a rule with another source."""
    source = rule.permission.source
    return state.groups.get(source.value) if source.kind == "ReferencedGroupId" else None


def _referenced_name(state: State, rule: Rule) -> str | None:
    group = _referenced(state, rule)
    return group.name if group else None


def _referenced_owner(state: State, rule: Rule) -> str | None:
    group = _referenced(state, rule)
    return group.owner or state.account if group else None


_OF_RULES: Mapping[str, OfRule] = {
    "cidr": _source("CidrIpv4"),
    "ipv6-cidr": _source("CidrIpv6"),
    "prefix-list-id": _source("PrefixListId"),
    "group-id": _source("ReferencedGroupId"),
    "group-name": _referenced_name,
    "user-id": _referenced_owner,
    "from-port": _port("from_port"),
    "to-port": _port("to_port"),
    "protocol": lambda _, rule: rule.permission.traffic.protocol,
}
_OF_GROUPS: Mapping[str, Values[Group]] = {
    "group-id": lambda _, group: [group.id],
    "group-name": lambda _, group: [group.name],
    "description": lambda _, group: [group.description],
    "owner-id": lambda state, group: [group.owner or state.account],
}
GROUPS: Mapping[str, Values[Group]] = {
    **_OF_GROUPS,
    "vpc-id": lambda _, group: [group.vpc.id],
    "tag-key": lambda _, group: group.tags,
} | {
    f"{prefix}.{name}": _of_rules(attribute, is_egress=is_egress)
    for prefix, is_egress in (("ip-permission", False), ("egress.ip-permission", True))
    for name, attribute in _OF_RULES.items()
}
FOR_VPC: Mapping[str, Values[Group]] = {**_OF_GROUPS, "primary-vpc-id": lambda _, group: [group.vpc.id]}
ASSOCIATIONS: Mapping[str, Values[tuple[Group, str]]] = {
    "group-id": lambda _, pair: [pair[0].id],
    "group-owner-id": lambda state, pair: [pair[0].owner or state.account],
    "state": lambda *_: ["associated"],
    "vpc-id": lambda _, pair: [pair[1]],
    "vpc-owner-id": lambda state, _: [state.account],
}
RULES: Mapping[str, Values[Rule]] = {
    "group-id": lambda _, rule: [rule.group_id],
    "security-group-rule-id": lambda _, rule: [rule.id],
}
VPCS: Mapping[str, Values[Vpc]] = {
    "vpc-id": lambda _, vpc: [vpc.id],
    "cidr": lambda _, vpc: [vpc.cidr],
    "is-default": lambda _, vpc: [str(vpc.is_default).lower()],
}
AWS_LISTS: Mapping[str, Values[PrefixList]] = {
    "prefix-list-id": lambda _, known: [known.id],
    "prefix-list-name": lambda _, known: [known.name],
}
LISTS: Mapping[str, Values[PrefixList]] = {**AWS_LISTS, "owner-id": lambda _, known: [known.owner]}
TAGS: Mapping[str, Values[TagRow]] = {
    "key": lambda _, tag: [tag.key],
    "resource-id": lambda _, tag: [tag.resource_id],
    "resource-type": lambda _, tag: [tag.resource_type],
    "value": lambda _, tag: [tag.value],
}


def matching(
    state: State,
    resources: Iterable[T],
    params: Params,
    known: Mapping[str, Values[T]],
    tags: Tags[T] | None = None,
) -> list[T]:
    """The resources that pass the request's filters; `known` are the filters that EC2 documents.

    With `tags` there is tag:KEY besides.
    """
    filters = _filters(params, known, tags)
    return [resource for resource in resources if _passes(state, resource, filters)]


def page(items: Sequence[T], params: Params, sizes: range, default: int | None = None) -> tuple[Sequence[T], Params]:
    """The items of the page that is asked for, and {NextToken} where more follow.

    Without MaxResults a page holds `default` items, or all of them.
    """
    size = params.get("MaxResults", default)
    if size is not None and size not in sizes:
        bound = f"greater than {sizes[0]}" if size < sizes[0] else f"less than {sizes[-1]}"
        raise invalid(f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.")
    start = _offset(params["NextToken"]) if params.get("NextToken") else 0
    end = start + (size or len(items))
    return items[start:end], ({"NextToken": _token(end)} if end < len(items) else {})


def _filters(params: Params, known: Mapping[str, Values[T]], tags: Tags[T] | None) -> list[Filter[T]]:
    """The filters of a request, parsed: all must pass, each by any of its values."""
    found = []
    for item in params.get("Filters", ()):
        name = item.get("Name", "")
        key = name.removeprefix("tag:")
        values = _tagged(tags, key) if tags and name.startswith("tag:") and key else known.get(name)
        if values is None:
            raise invalid(f"The filter '{name}' is invalid")
        found.append((values, _pattern(item.get("Values", ()))))
    return found


def _tagged(tags: Tags[T], key: str) -> Values[T]:
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
