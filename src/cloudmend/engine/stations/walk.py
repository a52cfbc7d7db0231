"""The walk of a batch through the stations, and the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.ending import Ended, Target
from cloudmend.core.model import ApiCall, Record
from cloudmend.core.policy import Policy
from cloudmend.core.triggers import resources
from cloudmend.core.world import World
from cloudmend.engine.stations.intend import intend
from cloudmend.engine.stations.judge import Planned, judged
from cloudmend.engine.stations.prove import prove
from cloudmend.engine.stations.put import put
from cloudmend.engine.stations.read import Situation, read
from cloudmend.engine.stations.record import left_behind, record

_MOST_WALKS: Final = 3


def parse(call: ApiCall, controls: Sequence[Control[Any]]) -> list[Target]:
    """Return the targets that a call points to, of all controls. Raises EventError for an id that cannot be one."""
    return [
        Target(control=control, resource=resource, cause=call)
        for control in controls
        for resource in resources(control, call)
    ]


def mend(targets: Sequence[Target], policy: Policy, world: World) -> list[Record]:
    """Walk a batch through the stations; return the last record of each target, in their order.

    What is at fault anew after a mend is walked again, up to three times.
    """
    last: dict[int, Record] = {}
    walking = list(enumerate(targets))
    for number in range(_MOST_WALKS):
        ends, older = _walk([target for _, target in walking], policy, world)
        if number == _MOST_WALKS - 1:
            ends = list(map(_the_last, ends))
        told = record([*older, *ends], world)[len(older) :]
        last.update({place: each for (place, _), each in zip(walking, told, strict=True)})
        walking = [
            (place, _without_parts(end.target)) for (place, _), end in zip(walking, ends, strict=True) if end.again
        ]
        if not walking:
            break
    return [last[place] for place in range(len(targets))]


def _walk(targets: Sequence[Target], policy: Policy, world: World) -> tuple[list[Ended], list[Ended]]:
    """Return how each target ended, and how older mends of theirs ended that nobody had ended."""
    situations = read(targets, policy, world)
    items: list[Any] = [judged(each, policy, world) if isinstance(each, Situation) else each for each in situations]
    older = [
        end
        for situation, item in zip(situations, items, strict=True)
        if isinstance(situation, Situation)
        for end in left_behind(situation, item, world)
    ]
    items = _replaced(items, Planned, lambda plans: intend(plans, policy, world))
    plans = [each for each in items if isinstance(each, Planned)]
    proved = prove([put(each, world) for each in plans], policy, world)
    return _replaced(items, Planned, lambda _: proved), older


def _replaced(items: Sequence[Any], kind: type, station: Any) -> list[Any]:
    """Return the items, with those of a kind replaced by what a station makes of them, in their places."""
    made = iter(station([each for each in items if isinstance(each, kind)]))
    return [next(made) if isinstance(each, kind) else each for each in items]


def _the_last(end: Ended) -> Ended:
    """Return the end as it stands when nobody looks again."""
    if end.again and end.remaining:
        end = msgspec.structs.replace(end, status="open")
    return msgspec.structs.replace(end, again=False, given_up=False)


def _without_parts(target: Target) -> Target:
    """What the event named was seen."""
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(target.resource, parts=()))
