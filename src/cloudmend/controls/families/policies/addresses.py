"""Addresses of strangers: `aws:SourceIp` of a request from the internet, and addresses inside of their own networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from cloudmend.controls.families.policies.document import Condition
from cloudmend.controls.families.policies.texts import is_wild
from cloudmend.core.network import FAMILIES, PUBLIC, AddressSet, Family, Network

# A condition that leaves no more addresses than these names somebody. S3 looks at each value, we at all together.
MOST: Final[dict[Family, int]] = {4: 2**24, 6: 2**96}
_EVERY: Final = ("0.0.0.0/0", "::/0")

Addresses = dict[Family, AddressSet]


def address_for(literals: Sequence[tuple[Condition, bool]], *, from_internet: bool) -> str | None:
    """Return an address for which conditions hold, or fail, as each is wanted; None if there is none.

    One `from_internet` is public, and the conditions leave more than MOST such addresses: a few are somebody's. Another
    is any address. The condition's values have no variables.
    """
    left: Addresses = dict(PUBLIC) if from_internet else _union(["*"])
    for condition, wanted in literals:
        texts = condition.operator.startswith(("string", "arn"))
        asks_for = wanted != condition.negated
        named = [_counted(value, asks_for) for value in condition.values] if texts else list(condition.values)
        if condition.negated and not texts and not all(map(_ranges, named)):
            if wanted:
                return None
            continue  # it never holds: a value that is no range is compared with nothing
        sets = _union(named)
        left = {each: left[each] & sets[each] if asks_for else left[each] - sets[each] for each in FAMILIES}
    open_ = next((each for each in FAMILIES if left[each].size > MOST[each] * from_internet), None)
    if open_ is None:
        return None
    first, last = max(left[open_].spans, key=lambda span: span[1] - span[0])
    return str(ip_address(min(first + 1, last)))


def _union(values: Iterable[str]) -> Addresses:
    networks = [network for value in values for network in _ranges(value)]
    return {each: AddressSet.of(one for one in networks if one.version == each) for each in FAMILIES}


def _ranges(value: str) -> Sequence[Network]:
    """Return the range that a value names; both families for a `*`, none if it is no range."""
    try:
        return [ip_network(each, strict=False) for each in (_EVERY if value == "*" else [value])]
    except ValueError:
        return []


def _counted(text: str, more: bool) -> str:
    """Return the range to count for a text. One with wildcards counts as all addresses if `more`, else as none."""
    return ("*" if more or text == "*" else "") if is_wild(text) else text
