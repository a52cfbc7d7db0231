"""Addresses of strangers: `aws:SourceIp` of a request from the internet, and addresses inside of their own networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from cloudmend.controls.families.policies.conditions import ANYWHERE, Condition, network
from cloudmend.core.network import FAMILIES, PUBLIC, AddressSet, Family, Network

# A condition that leaves no more addresses than these names somebody. S3 looks at each value, we at all together.
MOST: Final[dict[Family, int]] = {4: 2**24, 6: 2**96}
_EVERY: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))

Addresses = dict[Family, AddressSet]


def address_for(literals: Sequence[tuple[Condition, bool]], *, from_internet: bool) -> str | None:
    """Return an address for which conditions IpAddress hold, or fail, as each is wanted; None if there is none.

    One `from_internet` is public, and the conditions leave more than MOST such addresses: a few are somebody's. Another
    is any address.
    """
    left: Addresses = dict(PUBLIC) if from_internet else _union(_EVERY)
    for condition, wanted in literals:
        asks_for = wanted != condition.negated
        if condition.negated and any(network(each) is None for each in condition.values if each != ANYWHERE):
            if wanted:
                return None
            continue  # it never holds: a value that is no range is compared with nothing
        sets = _union(_networks(condition.values, asks_for))
        left = {each: left[each] & sets[each] if asks_for else left[each] - sets[each] for each in FAMILIES}
    open_ = next((each for each in FAMILIES if left[each].size > MOST[each] * from_internet), None)
    if open_ is None:
        return None
    first, last = max(left[open_].spans, key=lambda span: span[1] - span[0])
    return str(ip_address(min(first + 1, last)))


def _networks(values: Iterable[str], asks_for: bool) -> Iterable[Network]:
    """Yield the ranges that values name. For a `*`, all addresses are, if an address in it is asked for, else none."""
    for value in values:
        found = network(value)
        if found is not None:
            yield found
        elif value == ANYWHERE and asks_for:
            yield from _EVERY


def _union(networks: Iterable[Network]) -> Addresses:
    found = list(networks)
    return {each: AddressSet.of(one for one in found if one.version == each) for each in FAMILIES}
