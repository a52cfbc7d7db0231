"""The writes, and the proof that they closed what was open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Change, Finding, Outcome
from cloudmend.core.policy import Policy
from cloudmend.core.world import World

# After a write AWS may go on showing the old state for a moment. Seconds before each further look.
_PROOF_PAUSES: Final = (0.1, 0.2, 0.4, 0.8)


def apply(change: Change, world: World) -> Iterator[Outcome]:
    """Carries out a change: whole; refused, in its pieces; refused again, in its other way.

    Where AWS gave no answer the write may have taken effect: nothing more is tried, and the proof tells.
    """
    try:
        world.writer.write(change.request)
    except AwsError as error:
        if error.code in change.settled:
            yield Outcome(change=change, changed=False)
        elif change.pieces and error.code:
            for piece in change.pieces:
                yield from apply(piece, world)
        elif change.otherwise and error.refused:
            yield from apply(change.otherwise, world)
        else:
            yield Outcome(change=change, changed=False, error=str(error))
    else:
        yield Outcome(change=change, changed=True)


def prove(case: Case, policy: Policy, world: World) -> tuple[Finding, ...]:
    """What is still at fault now, read from AWS again, and again while it may only be late."""
    remaining = _look(case, policy, world)
    for pause in _PROOF_PAUSES:
        if not remaining:
            break
        world.clock.sleep(pause)
        remaining = _look(case, policy, world)
    return remaining


def _look(case: Case, policy: Policy, world: World) -> tuple[Finding, ...]:
    """What is at fault now; nothing where the resource is gone. Parts that we revoked are not waited for."""
    resource = msgspec.structs.replace(case.resource, parts=())
    facts = case.control.observe(resource, world.reader, policy)
    return () if facts is None else case.control.detect(case.control.without(facts, case.exempt_parts), policy)
