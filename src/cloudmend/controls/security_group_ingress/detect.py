"""Which rules are at fault: together they open a guarded port to more public addresses than the limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.model import Finding
from cloudmend.core.network import AddressSet, Family, Network, Traffic, lies_inside, public_part, union_size
from cloudmend.core.policy import FAMILIES, Policy

_NAMED_PORTS: Final = 4  # how many of them a sentence names


class _Opening(Struct, frozen=True, eq=False):
    """A rule that admits a guarded port: the public addresses it adds, and those it would leave if it is mended."""

    rule: Rule
    traffic: Traffic
    addresses: AddressSet
    size: int
    left: AddressSet

    def width(self) -> tuple[int, str]:
        """Sorts the widest first; the id decides between equals."""
        return (-self.size, self.rule.id)


Door = tuple[_Opening, ...]  # the openings that admit one and the same port, the widest first


def detect(facts: GroupFacts, policy: Policy) -> tuple[Finding, ...]:
    """A finding for each ingress rule at fault: over the limit alone, else the widest of those over it together."""
    findings = (finding for family in FAMILIES for finding in _findings(facts, family, policy))
    return tuple({finding.part: finding for finding in findings}.values())


def opens_guarded(rule: Rule, policy: Policy) -> bool:
    """Whether a rule admits anything of what is guarded."""
    return any(rule.traffic.meets(guarded) for guarded in policy.guarded)


def exposed_by(rule: Rule, facts: GroupFacts, family: Family, policy: Policy) -> AddressSet:
    """The public addresses of one family that a rule's source stands for and that are not trusted."""
    return _exposed(_networks(rule, facts, family), family, policy)


def _findings(facts: GroupFacts, family: Family, policy: Policy) -> Iterator[Finding]:
    openings = tuple(sorted(_openings(facts, family, policy), key=_Opening.width))
    limit = policy.limits[family]
    if sum(opening.size for opening in openings) <= limit:
        return
    exposures = {door: _exposure(opening.addresses for opening in door) for door in _doors(openings, policy)}
    too_wide = {door: exposure for door, exposure in exposures.items() if exposure > limit}
    at_fault = _at_fault(openings, list(too_wide), limit)
    for opening in openings:
        if opening.rule.id in at_fault:
            yield Finding(part=opening.rule.id, why=_why(opening, too_wide, limit, policy))


def _openings(facts: GroupFacts, family: Family, policy: Policy) -> Iterator[_Opening]:
    for rule in facts.ingress:
        networks = _networks(rule, facts, family)
        if networks and opens_guarded(rule, policy):
            addresses = _exposed(networks, family, policy)
            left = _exposed(_replacements(rule, family, policy), family, policy)
            yield _Opening(rule, rule.traffic, addresses, addresses.size, left)


def _networks(rule: Rule, facts: GroupFacts, family: Family) -> list[Network]:
    return [network for network in facts.networks(rule) if network.version == family]


def _exposed(networks: list[Network], family: Family, policy: Policy) -> AddressSet:
    """The public addresses of the networks that are not trusted."""
    public = AddressSet.union(public_part(network) for network in networks)
    return public - policy.trusted[family] if policy.trusted[family] else public


def _replacements(rule: Rule, family: Family, policy: Policy) -> list[Network]:
    """What may take the rule's place and have public addresses: a VPC's block has none."""
    network = policy.replacement[family]
    if isinstance(network, str) or rule.network is None or not lies_inside(network, rule.network):
        return []
    return [network]


def _doors(openings: Door, policy: Policy) -> list[Door]:
    """Each distinct set of openings that some guarded port has. A set grows only where an opening starts."""
    doors: dict[Door, None] = {}
    for guarded in policy.guarded:
        here = [opening for opening in openings if opening.traffic.meets(guarded)]
        for port in sorted({max(guarded.first, opening.traffic.first) for opening in here}):
            doors[tuple(o for o in here if o.traffic.first <= port <= o.traffic.last)] = None
    return list(doors)


def _at_fault(openings: Door, doors: list[Door], limit: int) -> frozenset[str]:
    """Ids of the rules over the limit alone, and of those that must go with them; none of the latter is too many."""
    alone = frozenset(opening.rule.id for opening in openings if opening.size > limit)
    at_fault = alone
    for door in doors:
        at_fault = _with_widest(door, at_fault, limit)
    for opening in reversed(openings):
        without = at_fault - {opening.rule.id}
        if opening.rule.id in at_fault - alone and all(
            _is_within(door, without, limit) for door in doors if opening in door
        ):
            at_fault = without
    return at_fault


def _with_widest(door: Door, at_fault: frozenset[str], limit: int) -> frozenset[str]:
    """What is at fault, and as many of a door's widest rules as it takes until the rest is within the limit."""
    if _is_within(door, at_fault, limit):
        return at_fault
    widest = [opening.rule.id for opening in door if opening.rule.id not in at_fault]
    too_few, enough = 0, len(widest)
    while enough - too_few > 1:  # the rest only shrinks with every rule that goes, so halving finds the count
        count = (too_few + enough) // 2
        if _is_within(door, at_fault.union(widest[:count]), limit):
            enough = count
        else:
            too_few = count
    return at_fault.union(widest[:enough])


def _is_within(door: Door, at_fault: frozenset[str], limit: int) -> bool:
    """Whether a door is within the limit once what is at fault is mended."""
    return _exposure(opening.left if opening.rule.id in at_fault else opening.addresses for opening in door) <= limit


def _exposure(sets: Iterable[AddressSet]) -> int:
    return union_size(span for addresses in sets for span in addresses.spans)


def _why(opening: _Opening, exposures: dict[Door, int], limit: int, policy: Policy) -> str:
    told = f"{opening.rule} opens {_ports(opening, policy)} to {opening.size:,} public addresses"
    if opening.size > limit:
        return f"{told}; the limit is {limit:,}"
    together = max(exposure for door, exposure in exposures.items() if opening in door)
    return f"{told}, and with the group's other rules to {together:,}; the limit is {limit:,}"


def _ports(opening: _Opening, policy: Policy) -> str:
    """What is guarded of what the rule admits; the first few by name."""
    guarded = [part for part in policy.guarded if opening.traffic.meets(part)]
    named = ", ".join(str(opening.traffic & part) for part in guarded[:_NAMED_PORTS])
    more = len(guarded) - _NAMED_PORTS
    return f"{named} and {more} more" if more > 0 else named
