"""The findings that a run of API calls opened and closed, and what cloudmend would have done about each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from cloudmend.controls.security_group_ingress.expand import REGION
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import Step, follow
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.controls.security_group_ingress.targets import PREFIX_LIST_EVENTS
from cloudmend.core.attribution import attribute, is_stranger, person, principal
from cloudmend.core.model import ApiCall, Recency
from cloudmend.core.policy import Policy
from cloudmend.core.replay import Door
from cloudmend.core.scan import outcome
from cloudmend.entry.judgement import Fate
from cloudmend.entry.replaying.judgements import Judgements


class _Place(NamedTuple):
    account: str
    region: str
    group: str  # its id, or else its name


class _Group(Struct, frozen=True):
    """The state of a group as the records show it so far, and its open findings, by rule."""

    facts: GroupFacts
    open: dict[str, Door] = {}


class Doors:
    """Keeps what is known of each group, and nothing of a door that was closed.

    Each door is judged as the engine judges it, with the group as it was without cloudmend.
    """

    def __init__(self, policy: Policy) -> None:
        self._judgements = Judgements(policy)
        self._groups: dict[_Place, _Group] = {}
        self.since: datetime | None = None
        self.older_rules = 0
        self.prefix_lists = 0
        self.nameless = 0
        self.caveats = tuple(_caveats(policy))

    def take(self, call: ApiCall, time: datetime) -> Iterator[Door]:
        """Yield the findings that the call closed. Calls come in the order of their times. Raises EventError."""
        self.since = self.since or time
        if call.name in PREFIX_LIST_EVENTS:
            self.prefix_lists += 1
            return
        (target,) = CONTROL.targets(call)
        if target.type == REGION:
            self.nameless += 1
            return
        place = _Place(call.account, call.region, target.key)
        group = self._groups.get(place) or _Group(
            GroupFacts(account=call.account, image={}, group_id=target.key, rules=())
        )
        yield from self._follow(place, group, call, time)

    def still_open(self, until: datetime) -> Iterator[Door]:
        for group in self._groups.values():
            for door in group.open.values():
                yield msgspec.structs.replace(door, seconds_open=_seconds(door.opened, until))

    def _follow(self, place: _Place, group: _Group, call: ApiCall, time: datetime) -> Iterator[Door]:
        step = _dated(follow(group.facts, call), group.facts, time)
        self.older_rules += len(step.older)
        at_fault = self._judgements.of(step.facts, time, call.actor.role_arn) if step.facts else {}
        yield from (_closed(door, call, time) for rule, door in group.open.items() if rule not in at_fault)
        self._groups.pop(place, None)
        if step.facts and (step.facts.rules or step.facts.vpc_id):
            doors = {rule: door for rule, door in group.open.items() if rule in at_fault}
            for rule in sorted(at_fault.keys() - doors.keys()):
                doors[rule] = _opened(at_fault[rule], rule, place, call, time, is_older=rule in step.older)
            self._groups[place] = _Group(step.facts, doors)


def _dated(step: Step, before: GroupFacts, time: datetime) -> Step:
    """Return the step, after which each rule that it added or changed is known since its time."""
    if step.facts is None:
        return step
    same = {(rule.id, rule.place) for rule in before.rules}
    since = before.recency.known_since
    known = {rule.id: since[rule.id] if (rule.id, rule.place) in same else time for rule in step.facts.rules}
    return Step(msgspec.structs.replace(step.facts, recency=Recency(known_since=known)), step.older)


def _opened(fate: Fate, rule: str, place: _Place, call: ApiCall, time: datetime, *, is_older: bool) -> Door:
    return Door(
        account=place.account,
        region=place.region,
        group=place.group,
        rule=rule,
        opening=fate.edit.before,
        why=fate.edit.why,
        action=fate.decision.action,
        outcome=outcome(fate.decision, fate.edit),
        event_id=call.event_id,
        event_name=call.name,
        opened=time,
        opened_by=attribute(call.actor),
        principal=principal(call.actor),
        person=person(call.actor),
        by_stranger=is_stranger(call.actor, place.account),
        is_older=is_older,
    )


def _closed(door: Door, call: ApiCall, time: datetime) -> Door:
    return msgspec.structs.replace(
        door,
        closed=time,
        closed_by=attribute(call.actor),
        closed_with=call.name,
        seconds_open=_seconds(door.opened, time),
    )


def _seconds(opened: datetime, until: datetime) -> int:
    return int((until - opened).total_seconds())


def _caveats(policy: Policy) -> Iterator[str]:
    if "vpc" in policy.settings_of(CONTROL).replacement.values():
        yield "The policy narrows to the VPC's own block, which the records do not show. Here such a rule is revoked."
    if policy.tells_vpcs_apart:
        yield "The policy distinguishes VPCs, but the records show the VPC only of groups that were created in them."
