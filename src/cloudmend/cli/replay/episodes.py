"""The findings that a run of API calls opened and closed, and what cloudmend would have done about each.

Judgements are cached: findings are much alike, and a judgement takes longer than the rest of a call.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.cli.replay.summary import Episode, RecordGaps, UnjudgedCalls
from cloudmend.cli.scan.report import outcome
from cloudmend.core.attribution import attribute, is_stranger, person, principal
from cloudmend.core.contract import Control, Following, State, Trigger
from cloudmend.core.ending import label
from cloudmend.core.model import ApiCall
from cloudmend.core.policy.model import Action, Policy, switched_on
from cloudmend.core.target import Target, located
from cloudmend.engine.look import Fate, look_at

REMEMBERED: Final = 4096  # at most; then it starts again
_POOR: Final = "a record of it does not hold all that decides"
_OFF: Final = "the policy has the control off"
Call = tuple[str, str]  # source and name
Place = tuple[str, str, str, str]  # control, account, Region, resource


class JudgementResult(Struct, frozen=True):
    """The fate of a part at fault, in words."""

    opening: str
    why: str
    action: Action
    outcome: str


class Judgements:
    """The judgements of resources by one policy. Those that differ only in ids are judged once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[Hashable, Mapping[int | str, JudgementResult]] = {}

    def of(self, target: Target, state: State, alike: Hashable, now: datetime) -> dict[str, JudgementResult]:
        """Return what would become of each part at fault, by its id. Raises CloudmendError.

        States that are `alike`, of one account and VPC, are judged alike.
        """
        account, vpc = target.resource.account, state.labels.get("vpc", "")
        key = (target.control.id, account, vpc, self._exempting(target, now), alike)
        if (judged := self._known.get(key)) is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            judged = self._known[key] = self._judged(target, state, now)
        parts = tuple(state.parts)
        return {parts[at] if isinstance(at, int) else at: each for at, each in judged.items()}

    def _judged(self, target: Target, state: State, now: datetime) -> Mapping[int | str, JudgementResult]:
        """Return the judgements by the place of the part among all; of one that is not there, by its id."""
        places: dict[str, int] = {part: number for number, part in enumerate(state.parts)}
        found = look_at(target, state, self._policy, now)
        return {places.get(each.finding.part, each.finding.part): _in_words(each) for each in found}

    def _exempting(self, target: Target, now: datetime) -> Hashable:
        """Return all else that a decision depends on, if there are exemptions."""
        holding = tuple(exemption.holds(now) for exemption in self._policy.exemptions)
        return (target.resource.id, target.cause.actor.role_arn, holding) if holding else None


def _in_words(fate: Fate) -> JudgementResult:
    why = fate.edit.why if fate.edit else fate.finding.why
    return JudgementResult(fate.before, why, fate.decision.action, outcome(fate.decision, fate.edit))


class _Known(Struct, frozen=True):
    """The state of a resource as the records show it so far, and what of it is at fault, by part."""

    state: State | None = None
    open: dict[str, Episode] = {}


_NOTHING: Final = _Known()


