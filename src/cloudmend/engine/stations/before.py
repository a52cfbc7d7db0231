"""The ledger's knowledge of a resource before a look at it: the mends of late, and what stands there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Final, NamedTuple

from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import History
from cloudmend.core.ledger_records import LedgerRecords, key_of
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.modes import existing_of
from cloudmend.core.ports import Begin
from cloudmend.core.standing import (
    Before,
    StandingFound,
    StandingResource,
    Unit,
    UnitFound,
    UnreadableStanding,
    needs_first_look,
    unit_key,
)
from cloudmend.core.target import FLAP_WINDOW, Target
from cloudmend.core.world import World
from cloudmend.engine.first_looks import before_mends, mended_parts
from cloudmend.engine.stations.values import Recent

_YOUNG: Final = timedelta(minutes=1)


def key(target: Target, world: World) -> str:
    """Return the key of a target's resource under its control."""
    return key_of(target.account, world.region, target.control.id, target.resource.id)


class Asked(NamedTuple):
    """The answers of the ledger: the mends of late, what was known before, and what stood. Each call waits."""

    recent: Callable[[], Recent]
    before: Callable[[], Before]
    stood: Callable[[], StandingFound | None]


def known_before(target: Target, policy: Policy, world: World, begin: Begin) -> Asked:
    """Begin to ask the ledger.

    A sweep has read what stands in its unit. The mends of late of all resources come at once, when the first of them is
    asked for. For an event, one call gives both.
    """
    if target.unit:
        own = key(target, world)
        stood = partial(target.unit.standing.get, own)
        return Asked(begin(partial(_recent, target, world)), partial(target.unit.before, own), stood)
    history = begin(partial(_history, target, world))
    before = cache(partial(_before, target, policy, world, history))
    return Asked(partial(_recent_of, history), before, lambda: stands_in(history()))


def keeps_baseline(control: str, account: str, policy: Policy, world: World) -> bool:
    """Return whether what was there before cloudmend is left as it is: only with a stack, as the policy says."""
    return world.keeps_baseline and existing_of(policy, control, account) == "observe"


def _history(target: Target, world: World) -> History | CloudmendError:
    try:
        return world.ledger.history(key(target, world), world.clock.now() - FLAP_WINDOW)
    except CloudmendError as error:
        return error


def _recent(target: Target, world: World) -> Recent:
    """Return what the ledger knows of late. What cannot be read counts for nothing: what is open is closed."""
    try:
        found = LedgerRecords(world.ledger.recent(key(target, world), world.clock.now() - FLAP_WINDOW))
    except CloudmendError as error:
        return Recent(unreadable=(str(error),))
    return _readable(found)


def _recent_of(history: Callable[[], History | CloudmendError]) -> Recent:
    found = history()
    if isinstance(found, CloudmendError):
        return Recent(unreadable=(str(found),))
    recent = _readable(LedgerRecords(found.recent))
    if isinstance(found.standing, UnreadableStanding):
        return Recent(recent.entries, (*recent.unreadable, found.standing.problem))
    return recent


def _readable(entries: LedgerRecords) -> Recent:
    return Recent(tuple(entries), tuple(each.problem for each in entries.unreadable))


def _before(target: Target, policy: Policy, world: World, history: Callable[[], History | CloudmendError]) -> Before:
    """Return what stood; where the ledger does not say it, what was there before is not known."""
    standing, is_sure = _standing(history()), True
    if not keeps_baseline(target.control.id, target.account, policy, world):
        return Before(standing=standing if isinstance(standing, StandingResource) else None)
    try:
        unit = world.ledger.unit(unit_key(target.account, world.region, target.control.id))
    except CloudmendError:
        unit, is_sure = None, False
    is_first = needs_first_look(unit, target.resource.id)
    if is_first and isinstance(standing, StandingResource):
        try:
            standing = before_mends(standing, partial(_mended, standing.id, world))
        except CloudmendError:
            is_sure = False
    if standing is None and not is_first and _is_young(unit, world.clock.now()):
        standing = _standing(_history(target, world))  # the sweep may have kept it since it was asked for
    if isinstance(standing, StandingResource):
        return Before(standing=standing, is_first=is_first, keeps_baseline=True, is_sure=is_sure)
    is_sure = is_sure and not isinstance(standing, CloudmendError)
    return Before(is_first=is_first or standing is not None, keeps_baseline=True, is_sure=is_sure)


def _mended(place: str, world: World, since: datetime) -> frozenset[tuple[str, str]]:
    return mended_parts(world.ledger.recent(place, since))


def stands_in(found: History | CloudmendError) -> StandingFound | None:
    """Return what stands at a resource; None also if the ledger does not say."""
    return None if isinstance(found, CloudmendError) else found.standing


def _standing(found: History | CloudmendError) -> StandingFound | CloudmendError | None:
    return found if isinstance(found, CloudmendError) else found.standing


def _is_young(unit: UnitFound | None, now: datetime) -> bool:
    """Return whether a first sweep may still have been under way when the ledger was asked for what stands."""
    mark, waits = (unit.baseline, unit.first_looks) if isinstance(unit, Unit) else (None, ())
    return mark is not None and (bool(waits) or now - mark < _YOUNG)
