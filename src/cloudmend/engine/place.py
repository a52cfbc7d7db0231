"""Where a call was made, and whose a resource is: what is not of this account and Region is told, and left alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cloudmend.core.case import Case
from cloudmend.core.control import Control
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.world import World
from cloudmend.engine.record import Ended, recorded, sentence


def placed(call: ApiCall, world: World) -> ApiCall:
    """The call in the Region of here, where it names none: somebody wrote it by hand, for here."""
    return call if call.region else msgspec.structs.replace(call, region=world.region)


def misplaced(target: Resource, control: Control, call: ApiCall, world: World) -> Record | None:
    """What is told of a call that was not made here, or of which that cannot be known; None for one that was."""
    try:
        problem = elsewhere(call, world)
    except CloudmendError as error:
        problem = f"it is not known which account this is, so nothing was looked at: {sentence(error)}"
    if not problem:
        return None
    case = Case(control=control, resource=target, cause=call, region=call.region, account=call.account)
    return recorded(Ended(case.failed(problem, world.clock.now())), world)


def elsewhere(call: ApiCall, world: World) -> str:
    """Why the call is not answered here; empty where it is. A call that names no account was made here.

    Raises CloudmendError where it cannot be known which account this is.
    """
    places = [("Region", call.region, world.region)]
    if call.account:
        places.append(("account", call.account, world.account()))
    if all(there == here for _, there, here in places):
        return ""
    there = " and ".join(f"{kind} {there}" for kind, there, _ in places)
    here = " and ".join(f"{kind} {here}" for kind, _, here in places)
    return (
        f"the call was made in {there}, and cloudmend acts in {here}. Nothing was looked at or changed, and it may be "
        "open. Have cloudmend run there, and hand the event to it with credentials of that account and that --region."
    )


def ours(found: Sequence[Resource], world: World) -> tuple[tuple[Resource, ...], tuple[Resource, ...]]:
    """Those of this account, and those of others. Where it is not known whose this account is, all are taken for ours.

    No harm is done by that: a mend of another's resource ends before it begins.
    """
    if not any(resource.account for resource in found):
        return tuple(found), ()
    try:
        own = ("", world.account())
    except CloudmendError:
        return tuple(found), ()
    return (
        tuple(resource for resource in found if resource.account in own),
        tuple(resource for resource in found if resource.account not in own),
    )


def left_to_owners(
    target: Resource, others: Sequence[Resource], control: Control, call: ApiCall, world: World
) -> Record:
    """What is told of what others own: once for the target, and not for each."""
    case = Case(control=control, resource=target, cause=call, region=call.region, account=call.account)
    return recorded(Ended(case.left_to_owners(others, world.account(), world.clock.now())), world)