class Episodes:
    """Keeps what is known of each resource, and nothing of a finding that was closed.

    Each is judged as the engine judges it, with the resource as it was without cloudmend.
    """

    def __init__(self, controls: Sequence[Control[Any]], policy: Policy) -> None:
        self._controls = controls
        self._on = switched_on(controls, policy)
        self._policy = policy
        self._judgements = Judgements(policy)
        self._known: dict[Place, _Known] = {}
        self._followers: defaultdict[Call, list[tuple[Control[Any], Following[Any], Trigger]]] = defaultdict(list)
        for control in self._on:
            if follow := control.follow:
                for trigger in follow.calls:
                    self._followers[trigger.source, trigger.name].append((control, follow, trigger))
        self._not_judged: Counter[str] = Counter()
        self.since: datetime | None = None
        self._older = 0
        self._nameless = 0

    @property
    def followed(self) -> tuple[Control[Any], ...]:
        """The controls whose findings the records tell."""
        return tuple(control for control in self._on if control.follow)

    @property
    def untold(self) -> RecordGaps:
        """The gaps of the records."""
        return RecordGaps(
            older_parts=self._older,
            nameless=self._nameless,
            not_judged=tuple(self._not_judged_by()),
            caveats=tuple(self._caveats()),
        )

    def take(self, call: ApiCall, time: datetime) -> Iterator[Episode]:
        """Yield the findings that the call closed. Calls come in the order of their times. Raises CloudmendError."""
        self.since = self.since or time
        followers = self._followers.get((call.source, call.name), ())
        by = {control.id for control, _, _ in followers}
        self._not_judged.update(each.id for each in self._controls if each.id not in by and each.trigger(call))
        for control, follow, trigger in followers:
            for resource in located(control, trigger, call):
                if resource.type == control.resource.type and resource.key:
                    target = Target(control=control, resource=resource, cause=call)
                    yield from self._follow(follow, target, time)
                else:
                    self._nameless += 1

    def still_open(self, until: datetime) -> Iterator[Episode]:
        """Yield what is still at fault when the records end."""
        for known in self._known.values():
            for episode in known.open.values():
                yield msgspec.structs.replace(episode, seconds_open=_seconds(episode.opened, until))

    def _follow(self, follow: Following[Any], target: Target, time: datetime) -> Iterator[Episode]:
        resource, call = target.resource, target.cause
        place = (target.control.id, resource.account, resource.region, resource.key)
        before = self._known.get(place, _NOTHING)
        after = follow.step(before.state, resource, call, time)
        self._older += len(after.older)
        at_fault = self._judgements.of(target, after.state, follow.alike(after.state), time) if after.state else {}
        yield from (_closed(episode, call, time) for part, episode in before.open.items() if part not in at_fault)
        self._known.pop(place, None)
        if after.state:
            episodes = {part: episode for part, episode in before.open.items() if part in at_fault}
            for part in sorted(at_fault.keys() - episodes.keys()):
                older = follow.older if part in after.older else ""
                episodes[part] = _opened(at_fault[part], part, target, time, older)
            self._known[place] = _Known(after.state, episodes)

    def _not_judged_by(self) -> Iterator[UnjudgedCalls]:
        on = {control.id for control in self._on}
        for control in self._controls:
            if count := self._not_judged[control.id]:
                why = (control.follow.untold if control.follow else "") or _POOR
                yield UnjudgedCalls(control=control.id, calls=count, why=why if control.id in on else _OFF)

    def _caveats(self) -> Iterator[str]:
        for control in self.followed:
            if control.follow and control.follow.caveats:
                yield from control.follow.caveats(self._policy.settings_of(control), self._policy)


def _opened(judged: JudgementResult, part: str, target: Target, time: datetime, older: str) -> Episode:
    control, resource, call = target.control, target.resource, target.cause
    return Episode(
        control=control.id,
        account=resource.account,
        region=resource.region,
        resource=resource.key,
        label=label(target),
        part=part,
        opening=judged.opening if control.new_ids else f"{part} {judged.opening}",
        why=judged.why,
        action=judged.action,
        outcome=judged.outcome,
        event_id=call.event_id,
        event_name=call.name,
        opened=time,
        opened_by=attribute(call.actor, control.hints),
        principal=principal(call.actor),
        person=person(call.actor),
        by_stranger=is_stranger(call.actor, resource.account),
        is_older=bool(older),
        note=older,
        has_id=bool(resource.id),
    )


def _closed(episode: Episode, call: ApiCall, time: datetime) -> Episode:
    return msgspec.structs.replace(
        episode,
        closed=time,
        closed_by=attribute(call.actor),
        closed_with=call.name,
        seconds_open=_seconds(episode.opened, time),
    )


def _seconds(opened: datetime, until: datetime) -> int:
    return int((until - opened).total_seconds())
