"""Each event to whoever watches its call: `handle` for security groups, the stations for the controls by the contract.

It goes once the stations walk for all controls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudmend.core.control import Control
from cloudmend.core.decide import switched_on
from cloudmend.core.errors import CloudmendError, EventError
from cloudmend.core.model import ApiCall, Ignored, Record
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.core.wrappings import parse_events
from cloudmend.engine.handle import handle

if TYPE_CHECKING:
    from cloudmend.core import contract

Answer = tuple[Record | Ignored, ...]


def dispatch(
    raw: object,
    *,
    controls: Sequence[Control],
    woken_by: Callable[[Iterable[ApiCall]], Sequence[contract.Control[Any]]],
    policy: Policy,
    world: World,
) -> Answer:
    """Return everything that an event, or several in a wrapping, leads to.

    Each way goes to its end, whatever becomes of the other; only then is its error raised. Raises CloudmendError.
    """
    ways = [partial(handle, raw, controls=switched_on(controls, policy), policy=policy, world=world)]
    if woken := switched_on(woken_by(each for each in parse_events(raw) if isinstance(each, ApiCall)), policy):
        from cloudmend.engine.stations.handle import handle as walk  # an event of security groups needs none of it

        ways.append(partial(walk, raw, controls=woken, policy=policy, world=world))
    answers: list[Answer] = []
    errors: list[Exception] = []
    for way in ways:
        try:
            answers.append(way())
        except Exception as error:  # noqa: BLE001 - the other way still goes; then it is raised
            errors.append(error)
    if errors:
        raise _all_of(errors)
    return _merged(answers)


def _all_of(errors: Sequence[Exception]) -> Exception:
    """Return one error that says what all of them say, once."""
    if len(errors) == 1:
        return errors[0]
    kind = EventError if all(isinstance(each, EventError) for each in errors) else CloudmendError
    told = (str(each) if isinstance(each, CloudmendError) else f"cloudmend crashed: {each!r}" for each in errors)
    return kind(" ".join(dict.fromkeys(told)))


def _merged(answers: Sequence[Answer]) -> Answer:
    """Return the records of all. What is ignored is what nobody watches: each way ignores what the other watches."""
    first, *others = answers
    if not others:
        return first
    ignored = [each for each in first if isinstance(each, Ignored) and all(each in other for other in others)]
    return (*(each for answer in answers for each in answer if isinstance(each, Record)), *ignored)
