"""Station six: read and judge again, with the settings that the plan was made with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Finding, State
from cloudmend.core.ending import Ended
from cloudmend.core.model import Status
from cloudmend.core.planning import judge
from cloudmend.core.policy import Policy
from cloudmend.core.world import World
from cloudmend.engine.stations.put import Written
from cloudmend.engine.stations.read import failed, states

# After a write AWS may go on showing the old state for a moment. Seconds before each further look.
_PAUSES: Final = (0.0, 0.1, 0.2, 0.4, 0.8)


def prove(written: Sequence[Written], policy: Policy, world: World) -> list[Ended]:
    """Return the end of each: mended only if nothing is at fault. What still is, is read again, all together."""
    ended: dict[int, Ended] = {}
    left = list(enumerate(written))
    for pause in _PAUSES:
        if not left:
            break
        world.clock.sleep(pause)
        for number, each, found in _looked_at(left, policy, world):
            ended[number] = _end(each, found, world)
        left = [(number, each) for number, each in left if ended[number].status not in ("mended", "clean")]
    return [ended[number] for number in range(len(written))]


def _looked_at(left: Sequence[tuple[int, Written]], policy: Policy, world: World) -> list[tuple[int, Written, Any]]:
    targets = [_unhurried(each) for _, each in left]
    answers = states(targets, policy, world)
    return [(number, each, _found(each, answer, world)) for (number, each), answer in zip(left, answers, strict=True)]


def _unhurried(written: Written) -> Any:
    """Return the target without the parts that the event named: a mend may have removed them."""
    target = written.planned.target
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(target.resource, parts=()))


def _found(written: Written, answer: Any, world: World) -> tuple[Finding, ...] | Exception:
    try:
        state: State | None = answer()
        if state is None:
            return ()
        planned = written.planned
        view = msgspec.structs.replace(planned.plan.view, state=state, now=world.clock.now())
        return judge(planned.target.control, view, planned.plan.settings, planned.covers).counted
    except Exception as error:  # noqa: BLE001 - a proof that cannot be had is none
        return error


def _end(written: Written, found: tuple[Finding, ...] | Exception, world: World) -> Ended:
    planned = written.planned
    target, region = planned.target, planned.target.resource.region
    more: dict[str, Any] = {
        "findings": planned.plan.findings,
        "steps": written.steps,
        "undo": tuple(call.command(region) for call in written.undo),
        "errors": written.errors,
        "entry": planned.entry,
        "flaps": planned.flaps,
        "unreadable": planned.unreadable,
    }
    if planned.busy and not found:
        return Ended(target=target, status="clean", why="")
    if isinstance(found, Exception):
        return failed(target, found, **{**more, "errors": (*written.errors, str(found))})
    own = {finding.mark for finding in planned.plan.findings}
    again = bool(found) and not any(finding.mark in own or finding.restraint for finding in found)
    status = "mended" if not found or again else _left(written, world)
    why = "; ".join(written.errors) if status in ("deferred", "failed") else planned.decision
    labels = tuple(planned.plan.view.state.labels.items())
    return Ended(target=target, status=status, why=why, remaining=found, labels=labels, again=again, **more)


def _left(written: Written, world: World) -> Status:
    """Return what is true of a resource that is still shown at fault."""
    planned, control = written.planned, written.planned.target.control
    if written.deferred or planned.busy:
        return "deferred" if written.deferred else "failed"
    accepted = written.steps and not written.errors
    started = planned.entry.opened if planned.entry else world.clock.now()
    return "pending" if accepted and world.clock.now() < started + control.settles_in else "open"
