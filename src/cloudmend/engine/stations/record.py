"""Station seven: tell, then finish, then keep what stands.

What AWS has accepted only, or may have done, stays open in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from cloudmend.core.baseline import faults_of, notice_of, stands_after, with_others
from cloudmend.core.ending import record_of
from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.ledger import MendEnd
from cloudmend.core.model import Notice, Record
from cloudmend.core.ports import KeptNotifier
from cloudmend.core.standing import StandingFound, StandingResource
from cloudmend.core.target import Outcome
from cloudmend.core.world import World
from cloudmend.engine.stations.before import key
from cloudmend.engine.stations.taken import with_taken
from cloudmend.engine.stations.tell import Told, ending, record_all
from cloudmend.engine.stations.values import sentence

_TRIES: Final = 5  # to keep what an event saw, while other looks keep something at the same resource


class _Stood(Struct, frozen=True):
    """The findings that stand at a resource now, beside those that stood.

    `is_known`: the look could tell. `again` returns the same beside what another look kept meanwhile.
    """

    key: str = ""
    before: StandingFound | None = None
    now: StandingResource | None = None
    is_known: bool = False
    again: Callable[[StandingFound | None], _Stood] | None = None

    @property
    def is_other(self) -> bool:
        """Return whether the ledger has to be written."""
        if not self.is_known:
            return False
        was = self.before if isinstance(self.before, StandingResource) else None
        return not self.now.says_the_same(was) if self.now else self.before is not None


def record(ended: Sequence[Outcome], world: World) -> list[Record]:
    """Tell every end but those that were given up, and let the ledger know; return the records in their order."""
    now = world.clock.now()
    stood = [_stood(each, now, world) for each in ended]
    made = [
        _asked(each, msgspec.structs.replace(record_of(each, now, world.run_by), notice=notice), world)
        for each, (notice, _) in zip(ended, stood, strict=True)
    ]
    told = [_told(each, record) for each, record in zip(ended, made, strict=True)]
    records = record_all(told, world, [_is_silent(each, one) for each, one in zip(ended, made, strict=True)])
    _keep([each for _, each in stood if each.is_other], world)
    return records


def _asked(ended: Outcome, made: Record, world: World) -> Record:
    return with_taken(made, ended.target.control, ended.target.cause, world)


def _stood(ended: Outcome, now: datetime, world: World) -> tuple[Notice, _Stood]:
    """Return when people are notified of an end, and what stands after it."""
    target, kind = ended.target, ended.target.control.resource.type
    faults = faults_of(ended)
    if ended.stood is None or faults is None or target.resource.type != kind or not target.account:
        return _notice_of_unit(ended, now), _Stood()
    found = ended.stood()
    before = found if isinstance(found, StandingResource) else None
    notice = notice_of(ended, before, faults, now)

    def stood(latest: StandingFound | None) -> _Stood:
        known = {each.mark for each in before.findings} if before else set()
        others = latest.findings if isinstance(latest, StandingResource) else ()
        told = with_others(ended, faults, [each for each in others if each.mark not in known])
        after = stands_after(ended, latest, told, notice, world.region, now)
        return _Stood(key(target, world), latest, after, is_known=True, again=None if target.swept else stood)

    return notice, stood(found)


def _notice_of_unit(ended: Outcome, now: datetime) -> Notice:
    """Return when people are notified of what a sweep could not list or read: once. A week later, they are again.

    A notice repeats that a unit cannot be listed, and a digest that a resource cannot be read.
    """
    target = ended.target
    if target.unit is None or ended.status != "failed" or ended.findings:
        return "now"
    unit = target.unit.unit
    is_one = target.resource.type == target.control.resource.type
    return "held" if (unit.is_known_unread(target.resource.id) if is_one else unit.is_known_unlisted(now)) else "now"


def _keep(changed: Sequence[_Stood], world: World) -> None:
    """Keep what stands. What cannot be kept is in the log, and the next sweep finds it again."""
    try:
        tries = 0
        while changed:
            if tries == _TRIES:
                raise LedgerError(f"Other looks kept something there at the same time, {_TRIES} times in a row.")
            changed, tries = _kept_but(changed, world), tries + 1
    except CloudmendError as error:
        if isinstance(world.notifier, KeptNotifier):
            world.notifier.ledger_problem([each.key for each in changed], sentence(error))


def _kept_but(changed: Sequence[_Stood], world: World) -> list[_Stood]:
    """Keep what stands. Return what an event has to keep once more, because another look kept something meanwhile.

    A sweep leaves it at that: the other look was there later than what the sweep knows.
    """
    stands = [each.now for each in changed if each.now]
    gone = [each.before for each in changed if each.before and each.now is None]
    others = world.ledger.keep_standing(stands, gone)
    again = [(each.key, each.again) for each in changed if each.key in others and each.now and each.again]
    since = world.clock.now()
    return [stood(world.ledger.history(place, since).standing) for place, stood in again]


def _is_silent(ended: Outcome, made: Record) -> bool:
    """Return whether not even the log gets it: the next walk goes on, or a sweep found nothing new."""
    target = ended.target
    is_one = target.resource.type == target.control.resource.type
    is_known = (made.notice == "held" and made.status != "failed") or (ended.status == "clean" and ended.entry is None)
    return ended.given_up or (target.swept and is_one and is_known)


def _told(ended: Outcome, made: Record) -> Told:
    if ended.entry is None or ended.unsure or ended.status == "pending":
        return made, None
    return made, MendEnd(ended.entry, ending(made), made)
