"""A group as its records tell it, for a replay: its rules, the time since when each is known, and its VPC."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import FOLLOWED, follow
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import Followed, Following, State, Trigger
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.policy.model import Policy


def _step(before: State | None, group: Resource, call: ApiCall, time: datetime) -> Followed:
    account, group_id = group.account, group.key
    was = before.context if before else GroupFacts(account=account, image={}, group_id=group_id, rules=())
    step = follow(was, call)
    if step.facts is None or not (step.facts.rules or step.facts.vpc_id):
        return Followed(None, step.older)
    return Followed(state_of(_dated(step.facts, was, time)), step.older)


def state_of(facts: GroupFacts) -> State:
    """Return the facts as a read of the group would."""
    labels = {"vpc": facts.vpc_id} if facts.vpc_id else {}
    return State({rule.id: rule.row for rule in facts.ingress}, context=facts, owner=facts.account, labels=labels)


def _dated(facts: GroupFacts, before: GroupFacts, time: datetime) -> GroupFacts:
    """Return the group in which each rule that the call added or changed is known since its time."""
    same = {(rule.id, rule.place) for rule in before.rules}
    since = before.recency.known_since
    known = {rule.id: since[rule.id] if (rule.id, rule.place) in same else time for rule in facts.rules}
    return msgspec.structs.replace(facts, recency=msgspec.structs.replace(facts.recency, known_since=known))


def _alike(state: State) -> Hashable:
    """Return what a judgement depends on, but for ids: what the rules say, and which of them are older than which."""
    facts: GroupFacts = state.context
    rules, known = facts.ingress, facts.recency.known_since
    times = sorted({known[rule.id] for rule in rules if rule.id in known})
    ranks = (times.index(known[rule.id]) if rule.id in known else -1 for rule in rules)
    return (*ranks, *(rule.place for rule in rules))


def _caveats(settings: Settings, policy: Policy) -> Iterator[str]:
    if "vpc" in settings.replacement.values():
        yield "The policy narrows to the VPC's own block, which the records do not show. Here such a rule is revoked."
    if policy.tells_vpcs_apart:
        yield "The policy distinguishes VPCs, but the records show the VPC only of groups that were created in them."


FOLLOW: Final = Following[Settings](
    calls=tuple(Trigger("ec2.amazonaws.com", name) for name in sorted(FOLLOWED)),
    step=_step,
    alike=_alike,
    older="The rule is older than the records: it may have been open before, and may be egress.",
    untold="the records do not show all entries of a prefix list",
    caveats=_caveats,
)
