"""Several resources mended side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import msgspec

from cloudmend.core.control import Control
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import CollectiveNotifier, Notifier
from cloudmend.core.world import World
from cloudmend.engine.joined import JoinedLedger, JoinedReader, JoinedSwitch
from cloudmend.engine.mend import mend
from cloudmend.engine.together import Together


class _Kept:
    """A Notifier that keeps what it is told: the real one is for one thread at a time."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def publish(self, record: Record) -> None:
        self.records.append(record)


class Ended(NamedTuple):
    """A mend that has ended: its record, and all that is to be published of it."""

    record: Record
    told: Sequence[Record]


def mend_abreast(
    resources: Sequence[Resource], control: Control, cause: ApiCall, *, policy: Policy, world: World, pool: Executor
) -> Iterator[Ended]:
    """Begins to mend all of them; gives each, in their order, when it has ended. Nothing is published yet.

    `pool` has a free thread for each: they wait for each other.
    """
    together = Together(len(resources), world.begin)
    joined = msgspec.structs.replace(
        world,
        reader=JoinedReader(world.reader, control.joints, together),
        ledger=JoinedLedger(world.ledger, together),
        switch=JoinedSwitch(world.switch, together),
        begin=together.begin,
    )

    def mended(resource: Resource) -> Ended:
        kept = _Kept()
        try:
            own = msgspec.structs.replace(joined, notifier=kept)
            return Ended(mend(resource, control, cause, policy=policy, world=own, swept=True), kept.records)
        finally:
            together.leave()

    return pool.map(mended, resources)


def publish(ended: Iterable[Ended], notifier: Notifier) -> None:
    records = [record for each in ended for record in each.told]
    if records and isinstance(notifier, CollectiveNotifier):
        notifier.publish_all(records)
    else:
        for record in records:
            notifier.publish(record)
