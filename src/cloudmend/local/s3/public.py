"""S3's own rule for a policy that is public, as its user guide documents it. It shares no code with cloudmend's.

A statement is public unless its principals are fixed, or a condition fixes who may use it. Fixed is a value without a
wildcard and without a variable. A range of addresses is fixed up to /8, and up to /32 for IPv6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

_KEYS: Final = frozenset(
    {
        # The guide names "an AWS principal", with aws:PrincipalOrgID as its example. These name one as well.
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
_OPERATORS: Final = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"}
)
_ACCESS_POINTS: Final = re.compile(r"arn:[\w-]+:s3:[\w-]+:\d{12}:accesspoint/\*", re.ASCII)
_ALL_ACTIONS: Final = frozenset({"*", "s3:*"})
_WIDEST: Final = {4: 8, 6: 32}


def is_public(policy: Mapping[str, Any], bucket: str) -> bool:
    """Return what GetBucketPolicyStatus says of a policy. It looks at the text, and at nothing else."""
    statements = list(_each(policy.get("Statement", ())))
    return any(map(_admits_strangers, statements)) and not any(_denies_all(each, bucket) for each in statements)


def _admits_strangers(statement: Mapping[str, Any]) -> bool:
    names_all = "NotPrincipal" in statement or _names_all(statement.get("Principal", ()))
    return statement["Effect"] == "Allow" and names_all and not any(map(_fixes, _conditions(statement)))


def _denies_all(statement: Mapping[str, Any], bucket: str) -> bool:
    """Return whether a statement denies everything to everybody."""
    if statement["Effect"] != "Deny" or statement.get("Condition"):
        return False
    everything = {f"{bucket}", f"{bucket}/*"}
    actions, resources = ({*_each(statement.get(name, ()))} for name in ("Action", "Resource"))
    is_whole = "*" in resources or everything <= {each.rpartition(":")[2] for each in resources}
    return _names_all(statement.get("Principal", ())) and bool(actions & _ALL_ACTIONS) and is_whole


def _names_all(principal: Any) -> bool:
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    return "*" in _each(named)


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator.lower().removeprefix("foranyvalue:"), key.lower(), [str(each) for each in _each(values)]


def _fixes(condition: tuple[str, str, list[str]]) -> bool:
    operator, key, values = condition
    if operator not in _OPERATORS:
        return False
    if key == "aws:sourceip":
        return operator == "ipaddress" and all(map(_is_narrow, values))
    if key == "s3:dataaccesspointarn":
        return all(_is_fixed(each) or _ACCESS_POINTS.fullmatch(each) for each in values)
    return key in _KEYS and all(map(_is_fixed, values))


def _is_fixed(value: str) -> bool:
    return not re.search(r"[*?]|\$\{", value)


def _is_narrow(cidr: str) -> bool:
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else [value]
