"""The walk of a batch through the stations, and the first of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.model import ApiCall, Edit, Record
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome, Target, resources
from cloudmend.core.world import World
from cloudmend.engine.stations.intend import intend
from cloudmend.engine.stations.judge import judged
from cloudmend.engine.stations.later import look_again
from cloudmend.engine.stations.orphaned import complete_met
from cloudmend.engine.stations.prove import prove
from cloudmend.engine.stations.put import put
from cloudmend.engine.stations.read import read
from cloudmend.engine.stations.record import record
from cloudmend.engine.stations.values import Planned, Situation, Written

_MOST_WALKS: Final = 3

Agreed = Mapping[tuple[str, str], Sequence[Edit]]  # by the ids of the control and the resource
NOT_ASKED: Final[Agreed] = {}


def parse(call: ApiCall, controls: Sequence[Control[Any]]) -> list[Target]:
    """Return the targets that a call points to, of all controls. Raises EventError for an id that cannot be one."""
    return [
        Target(control=control, resource=resource, cause=call)
        for control in controls
        for resource in resources(control, call)
    ]


def mend(targets: Sequence[Target], policy: Policy, world: World, agreed: Agreed = NOT_ASKED) -> list[Record]:
    """Walk a batch through the stations; return the last record of each target, in their order.

    A resource that is at fault again after a mend is walked again, up to three times. If a person agreed to edits of a
    resource, only those edits are made. The function never raises: an error ends in a record that reports it.
    """
    last: dict[int, Record] = {}
    walking = list(enumerate(targets))
    walks = 0
    while walking:  # after the last walk, no end asks for another
        walks += 1
        ends = _walk([target for _, target in walking], policy, world, agreed)
        if walks == _MOST_WALKS:
            ends = list(map(_the_last, ends))
        told = record(ends, world)
        last.update({place: each for (place, _), each in zip(walking, told, strict=True)})
        walking = [(place, _next(end)) for (place, _), end in zip(walking, ends, strict=True) if end.again]
    return [last[place] for place in range(len(targets))]


def _walk(targets: Sequence[Target], policy: Policy, world: World, agreed: Agreed) -> list[Outcome]:
    """Return how each target ended."""
    situations = _read(targets, policy, world)
    items: list[Any] = _replaced(
        situations,
        Situation,
        lambda found: [judged(each, policy, world, agreed.get(_key(each.target))) for each in found],
    )
    items = _replaced(items, Planned, lambda plans: intend(plans, policy, world))
    items = _replaced(items, Planned, lambda plans: put(plans, world))
    ends = _replaced(items, Written, lambda written: prove(written, policy, world))
    return [_known(look_again(end, seen, world), seen) for end, seen in zip(ends, situations, strict=True)]


def _known(end: Outcome, situation: Situation | Outcome) -> Outcome:
    """Return the end with what was known of the resource before; without it, nothing that stands is kept.

    What only counts as the baseline because the ledger did not answer must not be kept as that.
    """
    if isinstance(situation, Outcome) or (end.baseline and not situation.known.before().is_sure):
        return end
    return msgspec.structs.replace(end, stood=situation.known.stood)


def _key(target: Target) -> tuple[str, str]:
    return target.control.id, target.resource.id


def _read(targets: Sequence[Target], policy: Policy, world: World) -> list[Situation | Outcome]:
    """Read all targets. If an orphaned intent was completed first, read its resource again."""
    found = read(targets, policy, world)
    for number, each in enumerate(found):
        while isinstance(each, Situation) and complete_met(each, policy, world):
            (each,) = read([targets[number]], policy, world)
            found[number] = each
    return found


def _replaced(items: Sequence[Any], kind: type, station: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
    """Return the items, with those of a kind replaced by what a station makes of them, in their places."""
    some = [each for each in items if isinstance(each, kind)]
    made = iter(station(some) if some else ())
    return [next(made) if isinstance(each, kind) else each for each in items]


def _the_last(end: Outcome) -> Outcome:
    """Return the end as it stands when nobody looks again."""
    if end.again and end.remaining:
        end = msgspec.structs.replace(end, status="open")
    return msgspec.structs.replace(end, again=False, given_up=False)


def _next(end: Outcome) -> Target:
    """Return the target of the next walk. After a mend that left nothing for later, what the event named was seen."""
    if end.status != "mended" or end.late:
        return end.target
    resource = msgspec.structs.replace(end.target.resource, parts=())
    return msgspec.structs.replace(end.target, resource=resource, named=end.target.opened)
