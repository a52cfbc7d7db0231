"""Looks everywhere, whatever events did or did not say: the net below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.ledger import Entries, Entry, Unreadable
from cloudmend.core.model import SWEEP, ApiCall, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.engine.abreast import mend_abreast
from cloudmend.engine.joined import RunLedger
from cloudmend.engine.left_behind import complete_all, open_intents
from cloudmend.engine.mend import mend, resources_of
from cloudmend.engine.pace import EC2_WRITES, Bucket, PacedWriter
from cloudmend.engine.place import ours
from cloudmend.engine.record import Ended, record_all

_AT_ONCE: Final = 33  # mends side by side: as many as a ledger takes at once

Batch = Sequence[Resource]


class Sweep(Struct, frozen=True):
    """What a sweep did, the resources that it did not reach in time, and what of the ledger it could not read.

    `others` are at fault, and left to the accounts that own them.
    """

    records: tuple[Record, ...]
    left: tuple[Resource, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    others: tuple[Resource, ...] = ()


def sweep(
    *,
    controls: Sequence[Control],
    policy: Policy,
    world: World,
    until: datetime | None = None,
    only: Sequence[Resource] | None = None,
    writes: Bucket = EC2_WRITES,
) -> Sweep:
    """Completes what a crash left behind, then closes what is open in the whole Region.

    It starts no mend after `until`. `only` goes on with what an earlier sweep left, and looks nowhere else. No action
    is written faster than `writes`; whoever left something may just have emptied that bucket.
    """
    pace = PacedWriter(world.writer, world.clock, writes, full=only is None)
    run = msgspec.structs.replace(one_run(world), writer=pace, ledger=RunLedger(world.ledger))
    open_ones = Entries(() if only else open_intents(run))
    records = list(_left_behind(open_ones, controls, policy, run))
    left: list[Resource] = []
    others: list[Resource] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for control in controls:
            resources, not_ours = ours(only or _found(control, policy, run, records), run)
            others += not_ours
            batches = _begun(_batches(resources), pace, lambda: until is not None and run.clock.now() >= until, left)
            begin = partial(mend_abreast, control=control, cause=_cause(run), policy=policy, world=run, pool=pool)
            again = partial(mend, control=control, cause=_cause(run), policy=policy, world=run, swept=True)
            records += _recorded(map(begin, batches), again, run)
    return Sweep(tuple(records), tuple(left), tuple(open_ones.unreadable), tuple(others))


def _left_behind(
    entries: Iterable[Entry], controls: Sequence[Control], policy: Policy, world: World
) -> Iterator[Record]:
    """What was told of all that were left behind. What was never done is done now, for the same cause."""
    for entry, control, told, is_left in complete_all(entries, controls, policy, world):
        yield from told
        if is_left:
            intent, resource = entry.intent, msgspec.structs.replace(entry.intent.resource, parts=())
            swept = intent.event_name == SWEEP
            yield mend(resource, control, intent.cause, policy=policy, world=world, swept=swept)


def _recorded(
    batches: Iterable[Iterable[Ended]], again: Callable[[Resource], Record], world: World
) -> Iterator[Record]:
    """The last record of each. What came of a batch is told while the next one is under way."""
    before: list[Ended] = []
    for batch in batches:
        yield from _last(before, again, world)
        before = list(batch)
    yield from _last(before, again, world)


def _last(batch: Sequence[Ended], again: Callable[[Resource], Record], world: World) -> Iterator[Record]:
    """Told, and kept; where something else was opened meanwhile, that is mended next."""
    for ended, record in zip(batch, record_all(batch, world), strict=True):
        yield again(record.resource) if ended.reopened else record


def _batches(resources: Batch) -> Iterator[Batch]:
    return (resources[first : first + _AT_ONCE] for first in range(0, len(resources), _AT_ONCE))


def _begun(
    batches: Iterable[Batch], pace: PacedWriter, is_late: Callable[[], bool], left: list[Resource]
) -> Iterator[Batch]:
    """Those that may begin, each when its writes need not wait; from when it is late, the rest is `left`."""
    for batch in batches:
        if not left:
            pace.rest(len(batch))
        if left or is_late():
            left += batch
        else:
            yield batch


def _found(control: Control, policy: Policy, world: World, records: list[Record]) -> Batch:
    """What is at fault in the Region, as far as it can be read; the rest is told in a record."""
    found, told = resources_of(_everywhere(world), control, _cause(world), policy=policy, world=world)
    records += told
    return found


def _everywhere(world: World) -> Resource:
    return Resource(type="AWS::Region", id=world.region)


def _cause(world: World) -> ApiCall:
    return ApiCall(event_id="", source="cloudmend", name=SWEEP, time=None, account="", region=world.region)
