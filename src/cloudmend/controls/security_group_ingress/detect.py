"""The rules at fault: together they open a guarded port to more public addresses than the limit."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any, Final

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.families.ranges import exposure
from cloudmend.controls.families.ranges.exposure import excesses
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.exposure import Opening
from cloudmend.core.model import Finding
from cloudmend.core.network import FAMILIES, AddressSet, Family, Network

_NEW: Final = -inf
_Age = tuple[bool, bool, float]
_REPORTED: Final = (
    "unreadable_prefix_lists is report; revoke the rule, have the list shared with this account again, "
    "or set that to revoke"
)


def detect(facts: GroupFacts, settings: Settings) -> tuple[Finding, ...]:
    """Return a finding for each ingress rule at fault.

    A rule at fault is over the limit alone, or is chosen from rules that are over it together. There is also a finding
    for each rule that cannot be judged, because its prefix list cannot be read.
    """
    findings = (finding for family in FAMILIES for finding in _findings(facts, family, settings))
    known = {finding.part: finding for finding in findings}
    return (*known.values(), *(finding for finding in _unknown(facts, settings) if finding.part not in known))


def all_clear(facts: GroupFacts | None, settings: Settings) -> str:
    """Return what holds if nothing is at fault, for a sentence: the ports that were judged, and the limit."""
    rules = facts.ingress if facts else ()
    trusts = settings.aws_prefix_lists == "trusted" and (
        facts is None or any(facts.trusts(rule) and settings.opens_guarded(rule.traffic) for rule in rules)
    )
    return exposure.all_clear(settings, ["AWS's own prefix lists"] if trusts else [])


def exposed_by(rule: Rule, facts: GroupFacts, family: Family, settings: Settings) -> AddressSet:
    """The public addresses of one family that a rule's source stands for and that are not trusted."""
    return exposure.exposed(_networks(rule, facts, family), family, settings)


def _findings(facts: GroupFacts, family: Family, settings: Settings) -> Iterator[Finding]:
    found = sorted(_openings(facts, family, settings), key=lambda found: _order(facts, *found))
    if not found:
        return
    oldest, youngest = max(_age(facts, rule) for rule, _ in found), _age(facts, found[0][0])
    for excess in excesses([opening for _, opening in found], family, settings, "the group's other rules"):
        rule = found[excess.index][0]
        tipped = "" if excess.alone else f"; {_tipped(facts, rule, oldest, youngest)}"
        yield Finding(part=rule.id, why=f"{rule} {excess.told}{tipped}")


def _unknown(facts: GroupFacts, settings: Settings) -> Iterator[Finding]:
    """The next try waits for a list that it may read; of one that it will not, the policy says what becomes."""
    for rule in facts.ingress:
        unread = facts.unread_lists.get(rule.prefix_list_id)
        if unread and settings.opens_guarded(rule.traffic):
            told = unread.why.removesuffix(".")
            why = f"it is not known whom {rule} admits, because the prefix list cannot be read: {told}"
            reported = settings.unreadable_prefix_lists == "report"
            yield Finding(
                part=rule.id,
                why=why,
                restraint=_REPORTED if unread.lasts and reported else "",
                wait="" if unread.lasts else "the next try may read it",
            )


def _openings(facts: GroupFacts, family: Family, settings: Settings) -> Iterator[tuple[Rule, Opening]]:
    for rule in facts.ingress:
        networks = _networks(rule, facts, family)
        if networks and settings.opens_guarded(rule.traffic):
            yield rule, Opening(rule.traffic, exposure.exposed(networks, family, settings))


def _order(facts: GroupFacts, rule: Rule, opening: Opening) -> tuple[Any, ...]:
    """Sort what the event names first, then the youngest, then the widest; what it says decides between equals."""
    said = (opening.addresses.spans, rule.traffic, rule.source)
    return (_age(facts, rule), -opening.addresses.size, *said)


def _age(facts: GroupFacts, rule: Rule) -> _Age:
    """Return how old a rule is, as far as that is known, to compare it with others: what the event names is new."""
    since = facts.recency.known_since.get(rule.id)
    return (not facts.names(rule), rule.id in facts.recency.old, -since.timestamp() if since else _NEW)


def _tipped(facts: GroupFacts, rule: Rule, oldest: _Age, youngest: _Age) -> str:
    """Return why this rule is at fault, and not another of those that are too wide together."""
    if facts.names(rule):
        return "the event names this rule, so it goes first"
    if _age(facts, rule) < oldest:
        return "this rule is younger than others, so it goes first"
    if youngest < oldest:
        return "without the newer rules it would still be too much, so the widest of the others go too"
    return "which of the rules is new is not known, so the widest go first"


def _networks(rule: Rule, facts: GroupFacts, family: Family) -> list[Network]:
    return [network for network in facts.networks(rule) if network.version == family]
