"""Judgements, remembered: doors are much alike, and a judgement takes longer than all else about a call."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Final

import msgspec

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.policy import Policy
from cloudmend.entry.judgement import Brief, Fate, judge

REMEMBERED: Final = 4096  # at most; then it starts anew


class Judgements:
    """What would become of groups, by one policy. Those that differ in ids only are judged once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[Hashable, tuple[Fate, ...]] = {}

    def of(self, facts: GroupFacts, now: datetime, actor_role: str) -> dict[str, Fate]:
        """What would become of each rule at fault, by its id; the part of the fate itself is a number."""
        rules = facts.ingress
        key = (facts.account, facts.vpc_id, self._exempting(facts, now, actor_role), *(rule.place for rule in rules))
        if (fates := self._known.get(key)) is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            fates = self._known[key] = judge(_numbered(facts), Brief(self._policy, now), actor_role).fates
        return {rules[int(fate.edit.part)].id: fate for fate in fates}

    def _exempting(self, facts: GroupFacts, now: datetime, actor_role: str) -> Hashable:
        """All else that a decision depends on, if there are exemptions."""
        holding = tuple(exemption.holds(now) for exemption in self._policy.exemptions)
        return (facts.group_id, actor_role, holding) if holding else None


def _numbered(facts: GroupFacts) -> GroupFacts:
    """The same group, the ids of whose ingress rules are numbers in the same order."""
    rules = (Rule({**rule.row, "SecurityGroupRuleId": f"{n:08}"}) for n, rule in enumerate(facts.ingress))
    return msgspec.structs.replace(facts, rules=tuple(rules))
