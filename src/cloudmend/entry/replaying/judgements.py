"""Cache judgements: findings are much alike, and a judgement takes longer than the rest of a call."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Final

import msgspec

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.model import Recency
from cloudmend.core.policy import Policy
from cloudmend.entry.judgement import Brief, Fate, judge

REMEMBERED: Final = 4096  # at most; then it starts anew


class Judgements:
    """The judgements of groups by one policy. Groups that differ only in ids are judged once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[Hashable, tuple[Fate, ...]] = {}

    def of(self, facts: GroupFacts, now: datetime, actor_role: str) -> dict[str, Fate]:
        """Return what would become of each rule at fault, by its id; the part of the fate itself is a number."""
        rules = facts.ingress
        alike = (facts.account, facts.vpc_id, self._exempting(facts, now, actor_role))
        key = (*alike, _ranks(facts), *(rule.place for rule in rules))
        if (fates := self._known.get(key)) is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            fates = self._known[key] = judge(_numbered(facts), Brief(self._policy, now), actor_role).fates
        return {rules[int(fate.edit.part)].id: fate for fate in fates}

    def _exempting(self, facts: GroupFacts, now: datetime, actor_role: str) -> Hashable:
        """Return all else that a decision depends on, if there are exemptions."""
        holding = tuple(exemption.holds(now) for exemption in self._policy.exemptions)
        return (facts.group_id, actor_role, holding) if holding else None


def _numbered(facts: GroupFacts) -> GroupFacts:
    """The same group, the ids of whose ingress rules are numbers in the same order."""
    numbers = {rule.id: f"{n:08}" for n, rule in enumerate(facts.ingress)}
    rules = tuple(Rule({**rule.row, "SecurityGroupRuleId": numbers[rule.id]}) for rule in facts.ingress)
    since = facts.recency.known_since
    recency = Recency(known_since={numbers[rule]: time for rule, time in since.items() if rule in numbers})
    return msgspec.structs.replace(facts, rules=rules, recency=recency)


def _ranks(facts: GroupFacts) -> tuple[int, ...]:
    """Return which ingress rules are older than which: for each the number of earlier times, or -1 if it has none."""
    known = facts.recency.known_since
    times = sorted({known[rule.id] for rule in facts.ingress if rule.id in known})
    return tuple(times.index(known[rule.id]) if rule.id in known else -1 for rule in facts.ingress)
