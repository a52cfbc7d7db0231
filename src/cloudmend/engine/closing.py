"""The writes, and the proof that they closed what was open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.errors import AwsError
from cloudmend.core.left_behind import Traces
from cloudmend.core.model import Change, Intent, Outcome
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
            yield Outcome(change=change, changed=False, answered=error.refused, error=str(error))
    else:
        yield Outcome(change=change, changed=True)


def prove(case: Case, policy: Policy, world: World) -> None:
    """Finds what is still at fault now, read from AWS again, and again while it may only be late.

    What cannot be read remains, but nothing waits for it.
    """
    facts = _look(case, policy, world)
    for pause in _PROOF_PAUSES:
        if not any(finding.is_due for finding in case.remaining):
            break
        world.clock.sleep(pause)
        facts = _look(case, policy, world)
    if case.entry and case.unanswered:
        _find_unanswered(case, case.entry.intent, facts)


def _look(case: Case, policy: Policy, world: World) -> Any:
    """The facts now: None where the resource is gone. Parts that we revoked are not waited for."""
    resource, control = msgspec.structs.replace(case.resource, parts=()), case.control
    facts = control.observe(resource, world.reader, policy)
    facts = facts and msgspec.structs.replace(facts, recency=case.recency)  # or another rule would be at fault now
    case.remaining = control.detect(control.without(facts, case.exempt_parts), policy) if facts else ()
    return facts


def _find_unanswered(case: Case, intent: Intent, facts: Any) -> None:
    """What the writes did that had no answer. What is still seen open may be only late: then it stays unknown."""
    case.found = case.control.trace(intent, facts).of(case.unanswered) if facts else Traces()
    case.is_unsure = any(finding.part in case.unanswered for finding in case.remaining)
