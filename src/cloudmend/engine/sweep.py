"""Looks everywhere, whatever events did or did not say: the net below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Control
from cloudmend.core.ending import Target
from cloudmend.core.ledger import Entries, Entry, Unreadable
from cloudmend.core.model import SWEEP, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.put_off import Leftover
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.engine.pace import EC2_WRITES, Bucket, PacedWriter
from cloudmend.engine.run_ledger import RunLedger
from cloudmend.engine.stations.left_behind import complete_all, open_intents, resource_of
from cloudmend.engine.stations.record import record
from cloudmend.engine.stations.resolve import each_of, everything, ours
from cloudmend.engine.stations.walk import mend

_AT_ONCE: Final = 33  # mends of one batch: as many as a ledger takes at once


class Sweep(Struct, frozen=True):
    """The result of a sweep, the resources that it did not reach in time, and the ledger's unreadable items.

    `others` are at fault, and left to the accounts that own them.
    """

    records: tuple[Record, ...]
    left: tuple[Leftover, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    others: tuple[Resource, ...] = ()


def sweep(
    *,
    controls: Sequence[Control[Any]],
    policy: Policy,
    world: World,
    until: datetime | None = None,
    only: Sequence[Leftover] | None = None,
    writes: Bucket = EC2_WRITES,
    known: Sequence[Control[Any]] = (),
) -> Sweep:
    """Complete what a crash left behind, then closes what is open in the whole Region.

    It starts no batch after `until`. `only` goes on with what an earlier sweep left, and looks nowhere else. No action
    is written faster than `writes`; whoever left something may just have emptied that bucket. `known` are controls that
    do not look, as one that only observes by now: what a crash left behind of theirs is completed all the same.
    """
    pace = PacedWriter(world.writer, world.clock, writes, full=only is None)
    run = msgspec.structs.replace(one_run(world), writer=pace, ledger=RunLedger(world.ledger))
    open_ones = Entries(() if only else open_intents(run))
    records = list(_left_behind(open_ones, (*controls, *known), policy, run))
    left: list[Leftover] = []
    others: list[Resource] = []
    for control in controls:
        wanted = _found(control, policy, run, records) if only is None else _only(only, control, run)
        targets, not_ours = ours(wanted, run)
        others += not_ours
        for batch in _begun(_batches(targets), pace, lambda: until is not None and run.clock.now() >= until, left):
            records += mend(batch, policy, run)
    return Sweep(tuple(records), tuple(left), tuple(open_ones.unreadable), tuple(others))


def _left_behind(
    entries: Iterable[Entry], controls: Sequence[Control[Any]], policy: Policy, world: World
) -> Iterator[Record]:
    """Yield what was told of all that were left behind. What was never done is done now, for the same cause."""
    for entry, control, told, is_left in complete_all(entries, controls, policy, world):
        yield from told
        if is_left:
            intent = entry.intent
            target = Target(
                control=control, resource=resource_of(intent), cause=intent.cause, swept=intent.event_name == SWEEP
            )
            yield from mend([target], policy, world)


def _batches(targets: Sequence[Target]) -> Iterator[Sequence[Target]]:
    return (targets[first : first + _AT_ONCE] for first in range(0, len(targets), _AT_ONCE))


def _begun(
    batches: Iterable[Sequence[Target]], pace: PacedWriter, is_late: Callable[[], bool], left: list[Leftover]
) -> Iterator[Sequence[Target]]:
    """Yield those that may begin, each when its writes need not wait; from when it is late, the rest is `left`."""
    for batch in batches:
        if not left:
            pace.rest(len(batch))
        if left or is_late():
            left += [Leftover(target.control.id, target.resource) for target in batch]
        else:
            yield batch


def _only(only: Sequence[Leftover] | None, control: Control[Any], world: World) -> list[Target]:
    """The targets of what an earlier sweep left of a control."""
    whole = everything(control, world)
    return [
        msgspec.structs.replace(whole, resource=msgspec.structs.replace(each.resource, region=world.region))
        for each in only or ()
        if each.control in ("", control.id) and each.resource.type == control.resource.type
    ]


def _found(control: Control[Any], policy: Policy, world: World, records: list[Record]) -> list[Target]:
    """What is at fault in the Region, as far as it can be read; the rest is told in a record."""
    found, ended = each_of(everything(control, world), policy, world)
    records += record(ended, world)
    return found
