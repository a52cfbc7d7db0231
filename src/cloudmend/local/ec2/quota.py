"""The quota on rules: in a group, in one direction and address family."""

from __future__ import annotations

from collections.abc import Mapping

from cloudmend.local.ec2.model import Group, PrefixList, Rule


def exceeds(group: Group, prefix_lists: Mapping[str, PrefixList], quota: int) -> bool:
    """Return whether the group holds more rules; `prefix_lists`, by id, hold those that it refers to."""
    for is_egress in (False, True):
        weights = [_weight(rule, prefix_lists) for rule in group.one_way(is_egress=is_egress)]
        if any(sum(family) > quota for family in zip(*weights, strict=True)):
            return True
    return False


def _weight(rule: Rule, prefix_lists: Mapping[str, PrefixList]) -> tuple[int, int]:
    """Return what a rule counts towards the quotas for IPv4 and for IPv6; a referenced group counts in both."""
    source = rule.permission.source
    if source.kind == "PrefixListId":
        known = prefix_lists[source.value]
        return (known.max_entries, 0) if known.family == "IPv4" else (0, known.max_entries)
    return int(source.kind != "CidrIpv6"), int(source.kind != "CidrIpv4")
