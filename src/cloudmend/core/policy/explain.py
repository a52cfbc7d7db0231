"""A policy in plain sentences, for the person who answers for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, summarize_address_range
from typing import Final

from cloudmend.core.network import Family, Network, Span, readable
from cloudmend.core.policy.addresses import BITS
from cloudmend.core.policy.model import FAMILIES, Exemption, Mode, Modes, Policy


def explain(policy: Policy, now: datetime) -> tuple[str, ...]:
    """A sentence for each thing that the policy says; `now` decides which exemptions hold."""
    return (
        f"Guarded: {', '.join(map(str, policy.guarded))}.",
        *(_limit(policy, family) for family in FAMILIES),
        *(_replacement(policy, family) for family in FAMILIES),
        _prefix_lists(policy),
        _unreadable_lists(policy),
        *_modes(policy.mode),
        *(_exemption(exemption, now) for exemption in policy.exemptions),
    )


def trusted_networks(policy: Policy, family: Family) -> tuple[str, ...]:
    """The trusted addresses as few CIDR ranges as there can be."""
    return tuple(str(network) for span in policy.trusted[family].spans for network in _networks(family, span))


def _networks(family: Family, span: Span) -> Iterable[Network]:
    first, last = span
    if family == 4:
        return summarize_address_range(IPv4Address(first), IPv4Address(last))
    return summarize_address_range(IPv6Address(first), IPv6Address(last))


def _limit(policy: Policy, family: Family) -> str:
    limit = f"{readable(policy.limits[family])} public IPv{family} addresses{_as_prefix(family, policy.limits[family])}"
    trusted = ", ".join(trusted_networks(policy, family))
    besides = f" besides {trusted}, which are trusted" if trusted else ""
    return f"The rules of a group together may open a guarded port to {limit}{besides}; with more they are at fault."


def _as_prefix(family: Family, count: int) -> str:
    free = count.bit_length() - 1
    return f" (one /{BITS[family] - free})" if count == 1 << free else ""


def _replacement(policy: Policy, family: Family) -> str:
    replacement = policy.replacement[family]
    if replacement == "revoke":
        return f"An IPv{family} rule at fault is revoked."
    new = f"its VPC's own IPv{family} block" if replacement == "vpc" else replacement
    return (
        f"The source of an IPv{family} rule at fault becomes {new}; where that is no part of it, the rule is revoked."
    )


def _prefix_lists(policy: Policy) -> str:
    trusted = policy.aws_prefix_lists == "trusted"
    return f"Prefix lists that AWS owns {'are trusted' if trusted else 'count as their entries, like any other'}."


def _unreadable_lists(policy: Policy) -> str:
    done = "is only reported" if policy.unreadable_prefix_lists == "report" else "is revoked, like one at fault"
    return f"A rule from a prefix list that AWS does not let cloudmend read {done}."


_DONE: Final[dict[Mode, str]] = {"fix": "closed", "observe": "only reported"}


def _modes(modes: Modes) -> Iterator[str]:
    """The most specific first, as they count."""
    for kind, table in (("VPC", modes.vpc), ("account", modes.account), ("control", modes.control)):
        for name, mode in table.items():
            yield f"What is at fault in {kind} {name} is {_DONE[mode]}."
    elsewhere = " elsewhere" if modes.vpc or modes.account or modes.control else ""
    yield f"What is at fault{elsewhere} is {_DONE[modes.default]}."


def _exemption(exemption: Exemption, now: datetime) -> str:
    told = "Left open" if exemption.holds(now) else "No longer left open, because it expired"
    return f"{told}: {exemption}."
