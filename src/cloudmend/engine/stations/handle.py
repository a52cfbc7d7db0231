"""Events -> records: every target of every control that an event wakes, walked as one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloudmend.core.contract import Control
from cloudmend.core.ending import Ended, Target
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored, Record
from cloudmend.core.policy import Policy
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.core.wrappings import parse_events
from cloudmend.engine.place import placed
from cloudmend.engine.stations.place import here
from cloudmend.engine.stations.record import record
from cloudmend.engine.stations.resolve import resolve
from cloudmend.engine.stations.walk import mend, parse


def handle(
    raw: object, *, controls: Sequence[Control[Any]], policy: Policy, world: World
) -> tuple[Record | Ignored, ...]:
    """Everything that an event, or several in a wrapping, leads to.

    Raises EventError, after all else is done, if one of them cannot be understood.
    """
    run = one_run(world)
    done: list[Record | Ignored] = []
    problems: list[str] = []
    for answer in parse_events(raw):
        try:
            done += _respond(answer, controls, policy, run)
        except EventError as error:
            problems.append(str(error))
    if problems:
        raise EventError(" ".join(problems))
    return tuple(done)


def _respond(
    answer: ApiCall | Ignored | EventError, controls: Sequence[Control[Any]], policy: Policy, world: World
) -> list[Record | Ignored]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        return [answer]
    if not any(control.trigger(answer) for control in controls):
        source = answer.source or "a call without eventSource,"
        return [Ignored(f"no control watches {source} {answer.name}", answer.event_id)]
    ours, others = here(parse(placed(answer, world), controls), world)
    return [*record(others, world), *mend_all(ours, policy, world)]


def mend_all(targets: Sequence[Target], policy: Policy, world: World) -> list[Record]:
    """Walk what the targets stand for; what stands for nothing, or cannot be read, is told."""
    found = list(resolve(targets, policy, world))
    ended = [each for each in found if isinstance(each, Ended)]
    return [*record(ended, world), *mend([each for each in found if isinstance(each, Target)], policy, world)]
