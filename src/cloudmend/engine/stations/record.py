"""Station seven: tell, then finish, then keep what stands.

What AWS has accepted only, or may have done, stays open in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from cloudmend.core.ending import Ended, record_of
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import MendEnd
from cloudmend.core.model import Notice, Record
from cloudmend.core.ports import KeptNotifier
from cloudmend.core.standing import StandingResource
from cloudmend.core.stands import faults_of, notice_of, stands_after
from cloudmend.core.world import World
from cloudmend.engine.stations.before import key
from cloudmend.engine.stations.read import sentence
from cloudmend.engine.stations.tell import Told, ending, record_all


class _Stood(Struct, frozen=True):
    """The findings that stand at a resource now, beside those that stood. `is_known`: the look could tell."""

    key: str = ""
    before: StandingResource | None = None
    now: StandingResource | None = None
    is_known: bool = False

    @property
    def is_other(self) -> bool:
        """Return whether the ledger has to be written."""
        if not self.is_known:
            return False
        return not self.now.says_the_same(self.before) if self.now else self.before is not None


def record(ended: Sequence[Ended], world: World) -> list[Record]:
    """Tell every end but those that were given up, and let the ledger know; return the records in their order."""
    now = world.clock.now()
    stood = [_stood(each, now, world) for each in ended]
    made = [
        msgspec.structs.replace(record_of(each, now, world.run_by), notice=notice)
        for each, (notice, _) in zip(ended, stood, strict=True)
    ]
    told = [_told(each, record) for each, record in zip(ended, made, strict=True)]
    records = record_all(told, world, [_is_silent(each, one) for each, one in zip(ended, made, strict=True)])
    _keep([each for _, each in stood if each.is_other], world)
    return records


def _stood(ended: Ended, now: datetime, world: World) -> tuple[Notice, _Stood]:
    """Return when people are notified of an end, and what stands after it."""
    target, kind = ended.target, ended.target.control.resource.type
    faults = faults_of(ended)
    if ended.stood is None or faults is None or target.resource.type != kind or not target.account:
        return "now", _Stood()
    before = ended.stood()
    notice = notice_of(ended, before, faults, now)
    after = stands_after(ended, before, faults, notice, world.region, now)
    return notice, _Stood(key(target, world), before, after, is_known=True)


def _keep(changed: Sequence[_Stood], world: World) -> None:
    """Keep what stands. What cannot be kept is in the log, and the next sweep finds it again."""
    if not changed:
        return
    stands = [each.now for each in changed if each.now]
    gone = [each.key for each in changed if each.now is None]
    try:
        world.ledger.keep_standing(stands, gone)
    except CloudmendError as error:
        if isinstance(world.notifier, KeptNotifier):
            world.notifier.ledger_problem([each.key for each in changed], sentence(error))


def _is_silent(ended: Ended, made: Record) -> bool:
    """Return whether not even the log gets it: the next walk goes on, or a sweep found nothing new."""
    target = ended.target
    is_one = target.resource.type == target.control.resource.type
    is_known = made.notice == "held" or (ended.status == "clean" and ended.entry is None)
    return ended.given_up or (target.swept and is_one and is_known)


def _told(ended: Ended, made: Record) -> Told:
    if ended.entry is None or ended.unsure or ended.status == "pending":
        return made, None
    return made, MendEnd(ended.entry, ending(made), made)
