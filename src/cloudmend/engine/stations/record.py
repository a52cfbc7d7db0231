"""Station seven: tell, then finish. What AWS has accepted only, or may have done, stays open in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from cloudmend.core.ending import Ended, record_of
from cloudmend.core.ledger import MendEnd
from cloudmend.core.model import Record
from cloudmend.core.world import World
from cloudmend.engine.stations.tell import Told, ending, record_all


def record(ended: Sequence[Ended], world: World) -> list[Record]:
    """Tell every end but those that were given up, and let the ledger know; return the records in their order."""
    now = world.clock.now()
    records = [(each, record_of(each, now, world.run_by)) for each in ended]
    return record_all([_told(each, made) for each, made in records], world, list(map(_is_silent, ended)))


def _is_silent(ended: Ended) -> bool:
    """Whether nobody is told: the next walk goes on, or a sweep found a resource as it should be."""
    target = ended.target
    is_one = target.resource.type == target.control.resource.type
    return ended.given_up or (target.swept and is_one and ended.status == "clean" and ended.entry is None)


def _told(ended: Ended, made: Record) -> Told:
    if ended.entry is None or ended.unsure or ended.status == "pending":
        return made, None
    return made, MendEnd(ended.entry, ending(made), made)
