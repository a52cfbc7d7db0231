"""Sweep a whole Region: complete the orphaned intents, then mend what is at fault, no faster than AWS takes writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.contract import Control
from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.ledger_records import LedgerRecord, LedgerRecords, Unreadable
from cloudmend.core.model import SWEEP, Record, Resource
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import Clock, Leftover, Sent, Writer
from cloudmend.core.target import Target
from cloudmend.core.world import World, one_run
from cloudmend.engine.first_looks import Looked
from cloudmend.engine.run_ledger import RunLedger
from cloudmend.engine.stations.orphaned import complete_all, open_intents, resource_of
from cloudmend.engine.stations.record import record
from cloudmend.engine.stations.resolve import each_of, everything, ours
from cloudmend.engine.stations.values import failed
from cloudmend.engine.stations.walk import mend
from cloudmend.engine.units import Units, begin_unit, end_unit, not_begun, units_of

_AT_ONCE: Final = 33  # mends of one batch: as many as a ledger takes at once


class Bucket(Struct, frozen=True):
    """A token bucket: a write takes a token, and so many come back each second until it is full."""

    size: float
    per_s: float


# EC2 has a bucket of 50, refilled by 5 a second, for each mutating action of an account and Region (EC2 Developer
# Guide, "Request throttling"). What a sweep leaves in it is for the mends that events ask for meanwhile.
EC2_WRITES: Final = Bucket(size=45, per_s=5)


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
    """Complete the orphaned intents, then mend what is at fault in the whole Region.

    It starts no batch after `until`. `only` goes on with what an earlier sweep left, and looks nowhere else. No action
    is written faster than `writes`; whoever left something may just have emptied that bucket. `known` are controls that
    do not look, such as one that only observes by now. Their orphaned intents are completed all the same.
    """
    pace = PacedWriter(world.writer, world.clock, writes, full=only is None)
    ledger = RunLedger(world.ledger)
    run = msgspec.structs.replace(one_run(world), writer=pace, ledger=ledger)
    sweeping = _Sweeping(policy, run, ledger, pace, until)
    open_ones = LedgerRecords(() if only else open_intents(run))
    sweeping.records += _left_behind(open_ones, (*controls, *known), policy, run)
    units = units_of(run)
    for control in controls:
        some = None if only is None else _of_control(only, control)
        if some is None or some:
            sweeping.look(everything(control, run), units, some)
    return Sweep(tuple(sweeping.records), tuple(sweeping.left), tuple(open_ones.unreadable), tuple(sweeping.others))


class _Sweeping:
    """A sweep under way, unit by unit, and what it has come to."""

    def __init__(
        self, policy: Policy, world: World, ledger: RunLedger, pace: PacedWriter, until: datetime | None
    ) -> None:
        self._policy, self._world, self._ledger = policy, world, ledger
        self._pace, self._until = pace, until
        self.records: list[Record] = []
        self.left: list[Leftover] = []
        self.others: list[Resource] = []

    def look(self, whole: Target, units: Units, only: Sequence[Resource] | None) -> None:
        """Look at a whole unit, or at what an earlier sweep left of it."""
        try:
            state = begin_unit(whole, units, self._policy, self._world)
        except CloudmendError as error:
            self.records += record([failed(whole, LedgerError(not_begun(whole.control, error)))], self._world)
            return
        self._ledger.begin(state)
        looked = self._looked(msgspec.structs.replace(whole, unit=state), only)
        if state:
            end_unit(state, whole.control, looked, self._ledger, self._world)

    def _looked(self, whole: Target, only: Sequence[Resource] | None) -> Looked:
        """Mend what is at fault, and return what was looked at."""
        began, left_before = self._world.clock.now(), len(self.left)
        wanted, unlisted = each_of(whole, self._policy, self._world) if only is None else (_targets(only, whole), [])
        targets, others = ours(wanted, self._world)
        self.others += others
        self.records += record(unlisted, self._world)
        records = [
            each
            for batch in _begun(_batches(targets), self._pace, self._is_late, self.left)
            for each in mend(batch, self._policy, self._world)
        ]
        self.records += records
        return Looked(
            began=began,
            is_whole=only is None,
            targets=frozenset(each.resource.id for each in targets),
            left=frozenset(each.resource.id for each in self.left[left_before:]),
            unlisted=tuple(each.told for each in unlisted if each.status == "failed"),
            records=records,
        )

    def _is_late(self) -> bool:
        return self._until is not None and self._world.clock.now() >= self._until


def _left_behind(
    entries: Iterable[LedgerRecord], controls: Sequence[Control[Any]], policy: Policy, world: World
) -> Iterator[Record]:
    """Yield the records of all orphaned intents. A change that was never made is made now, for the same cause."""
    for entry, control, told, is_left in complete_all(entries, controls, policy, world):
        yield from told
        if is_left:
            intent = entry.intent
            target = Target(
                control=control,
                resource=resource_of(intent),
                cause=intent.cause,
                swept=intent.event_name == SWEEP,
                named=tuple(step.part for step in intent.steps),
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


def _of_control(only: Sequence[Leftover], control: Control[Any]) -> list[Resource]:
    """Return what an earlier sweep left of a control."""
    return [
        each.resource
        for each in only
        if each.control in ("", control.id) and each.resource.type == control.resource.type
    ]


def _targets(only: Sequence[Resource], whole: Target) -> list[Target]:
    region = whole.resource.region
    return [msgspec.structs.replace(whole, resource=msgspec.structs.replace(each, region=region)) for each in only]


class PacedWriter:
    """A Writer over another that waits for a token of the action's bucket. Threads may share it."""

    def __init__(self, writer: Writer, clock: Clock, bucket: Bucket, *, full: bool = True) -> None:
        """`full` is false where somebody else may just have emptied the buckets."""
        self._writer = writer
        self._clock = clock
        self._bucket = bucket
        self._new = (bucket.size if full else 0.0, clock.now())
        self._left: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def write(self, request: Sent) -> None:
        """Raises AwsError."""
        with self._lock:
            tokens = self._tokens(request.action) - 1
            self._left[request.action] = (tokens, self._clock.now())
        self._wait(-tokens)
        self._writer.write(request)

    def rest(self, writes: int) -> None:
        """Wait until so many more writes of any action that was used would not have to wait, or the bucket is full.

        For whoever is about to read: what is read before a wait is old after it.
        """
        with self._lock:
            fewest = min(map(self._tokens, self._left), default=self._tokens(""))
        self._wait(min(writes, self._bucket.size) - fewest)

    def _tokens(self, action: str) -> float:
        """Return how many there are now; negative where writes wait for them already."""
        tokens, since = self._left.get(action, self._new)
        elapsed_s = max(0.0, (self._clock.now() - since).total_seconds())
        return min(self._bucket.size, tokens + elapsed_s * self._bucket.per_s)

    def _wait(self, lacking: float) -> None:
        if lacking > 0:
            self._clock.sleep(lacking / self._bucket.per_s)
