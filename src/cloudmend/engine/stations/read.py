"""Station two: what AWS, the ledger and the switch say about each target, asked for in one round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial

import msgspec

from cloudmend.core.contract import State
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import World
from cloudmend.engine.stations.before import known_before
from cloudmend.engine.stations.reading import current_exemptions, states
from cloudmend.engine.stations.values import Answer, Known, Situation, failed


def read(targets: Sequence[Target], policy: Policy, world: World) -> list[Situation | Outcome]:
    """Read the states of all targets at once. A sweep asks the ledger only about what is found at fault."""
    seen = world.clock.now()
    begin = cache if all(target.swept for target in targets) else world.begin
    exemptions = begin(partial(current_exemptions, world))
    mode = begin(world.switch.mode)
    asked = [known_before(target, policy, world, begin) for target in targets]
    known = [Known(exemptions, each.recent, mode, each.before, each.stood) for each in asked]
    answers = states(targets, policy, world)
    return [
        _situation(target, answer, each, seen, policy, world)
        for target, answer, each in zip(targets, answers, known, strict=True)
    ]


def _situation(
    target: Target, answer: Answer, known: Known, seen: datetime, policy: Policy, world: World
) -> Situation | Outcome:
    try:
        named = _named(target, state := answer())
        if not (target.resource.account or target.cause.account):  # only the state says whose it is, and so its key
            late = known_before(named, policy, world, cache)
            known = msgspec.structs.replace(known, recent=late.recent, before=late.before, stood=late.stood)
        return Situation(target=named, state=state, known=known, seen=seen)
    except Exception as error:  # noqa: BLE001 - what cannot be read ends its own target
        return failed(target, error)


def _named(target: Target, state: State | None) -> Target:
    """Return the target with what the state says of its resource: its name, and whose it is."""
    if state is None:
        return target
    resource = target.resource
    name, owner = state.labels.get("name") or resource.name, state.owner or resource.account
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(resource, name=name, account=owner))
