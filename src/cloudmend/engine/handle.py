"""Events -> records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cloudmend.core.control import Control
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Ignored, Record
from cloudmend.core.policy import Policy
from cloudmend.core.run import one_run
from cloudmend.core.world import World
from cloudmend.core.wrappings import parse_events
from cloudmend.engine.mend import mend, resources_of
from cloudmend.engine.place import left_to_owners, misplaced, ours, placed

_PROBLEMS: Final = 10  # sentences about what cannot be understood


def handle(raw: object, *, controls: Sequence[Control], policy: Policy, world: World) -> tuple[Record | Ignored, ...]:
    """Everything that an event, or several in a wrapping, leads to.

    Raises EventError, after all else is done, where one of them cannot be understood.
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
        raise EventError(_told(problems))
    return tuple(done)


def _told(problems: Sequence[str]) -> str:
    """The first of them: a log group of something else has ten thousand lines, each of which is no event."""
    more = len(problems) - _PROBLEMS
    return " ".join([*problems[:_PROBLEMS], *([f"So it is with {more:,} more."] if more > 0 else [])])


def _respond(
    answer: ApiCall | Ignored | EventError, controls: Sequence[Control], policy: Policy, world: World
) -> list[Record | Ignored]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        return [answer]
    answer = placed(answer, world)
    watching = [control for control in controls if control.watches(answer)]
    if not watching:
        source = answer.source or "a call without eventSource,"
        return [Ignored(f"no control watches {source} {answer.name}", answer.event_id)]
    return [record for control in watching for record in _mend_targets(answer, control, policy, world)]


def _mend_targets(call: ApiCall, control: Control, policy: Policy, world: World) -> list[Record]:
    records: list[Record] = []
    for target in control.targets(call):
        if elsewhere := misplaced(target, control, call, world):
            records.append(elsewhere)
            continue
        resources, told = resources_of(target, control, call, policy=policy, world=world)
        own, others = ours(resources, world)
        records += told
        records += [left_to_owners(target, others, control, call, world)] if others else []
        records += [mend(resource, control, call, policy=policy, world=world) for resource in own]
    return records
