"""Several resources mended side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

import msgspec

from cloudmend.core.control import Control
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.engine.joined import JoinedLedger, JoinedReader, JoinedSwitch
from cloudmend.engine.mend import walk
from cloudmend.engine.record import Ended
from cloudmend.engine.together import Together


def mend_abreast(
    resources: Sequence[Resource], control: Control, cause: ApiCall, *, policy: Policy, world: World, pool: Executor
) -> Iterator[Ended]:
    """Begins one walk over each; gives each, in their order, when it has ended. Nobody is told of it yet.

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

    def walked(resource: Resource) -> Ended:
        try:
            return walk(resource, control, cause, policy=policy, world=joined, swept=True)
        finally:
            together.leave()

    return pool.map(walked, resources)
