"""What only a mend needs to know, besides the facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from cloudmend.core.case import Case
from cloudmend.core.errors import CloudmendError
from cloudmend.core.ledger import Entry, Exemptions
from cloudmend.core.verdict import FLAP_WINDOW
from cloudmend.core.world import World


class Needs(Struct, frozen=True):
    """Reads that were begun at once, because none needs another's answer; each gives its own."""

    surroundings: Callable[[], Any]
    exemptions: Callable[[], Exemptions]
    recent: Callable[[], tuple[Entry, ...]]
    mode: Callable[[], Literal["fix", "observe"] | None]


def begin(case: Case, world: World) -> Needs:
    resource, since = case.resource, world.clock.now() - FLAP_WINDOW
    return Needs(
        surroundings=world.begin(lambda: case.control.surroundings(resource, world.reader)),
        exemptions=world.begin(lambda: exemptions(world)),
        recent=world.begin(lambda: world.ledger.recent(resource.id, since)),
        mode=world.begin(world.switch.mode),
    )


def exemptions(world: World) -> Exemptions:
    """Those that hold now. Where they cannot be read there are none: what they might have exempted is closed."""
    try:
        return world.ledger.exemptions(world.clock.now())
    except CloudmendError as error:
        return Exemptions((), (str(error),))
