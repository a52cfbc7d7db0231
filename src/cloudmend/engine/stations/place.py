"""Behind the first station: what is not of this account and Region is told, and never looked at."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cloudmend.core.ending import Ended, Target
from cloudmend.core.errors import CloudmendError
from cloudmend.core.world import World
from cloudmend.engine.place import elsewhere
from cloudmend.engine.stations.read import failed


def here(targets: Sequence[Target], world: World) -> tuple[list[Target], list[Ended]]:
    """Return the targets of this account and Region, and the ends of all others.

    A target that names no account is of this one, and gets its id.
    """
    ours: list[Target] = []
    others: list[Ended] = []
    for target in targets:
        if problem := _problem(target, world):
            others.append(failed(target, CloudmendError(problem)))
        else:
            ours.append(_of_account(target, world.account()))
    return ours, others


def _problem(target: Target, world: World) -> str:
    """Return why a target is not looked at; empty if it is of here."""
    resource = target.resource
    try:
        if problem := elsewhere(target.cause, world):
            return problem
        own = world.account()
    except CloudmendError as error:
        return f"it is not known which account this is, so nothing was looked at: {error}"
    if resource.account in ("", own) and resource.region == world.region:
        return ""
    return (
        f"it is in Region {resource.region} of account {resource.account}, and cloudmend acts in Region "
        f"{world.region} of account {own}. Nothing was looked at or changed, and it may be at fault. Tell its owner."
    )


def _of_account(target: Target, account: str) -> Target:
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(target.resource, account=account))
