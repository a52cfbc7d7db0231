"""The words about a group for people: why each rule counts or not, and how far the rules open the guarded ports.

The words of notices stand here, too, and what keeps each client from opening a group again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.detect import detect, exposed_by
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import State
from cloudmend.core.model import Hints, Words
from cloudmend.core.network import FAMILIES, AddressSet, Family, Traffic, public_part, readable

_SOURCE_RANGES: Final = "set spec.loadBalancerSourceRanges of the Kubernetes Service"
WORDS: Final = Words(
    fault="open to the world",
    removed="revoked",
    whole="every rule",
    close="revoke the rule that opens it. This cuts off anyone who uses the rule",
    prevent="Admit only the ranges that need it.",
)
HINTS: Final = Hints(
    again="open it again",
    change="narrow the rule",
    of={
        "Amazon EKS": f"The cluster may open it again: {_SOURCE_RANGES} that the load balancer belongs to.",
        "AWS Elastic Beanstalk": (
            "The next update of its environment may open it again: narrow it in the environment's configuration, SSH "
            "by SSHSourceRestriction in aws:autoscaling:launchconfiguration."
        ),
        "Amazon EMR": (
            "The next cluster may open it again: turn on EMR's block public access, or name your own security groups "
            "as EmrManagedMasterSecurityGroup and EmrManagedSlaveSecurityGroup."
        ),
        "the AWS Load Balancer Controller": (
            "It opens it again within minutes: set the annotation alb.ingress.kubernetes.io/inbound-cidrs of the "
            f"Kubernetes Ingress, or {_SOURCE_RANGES}."
        ),
        "the Kubernetes Cluster API": (
            "It opens it again: narrow the ingress rules in the AWSCluster that it reconciles."
        ),
        "the Kubernetes cloud provider for AWS": f"It may open it again: {_SOURCE_RANGES}.",
    },
)


def explain(state: State, why: Mapping[str, str], part: str, settings: Settings) -> Iterator[str]:
    """Yield a sentence for each ingress rule, or for the one rule that is asked about, and for each guarded port."""
    facts: GroupFacts = state.context
    due = {finding.part for finding in detect(facts, settings) if finding.is_due}
    rules = explain_rules(facts, {rule: why[rule] for rule in due & why.keys()}, settings)
    if part:
        yield rules.get(part, f"{part} is an egress rule, and egress does not count.")
    else:
        yield from rules.values() or ("It has no ingress rule.",)
    yield from explain_ports(facts, settings)


def explain_rules(facts: GroupFacts, why: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return a sentence for each ingress rule, by its id. `why` holds the reasons for rules at fault."""
    return {rule.id: f"{rule.id}, {rule}: {_verdict(rule, facts, why, settings)}." for rule in facts.ingress}


def explain_ports(facts: GroupFacts, settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each guarded port at which the rules that admit public addresses change."""
    return tuple(sentence for family in FAMILIES for sentence in _ports(facts, family, settings))


def public_addresses(rule: Rule, facts: GroupFacts, settings: Settings) -> int | None:
    """Return the number of public addresses in a rule's source, without trusted ones; None if it was not read."""
    if rule.prefix_list_id in facts.unread_lists:
        return None
    return sum(exposed_by(rule, facts, family, settings).size for family in FAMILIES)


def _verdict(rule: Rule, facts: GroupFacts, why: Mapping[str, str], settings: Settings) -> str:
    if rule.id in why:
        return f"at fault, because {why[rule.id]}"
    if not settings.opens_guarded(rule.traffic):
        return f"does not count, because none of the guarded ports is in {rule.traffic}"
    if rule.prefix_list_id in facts.unread_lists:
        return f"may admit anybody, because {facts.unread_lists[rule.prefix_list_id].why.removesuffix('.')}"
    if addresses := public_addresses(rule, facts, settings):
        return f"counts with {readable(addresses)} public addresses, and is not at fault"
    return f"does not count, because {_no_addresses(rule, facts)}"


def _no_addresses(rule: Rule, facts: GroupFacts) -> str:
    """Return why a rule that admits a guarded port exposes nothing."""
    if facts.trusts(rule):
        return f"AWS itself owns {rule.prefix_list_id}, and the policy trusts such prefix lists"
    if rule.network is None and not rule.prefix_list_id:
        return "its source is a security group, which holds no public addresses by itself"
    if any(public_part(network) for network in facts.networks(rule)):
        return f"all public addresses of {rule.source} are trusted"
    return f"{rule.source} holds no public address"


class _Opening(Struct, frozen=True):
    """A rule, and the public addresses that it admits."""

    rule: Rule
    addresses: AddressSet


def _ports(facts: GroupFacts, family: Family, settings: Settings) -> Iterator[str]:
    all_openings = (_Opening(rule, exposed_by(rule, facts, family, settings)) for rule in facts.ingress)
    openings = [opening for opening in all_openings if opening.addresses]
    for guarded in settings.guarded:
        here = [opening.rule.traffic for opening in openings if opening.rule.traffic.meets(guarded)]
        for first in sorted({max(guarded.first, traffic.first) for traffic in here}):
            port = Traffic(guarded.protocol, first, first)
            through = [opening for opening in openings if opening.rule.traffic.meets(port)]
            yield _port(port, through, family, settings)


def _port(port: Traffic, through: Sequence[_Opening], family: Family, settings: Settings) -> str:
    exposed, limit = AddressSet.union(opening.addresses for opening in through).size, settings.limits[family]
    judged = "more than" if exposed > limit else "within"
    return (
        f"{port} is open to {readable(exposed)} public IPv{family} addresses, {judged} the limit of {readable(limit)}, "
        f"by {', '.join(opening.rule.id for opening in through)}."
    )
