"""The common parts of the calls that list resources: filters with wildcards, and pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cloudmend.local.ec2.errors import Ec2Error, invalid
from cloudmend.local.ec2.model import Params, State

T = TypeVar("T")
Values = Callable[[State, T], Iterable[str]]
"""The values of one resource that a filter compares with its own."""
Filter = tuple[Values[T], re.Pattern[str]]


def matching(
    state: State,
    resources: Iterable[T],
    params: Params,
    known: Mapping[str, Values[T]],
    tags: Callable[[T], Mapping[str, str]],
) -> list[T]:
    """The resources that pass the request's filters; `known` are the filters that EC2 documents, besides tag:KEY."""
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
