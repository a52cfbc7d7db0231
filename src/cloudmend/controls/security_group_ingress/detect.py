"""Which rules are at fault: a guarded port, open to more public addresses than the limit."""

from __future__ import annotations

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.model import Finding
from cloudmend.core.policy import Policy


def detect(facts: GroupFacts, policy: Policy) -> tuple[Finding, ...]:
    """A finding for each ingress rule from a CIDR range that is over the limit alone."""
    return tuple(finding for rule in facts.ingress if (finding := _finding(rule, policy)))


def _finding(rule: Rule, policy: Policy) -> Finding | None:
    network = rule.network
    if network is None or not policy.exceeds(network):
        return None
    doors = [common for guarded in policy.guarded if (common := rule.traffic & guarded)]
    if not doors:
        return None
    return Finding(
        part=rule.id,
        why=f"{rule} opens {', '.join(map(str, doors))} to {policy.exposes(network):,} public addresses; "
        f"the limit is {policy.limits[network.version]:,}",
    )
