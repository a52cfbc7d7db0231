"""Station two: what AWS, the ledger and the switch say about each target, asked for in one round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any, Final

from msgspec import Struct

from cloudmend.core.contract import Control, State
from cloudmend.core.ending import Ended, Target
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Entries, Entry, Exemptions
from cloudmend.core.model import Resource
from cloudmend.core.policy import Mode, Policy
from cloudmend.core.world import World

FLAPPING_WINDOW: Final = timedelta(hours=1)
_READ_AGAIN: Final = (0.1, 0.3, 0.6)  # seconds before each further read, while a part that the event names is not there

States = Callable[[], State | None]


class Known(Struct, frozen=True):
    """What the ledger and the switch say. Each raises CloudmendError if it cannot be known."""

    exemptions: Callable[[], Exemptions]
    recent: Callable[[], tuple[Entry, ...]]  # of the resource and the control, within FLAPPING_WINDOW
    mode: Callable[[], Mode | None]


class Situation(Struct, frozen=True, kw_only=True):
    """A target, its state (None: it is gone), and what is known about it. The state was asked for at `seen`."""

    target: Target
    state: State | None
    known: Known
    seen: Any


def read(targets: Sequence[Target], policy: Policy, world: World) -> list[Situation | Ended]:
    """Read the states of all targets at once. A sweep asks the ledger only for what is found at fault."""
    seen = world.clock.now()
    begin = cache if all(target.swept for target in targets) else world.begin
    exemptions = begin(partial(current_exemptions, world))
    mode = begin(world.switch.mode)
    known = [
        Known(exemptions=exemptions, recent=begin(partial(_recent, target, world)), mode=mode) for target in targets
    ]
    answers = states(targets, policy, world)
    return [
        _situation(target, answer, each, seen) for target, answer, each in zip(targets, answers, known, strict=True)
    ]


def states(targets: Sequence[Target], policy: Policy, world: World) -> list[States]:
    """Begin to read the state of each target; controls that can read many at once do."""
    grouped: defaultdict[str, list[Target]] = defaultdict(list)
    for target in targets:
        grouped[target.control.id].append(target)
    many = {
        name: world.begin(partial(_read_many, control.read_many, group, policy, world))
        for name, group in grouped.items()
        if (control := group[0].control).read_many and len(group) > 1
    }
    return [
        partial(_one_of, many[target.control.id], target)
        if target.control.id in many
        else world.begin(partial(read_one, target, policy, world))
        for target in targets
    ]


def read_one(target: Target, policy: Policy, world: World) -> State | None:
    """Return the state, read again briefly while a part that the event names is not there. Raises CloudmendError."""
    control, resource = target.control, target.resource
    settings = policy.settings_of(control)
    state = control.read(resource, world.reader, settings)
    for pause in _READ_AGAIN:
        if state is None or set(resource.parts) <= set(state.parts):
            break
        world.clock.sleep(pause)
        state = control.read(resource, world.reader, settings)
    return state


def _read_many(
    read: Callable[[Sequence[Resource], Any, Any], Mapping[str, State]],
    targets: Sequence[Target],
    policy: Policy,
    world: World,
) -> Mapping[str, State | CloudmendError | None]:
    """Return the states by id; if the one request for all is refused, those of one request each."""
    try:
        control: Control[Any] = targets[0].control
        return dict(read([target.resource for target in targets], world.reader, policy.settings_of(control)))
    except CloudmendError:
        return {target.resource.id: _or_error(partial(read_one, target, policy, world)) for target in targets}


def _one_of(answers: Callable[[], Mapping[str, State | CloudmendError | None]], target: Target) -> State | None:
    answer = answers().get(target.resource.id)
    if isinstance(answer, CloudmendError):
        raise answer
    return answer


def _or_error(ask: States) -> State | CloudmendError | None:
    try:
        return ask()
    except CloudmendError as error:
        return error


def _situation(target: Target, answer: States, known: Known, seen: Any) -> Situation | Ended:
    try:
        return Situation(target=target, state=answer(), known=known, seen=seen)
    except Exception as error:  # noqa: BLE001 - what cannot be read ends its own target
        return failed(target, error)


def failed(target: Target, error: Exception, **more: Any) -> Ended:
    """Return the end of a target that an error stopped."""
    told = str(error) if isinstance(error, CloudmendError) else f"cloudmend crashed: {type(error).__name__}: {error}"
    return Ended(target=target, status="failed", why=told, **more)


def current_exemptions(world: World) -> Exemptions:
    """Return the exemptions that hold now; none if they cannot be read, for what they might exempt is mended."""
    try:
        return world.ledger.exemptions(world.clock.now())
    except CloudmendError as error:
        return Exemptions((), (str(error),))


def _recent(target: Target, world: World) -> tuple[Entry, ...]:
    """Return what the ledger knows about the last mends; nothing if it cannot be read, for it only counts them."""
    resource = target.resource
    try:
        entries = world.ledger.recent(resource.id, world.clock.now() - FLAPPING_WINDOW)
    except CloudmendError:
        return ()
    here = (target.control.id, resource.account, resource.region)
    own = (each for each in Entries(entries) if (each.intent.control, each.intent.account, each.intent.region) == here)
    return tuple(own)
