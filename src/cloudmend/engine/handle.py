"""Events -> records: every target of every control that an event wakes, walked as one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored, Record
from cloudmend.core.policy.model import Policy, switched_on
from cloudmend.core.target import Target
from cloudmend.core.world import World, one_run
from cloudmend.core.wrappings import parse_events
from cloudmend.engine.run_ledger import RunLedger
from cloudmend.engine.stations.record import record
from cloudmend.engine.stations.resolve import placed, resolve
from cloudmend.engine.stations.values import sentence
from cloudmend.engine.stations.walk import mend, parse

_PROBLEMS: Final = 10  # sentences about what cannot be understood


def handle(
    raw: object, *, woken_by: Callable[[Iterable[ApiCall]], Sequence[Control[Any]]], policy: Policy, world: World
) -> tuple[Record | Ignored, ...]:
    """Return the results of an event, or of several in one envelope. `woken_by` gives the controls that watch calls.

    Raises EventError if an event cannot be understood, but only after the other events are handled.
    """
    run = one_run(world)
    done: list[Record | Ignored] = []
    problems: list[str] = []
    for answer in parse_events(raw):
        try:
            done += _respond(answer, woken_by, policy, run)
        except EventError as error:
            problems.append(str(error))
    if problems:
        raise EventError(_told(problems))
    return tuple(done)


def _told(problems: Sequence[str]) -> str:
    """Return the first problems only: a log group of another program can have ten thousand lines without an event."""
    more = len(problems) - _PROBLEMS
    return " ".join([*problems[:_PROBLEMS], *([f"The same holds for {more:,} more."] if more > 0 else [])])


def _respond(
    answer: ApiCall | Ignored | EventError,
    woken_by: Callable[[Iterable[ApiCall]], Sequence[Control[Any]]],
    policy: Policy,
    world: World,
) -> list[Record | Ignored]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        return [answer]
    answer = placed(answer, world)
    controls = switched_on(woken_by([answer]), policy)
    if not controls:
        source = answer.source or "a call without eventSource,"
        return [Ignored(f"no control watches {source} {answer.name}", answer.event_id)]
    targets, problems = _parsed(answer, controls)
    records = mend_all(targets, policy, world)
    if problems:
        raise EventError(" ".join(problems))
    return [*records]


def _parsed(call: ApiCall, controls: Sequence[Control[Any]]) -> tuple[list[Target], list[str]]:
    """Return the targets of a call, and why some controls cannot say which are theirs: that costs no other control."""
    targets: list[Target] = []
    problems: list[str] = []
    for control in controls:
        try:
            targets += parse(call, [control])
        except Exception as error:  # noqa: BLE001 - it stops only this control
            problems.append(sentence(error))
    return targets, problems


def mend_all(targets: Sequence[Target], policy: Policy, world: World) -> list[Record]:
    """Walk the resources of the targets. Resources that are not looked at are reported first."""
    world = msgspec.structs.replace(world, ledger=RunLedger(world.ledger))
    found, ended = resolve(targets, policy, world)
    return [*record(ended, world), *(mend(found, policy, world) if found else [])]
