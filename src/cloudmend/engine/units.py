"""The beginning and the end of a unit in a sweep: what is known, then the mark, what stands, and the digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.digest import DigestNotifier, digest_of, is_due
from cloudmend.core.errors import CloudmendError, LedgerError
from cloudmend.core.ledger_records import resource_of
from cloudmend.core.policy.model import Policy
from cloudmend.core.ports import KeptNotifier
from cloudmend.core.standing import (
    MOST_FIRST_LOOKS,
    PATIENCE,
    StandingFound,
    StandingResource,
    Unit,
    UnitFound,
    UnitState,
    UnreadableStanding,
    by_id,
    next_revision,
    unit_key,
    unreadable_after,
    with_room,
)
from cloudmend.core.target import Target
from cloudmend.core.world import World
from cloudmend.engine.first_looks import Looked, take_back, without_mended
from cloudmend.engine.run_ledger import RunLedger
from cloudmend.engine.stations.before import keeps_baseline

_MOST_TOLD: Final = 20  # of what could not be read, in the ledger
_TRIES: Final = 5  # to keep a unit, while other sweeps of it end


Units = Mapping[str, UnitFound] | CloudmendError


def units_of(world: World) -> Units:
    """Return all units by key, or why they cannot be read."""
    try:
        return {each.id: each for each in world.ledger.units()}
    except CloudmendError as error:
        return error


def begin_unit(whole: Target, units: Units, policy: Policy, world: World) -> UnitState | None:
    """Return what is known of a unit; None where that is not known, and there is no baseline to be kept.

    If what is stored of it cannot be read, its baseline is kept again, so that nothing is mended that was there before.
    Raises CloudmendError if the ledger does not answer.
    """
    try:
        return _known(whole, units, policy, world)
    except CloudmendError:
        if world.keeps_baseline:
            raise
        return None


def _known(whole: Target, units: Units, policy: Policy, world: World) -> UnitState:
    if isinstance(units, CloudmendError):
        raise units
    control, account = whole.control.id, whole.account or world.account()
    key = unit_key(account, world.region, control)
    found, standing = units.get(key), by_id(world.ledger.standing(key))
    for each in (*standing.values(), found):
        if isinstance(each, UnreadableStanding) and isinstance(world.notifier, KeptNotifier):
            world.notifier.ledger_problem([each.id], each.problem)
    fresh = Unit(account=account, region=world.region, control=control, tried=world.clock.now())
    state = UnitState(
        unit=found if isinstance(found, Unit) else fresh,
        standing=standing,
        keeps_baseline=keeps_baseline(control, account, policy, world),
    )
    return msgspec.structs.replace(state, standing=without_mended(state, world)) if state.keeps_baseline else state


def end_unit(state: UnitState, control: Control[Any], looked: Looked, ledger: RunLedger, world: World) -> None:
    """Forget what stands no more, tell what is due, and keep the mark. What cannot be kept, the next sweep keeps."""
    try:
        _end(state, control, looked, ledger, world)
    except CloudmendError as error:
        if isinstance(world.notifier, KeptNotifier):
            world.notifier.ledger_problem([state.unit.id], str(error))


def _end(state: UnitState, control: Control[Any], looked: Looked, ledger: RunLedger, world: World) -> None:
    """End a unit. People are notified before the ledger says so. Raises CloudmendError."""
    now = world.clock.now()
    _forget(state, looked, ledger)
    found = _current(state.unit, world)
    current = found if isinstance(found, Unit) else state.unit
    unit = _through(state, current, looked, ledger, world)
    if not looked.left and (looked.is_whole or not unit.first_looks or _is_old(unit, now)):
        unit = _told(unit, state, control, ledger.standing_now, ledger, world, now)
    for _ in range(_TRIES):
        if unit == current or world.ledger.keep_unit(msgspec.structs.replace(unit, revision=next_revision(found))):
            return
        found = _current(state.unit, world)
        current = found if isinstance(found, Unit) else state.unit
        again = _through(state, current, looked, ledger, world)
        unit = msgspec.structs.replace(again, told=unit.told, held=unit.held, unreadable=unit.unreadable)
    raise LedgerError(f"Other sweeps of the unit ended at the same time, {_TRIES} times in a row.")


def _through(state: UnitState, current: Unit, looked: Looked, ledger: RunLedger, world: World) -> Unit:
    """Return the unit as this sweep leaves it, when what is newer is out of its baseline."""
    take_back(state, current, looked, ledger, world)
    return _marked(current, looked, unkept=frozenset(map(resource_of, ledger.unkept)), now=world.clock.now())


def _current(unit: Unit, world: World) -> UnitFound | None:
    """Return the unit as it is by now: another sweep of it may have ended meanwhile. Raises CloudmendError."""
    return next((each for each in world.ledger.units() if each.id == unit.id), None)


def _is_old(unit: Unit, now: datetime) -> bool:
    """Return whether what has no first look yet is not to hold up a digest any more: it may never be read."""
    return unit.baseline is not None and now - unit.baseline >= PATIENCE


def _forget(state: UnitState, looked: Looked, ledger: RunLedger) -> None:
    """Forget what was not listed: it is as it should be, or gone. What an event kept meanwhile stays."""
    if not looked.is_whole or looked.unlisted or looked.left:
        return
    now = {each.id: each for each in ledger.standing_now}
    gone: list[StandingFound] = [
        each for each in now.values() if each.resource.id not in looked.targets and each.seen < looked.began
    ]
    gone += [each for key, each in state.standing.items() if isinstance(each, UnreadableStanding) and key not in now]
    if gone:
        ledger.keep_standing([], gone)


def _marked(unit: Unit, looked: Looked, *, unkept: frozenset[str], now: datetime) -> Unit:
    """Return the unit after a sweep: its mark, what could not be read, and when it was read whole.

    `unkept` are the ids of resources whose findings could not be kept. The next look at each is a first look, too.
    """
    unread = looked.unread
    missed = {*unread, *looked.left, *looked.not_judged, *unkept}
    unit = msgspec.structs.replace(unit, unreadable=unreadable_after(unit.unreadable, unread, looked.is_over, now))
    if not looked.is_whole:
        return _first_looked(
            unit, [each for each in unit.first_looks if each not in looked.targets or each in missed], now
        )
    told = (*looked.unlisted, *unread.values())
    known = unit.unlisted if unit.is_known_unlisted(looked.began) else now
    unit = msgspec.structs.replace(unit, unread=told[:_MOST_TOLD], unlisted=known if looked.unlisted else None)
    if not (told or looked.left):
        unit = msgspec.structs.replace(unit, read=now)
    if unit.baseline:
        unseen = missed | (set(unit.first_looks) - looked.targets if looked.unlisted else set())
        return _first_looked(unit, [each for each in unit.first_looks if each in unseen], now)
    first = tuple(with_room(sorted(missed), MOST_FIRST_LOOKS))
    is_through = not looked.unlisted and len(first) == len(missed)
    if is_through or now - unit.tried >= PATIENCE:
        return msgspec.structs.replace(unit, baseline=now, first_looks=first)
    return unit


def _first_looked(unit: Unit, left: Sequence[str], now: datetime) -> Unit:
    """Return the unit after a look that left these resources without their first look."""
    if len(left) == len(unit.first_looks):
        return unit
    return msgspec.structs.replace(unit, first_looks=tuple(left), first_looked=now)


def _told(
    unit: Unit,
    before: UnitState,
    control: Control[Any],
    standing: Sequence[StandingResource],
    ledger: RunLedger,
    world: World,
    now: datetime,
) -> Unit:
    """Return the unit, told if that is due."""
    if not is_due(unit, standing, now):
        return msgspec.structs.replace(unit, held=unit.held + bool(standing or unit.unreadable))
    is_first = before.keeps_baseline and before.unit.told is None and any(each.baseline for each in standing)
    digest = digest_of(unit, standing, title=control.title, severity=control.severity, is_first=is_first, now=now)
    if isinstance(world.notifier, DigestNotifier):
        world.notifier.publish_digest(digest)
    new = [each for each in standing if each.told is None]
    told = [msgspec.structs.replace(each, told=now, revision=next_revision(each)) for each in new]
    ledger.keep_standing(told, [])  # what an event changed meanwhile stays
    unreadable = tuple(msgspec.structs.replace(each, told=now, held=0) for each in unit.unreadable)
    return msgspec.structs.replace(unit, told=now, held=0, unreadable=unreadable)


def not_begun(control: Control[Any], error: CloudmendError) -> str:
    """Return why a unit is not swept."""
    return f"What stands of {control.id} cannot be read from the ledger, so nothing was looked at: {error}"
