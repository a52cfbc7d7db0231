"""Between the first station and the second: what stands for several resources becomes a target for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.ending import Ended, Target
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.triggers import the_one
from cloudmend.core.world import World
from cloudmend.engine.stations.read import failed

REGION = "AWS::Region"


def region_of(control: Control[Any], cause: ApiCall, account: str, region: str) -> Target:
    """Return the target of a sweep: everything of the control's kind in a Region."""
    kind = control.resource
    if kind.scope != "resource":
        return Target(control=control, resource=the_one(kind, account, region), cause=cause, swept=True)
    everything = Resource(type=REGION, id=region, account=account, region=region)
    return Target(control=control, resource=everything, cause=cause, swept=True)


def resolve(targets: Sequence[Target], policy: Policy, world: World) -> Iterator[Target | Ended]:
    """Yield a target for each resource that a target stands for; the end of one that stands for none.

    What a list named until it could not be read further is mended all the same, and the rest is told.
    """
    for target in targets:
        if target.resource.type == target.control.resource.type and target.resource.id:
            yield target
        else:
            yield from _each(target, policy, world)


def _each(target: Target, policy: Policy, world: World) -> Iterator[Target | Ended]:
    control, found = target.control, 0
    if control.every is None:
        return
    try:
        for name in control.every(target.resource, world.reader, policy.settings_of(control)):
            found += 1
            yield msgspec.structs.replace(target, resource=_resource(target, name))
    except Exception as error:  # noqa: BLE001 - a list that cannot be read costs what it would have named
        yield failed(target, error)
    else:
        if not found:
            yield Ended(target=target, status="clean", why="")


def _resource(target: Target, name: str) -> Resource:
    return msgspec.structs.replace(target.resource, type=target.control.resource.type, id=name, name="")
