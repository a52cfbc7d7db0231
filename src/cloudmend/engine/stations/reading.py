"""Read states: of many resources at once, and again where a read came too early."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control, State
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.ledger_records import Exemptions, Unreadable
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Target
from cloudmend.core.world import OneByOne, World
from cloudmend.engine.stations.values import Answer

_READ_AGAIN: Final = (0.1, 0.3, 0.6)  # seconds before each further read, while a part that the event names is not there
_ENOUGH: Final = 2  # reads that AWS does not answer, one after the other: the next would wait for nothing


def states(
    targets: Sequence[Target], policy: Policy, world: World, before: Sequence[State | None] = ()
) -> list[Answer]:
    """Begin to read the state of each target; controls that can read many at once do.

    `before` are the states as they were, for a proof: what no mend changes need not be read again.
    """
    grouped: defaultdict[str, list[int]] = defaultdict(list)
    for number, target in enumerate(targets):
        grouped[target.control.id].append(number)
    answers: dict[int, Answer] = {}
    for numbers in grouped.values():
        some = [targets[number] for number in numbers]
        was = {targets[number].resource.id: state for number in numbers if before and (state := before[number])}
        answers.update(zip(numbers, _begun(some, policy, world, was), strict=True))
    return [answers[number] for number in range(len(targets))]


def _begun(targets: Sequence[Target], policy: Policy, world: World, before: Mapping[str, State]) -> list[Answer]:
    """Begin to read targets of one control."""
    control: Control[Any] = targets[0].control
    settings = policy.settings_of(control)
    if before and control.read_again:
        again = partial(control.read_again, before=before, reader=world.reader, settings=settings)
        return _joint(targets, lambda some: again([target.resource for target in some]))
    if len(targets) > 1 and control.read_many:
        many = partial(control.read_many, reader=world.reader, settings=settings)
        return _joint(targets, lambda some: many([target.resource for target in some]))
    if len(targets) == 1:
        return [cache(partial(read_one, targets[0], policy, world))]
    alone = msgspec.structs.replace(world, reader=OneByOne(world.reader))
    return [world.begin(partial(read_one, target, policy, alone)) for target in targets]


def read_one(target: Target, policy: Policy, world: World) -> State | None:
    """Return the state, read again briefly while a part that the event names is not there. Raises CloudmendError."""
    control, resource = target.control, target.resource
    settings = policy.settings_of(control)
    state = control.read(resource, world.reader, settings)
    for pause in _READ_AGAIN if control.unseen is None else ():
        if state is None or set(resource.parts) <= set(state.parts):
            break
        world.clock.sleep(pause)
        state = control.read(resource, world.reader, settings)
    return state


def _joint(targets: Sequence[Target], read: Callable[[Sequence[Target]], Mapping[str, State]]) -> list[Answer]:
    """Read all targets at once, at the first request for an answer. If that fails, read each by itself."""

    def alone(target: Target) -> State | None:
        return read([target]).get(target.resource.id)

    @cache
    def answers() -> Mapping[str, State | Exception | None]:
        try:
            return {**read(targets)}
        except Exception:  # noqa: BLE001 - each meets its own error
            return _one_by_one(targets, alone)

    return [partial(_one_of, answers, target) for target in targets]


def _one_by_one(
    targets: Sequence[Target], ask: Callable[[Target], State | None]
) -> Mapping[str, State | Exception | None]:
    """Read each target by itself, because one target may have made the joint read fail.

    After `_ENOUGH` failures of AWS in a row, the other targets get the last error without a read.
    """
    answers: dict[str, State | Exception | None] = {}
    unanswered, answer = 0, None
    for target in targets:
        if unanswered < _ENOUGH:
            answer = _or_error(ask, target)
            passes = isinstance(answer, AwsError) and not answer.lasts
            unanswered = unanswered + 1 if passes else 0
        answers[target.resource.id] = answer
    return answers


def _one_of(answers: Callable[[], Mapping[str, State | Exception | None]], target: Target) -> State | None:
    answer = answers().get(target.resource.id)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _or_error(ask: Callable[[Target], State | None], target: Target) -> State | Exception | None:
    try:
        return ask(target)
    except Exception as error:  # noqa: BLE001 - it is the value of its own target
        return error


def current_exemptions(world: World) -> Exemptions:
    """Return the exemptions that hold now; none if they cannot be read, for what they might exempt is mended."""
    try:
        return world.ledger.exemptions(world.clock.now())
    except CloudmendError as error:
        return Exemptions((), (Unreadable("", str(error)),))
