"""Looks everywhere, whatever events did or did not say: the net below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.control import Control
from cloudmend.core.ledger import Entry
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Notifier
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.engine.abreast import Ended, mend_abreast, publish
from cloudmend.engine.joined import RunLedger
from cloudmend.engine.mend import mend, resources_of
from cloudmend.engine.pace import EC2_WRITES, Bucket, PacedWriter

# An intent that is older was left behind by a crash: no invocation lives that long.
_LEFT_BEHIND: Final = timedelta(minutes=2)
_AT_ONCE: Final = 33  # mends side by side: as many as a ledger takes at once

Batch = Sequence[Resource]


class Sweep(Struct, frozen=True):
    """What a sweep did, and the resources that it did not reach in time."""

    records: tuple[Record, ...]
    left: tuple[Resource, ...] = ()


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
    records: list[Record] = [] if only else list(_complete_left_behind(controls, policy, run))
    left: list[Resource] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for control in controls:
            found = only or resources_of(_everywhere(run), control, _cause(run), policy=policy, world=run)
            if isinstance(found, Record):
                records.append(found)
                continue
            batches = _begun(_batches(found), pace, lambda: until is not None and run.clock.now() >= until, left)
            begin = partial(mend_abreast, control=control, cause=_cause(run), policy=policy, world=run, pool=pool)
            records += _mended(map(begin, batches), run.notifier)
    return Sweep(tuple(records), tuple(left))


def _mended(batches: Iterable[Iterable[Ended]], notifier: Notifier) -> Iterator[Record]:
    """The records of all. What came of a batch is published while the next one is under way."""
    before: list[Ended] = []
    for batch in batches:
        publish(before, notifier)
        before = list(batch)
        yield from (ended.record for ended in before)
    publish(before, notifier)


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


def _everywhere(world: World) -> Resource:
    return Resource(type="AWS::Region", id=world.region)


def _cause(world: World) -> ApiCall:
    return ApiCall(event_id="", source="cloudmend", name="Sweep", time=None, account="", region=world.region)


def _complete_left_behind(controls: Sequence[Control], policy: Policy, world: World) -> Iterator[Record]:
    """Mends again what an intent was for; whether it was done or not, the group is closed after it."""
    by_id = {control.id: control for control in controls}
    for entry in world.ledger.open_intents():
        control = by_id.get(entry.intent.control)
        is_here = entry.intent.region == world.region
        if control and is_here and entry.opened < world.clock.now() - _LEFT_BEHIND:
            record = mend(entry.intent.resource, control, _cause(world), policy=policy, world=world)
            yield record
            _close(entry, record, world)


def _close(entry: Entry, record: Record, world: World) -> None:
    """The old entry tells how it ended; its undo is its intent's."""
    told = msgspec.structs.replace(
        record, entry_id=entry.id, summary=f"A crash left it behind. Afterwards: {record.summary}"
    )
    world.ledger.finish(entry, "DONE" if record.status in ("clean", "mended") else "FAILED", told)
