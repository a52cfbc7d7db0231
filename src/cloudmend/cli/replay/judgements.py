"""Cache judgements: findings are much alike, and a judgement takes longer than the rest of a call."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from cloudmend.cli.scan.report import outcome
from cloudmend.core.contract import State
from cloudmend.core.decide import Action
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Target
from cloudmend.engine.look import Fate, look_at

REMEMBERED: Final = 4096  # at most; then it starts anew


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
