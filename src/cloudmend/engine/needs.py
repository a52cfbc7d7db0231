"""What only a mend needs to know, besides the facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from cloudmend.core.case import Case
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import LEASE, Entries, Entry, Exemptions
from cloudmend.core.verdict import FLAP_WINDOW
from cloudmend.core.world import World


class Recent(Struct, frozen=True):
    """What was begun at a resource of late, and why some of it cannot be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[str, ...] = ()


class Needs(Struct, frozen=True):
    """Reads that were begun at once, because none needs another's answer; each gives its own."""

    surroundings: Callable[[], Any]
    exemptions: Callable[[], Exemptions]
    recent: Callable[[], Recent]
    mode: Callable[[], Literal["fix", "observe"] | None]


def begin(case: Case, world: World) -> Needs:
    resource = case.resource
    return Needs(
        surroundings=world.begin(lambda: case.control.surroundings(resource, world.reader)),
        exemptions=world.begin(lambda: exemptions(world)),
        recent=world.begin(lambda: recent(case, world)),
        mode=world.begin(world.switch.mode),
    )


def met(case: Case, needs: Needs | None, world: World) -> tuple[Entry, ...]:
    """The entries among which a mend may meet one that was left behind. A sweep has looked for those at its start.

    An event that comes when its own lease could have run out may be tried again, after a try that died. For any other
    that finds nothing the ledger is not read.
    """
    if case.swept:
        return ()
    if needs:
        return needs.recent().entries
    is_late = case.cause.time is None or world.clock.now() - case.cause.time >= LEASE
    return recent(case, world).entries if is_late else ()


def recent(case: Case, world: World) -> Recent:
    """What cannot be read counts for nothing: what is open is closed all the same."""
    try:
        found = world.ledger.recent(case.resource.id, world.clock.now() - FLAP_WINDOW)
    except CloudmendError as error:
        return Recent(unreadable=(str(error),))
    entries = Entries(found)
    return Recent(tuple(entries), tuple(each.problem for each in entries.unreadable))


def exemptions(world: World) -> Exemptions:
    """Those that hold now. Where they cannot be read there are none: what they might have exempted is closed."""
    try:
        return world.ledger.exemptions(world.clock.now())
    except CloudmendError as error:
        return Exemptions((), (str(error),))
