"""The step between the first station and the second: the place of a call, and targets of several resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cloudmend.core.contract import Control
from cloudmend.core.errors import CloudmendError
from cloudmend.core.model import SWEEP, ApiCall, Resource
from cloudmend.core.policy.model import Policy
from cloudmend.core.target import Outcome, Target, the_one
from cloudmend.core.world import World
from cloudmend.engine.stations.later import look_again_named
from cloudmend.engine.stations.values import clean, failed, sentence

REGION: Final = "AWS::Region"
_NAMED: Final = 5  # resources of other accounts that a sentence names


def everything(control: Control[Any], world: World) -> Target:
    """Return the target of a sweep or a scan: all of the control's kind in the world's Region."""
    kind, account, region = control.resource, _account(world), world.region
    cause = ApiCall(event_id="", source="cloudmend", name=SWEEP, time=None, account="", region=region)
    everywhere = Resource(type=REGION, id=region, account=account, region=region)
    resource = the_one(kind, account, region) if kind.is_single else everywhere
    return Target(control=control, resource=resource, cause=cause, swept=True)


def _account(world: World) -> str:
    """Return the account of resources that are named by an id only; empty if the account is not known."""
    try:
        return world.account()
    except CloudmendError:
        return ""


def resolve(targets: Sequence[Target], policy: Policy, world: World) -> tuple[list[Target], list[Outcome]]:
    """Return a target for each resource that a target stands for, and the ends of those that are not looked at.

    If a list can be read in part only, cloudmend mends the resources of that part and reports that the rest is unread.
    """
    found: list[Target] = []
    ended: list[Outcome] = []
    for each in targets:
        if end := misplaced(each, world):
            ended.append(end)
            continue
        target = _of_account(each, world)
        named, ends = each_of(target, policy, world)
        own, others = ours(named, world)
        found += own
        ended += [*ends, *([left_to_owners(target, others, world)] if others else [])]
    return found, ended


def each_of(target: Target, policy: Policy, world: World) -> tuple[list[Target], list[Outcome]]:
    """Return a target for each resource of a target, and the end of that target if there are none, or not all."""
    control = target.control
    if control.resource.scope == "account" and target.swept and target.resource.region != world.region:
        return [], []  # an account's one is looked at from its home Region
    is_one = target.resource.type == control.resource.type and bool(target.resource.id)
    if control.every is None or (is_one and not control.is_of_some):
        return [target], []
    found: list[Target] = []
    settings = policy.settings_of(control)
    try:
        for each in control.every(target.resource, world.reader, settings):
            found.append(_with(target, each))  # noqa: PERF401 - what came before an error stays
    except Exception as error:  # noqa: BLE001 - a list that cannot be read costs what it would have named
        return found, [failed(target, error)]
    return found, [] if found else [_nothing(target, settings, world)]


def _nothing(target: Target, settings: Any, world: World) -> Outcome:
    """Return the end of a target without a resource. If the event is young, AWS may not show the resource yet."""
    end = clean(target, None, settings)
    return look_again_named(end, world) if target.resource.name else end


def _with(target: Target, named: str | Resource) -> Target:
    resource = target.resource
    if isinstance(named, str):
        named = Resource(type=target.control.resource.type, id=named, account=resource.account)
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(named, region=resource.region))


def placed(call: ApiCall, world: World) -> ApiCall:
    """Return the call, in this Region if it names none: somebody then wrote it by hand, for this Region."""
    return call if call.region else msgspec.structs.replace(call, region=world.region)


def misplaced(target: Target, world: World) -> Outcome | None:
    """Return the end of a call that was not made here, or whose place is unknown; None for a call made here."""
    try:
        problem = _elsewhere(target.cause, world) or _others(target, world)
    except CloudmendError as error:
        problem = f"it is not known which account this is, so nothing was looked at: {sentence(error)}"
    return Outcome(target=target, status="failed", told=problem) if problem else None


def _elsewhere(call: ApiCall, world: World) -> str:
    """Return why the call is not answered here; empty if it is. A call that names no account was made here."""
    places = [("Region", call.region, world.region)]
    if call.account:
        places.append(("account", call.account, world.account()))
    if all(there == here for _, there, here in places):
        return ""
    there = " and ".join(f"{kind} {there}" for kind, there, _ in places)
    here = " and ".join(f"{kind} {here}" for kind, _, here in places)
    return (
        f"the call was made in {there}, and cloudmend acts in {here}. Nothing was looked at or changed, and it may be "
        "open. Run cloudmend there, and hand the event to it with credentials of that account and that --region."
    )


def _others(target: Target, world: World) -> str:
    """Return why a resource is not looked at: it belongs to another account or Region; empty if it is here."""
    resource, own = target.resource, world.account()
    if resource.account in ("", own) and resource.region in ("", world.region):
        return ""
    return (
        f"it is in Region {resource.region} of account {resource.account}, and cloudmend acts in Region {world.region} "
        f"of account {own}. Nothing was looked at or changed, and it may be at fault. Tell its owner."
    )


def _of_account(target: Target, world: World) -> Target:
    """Return the target with this account and Region if it names none: somebody wrote it by hand, for here."""
    resource = target.resource
    account, region = resource.account or world.account(), resource.region or world.region
    return msgspec.structs.replace(target, resource=msgspec.structs.replace(resource, account=account, region=region))


def ours(found: Sequence[Target], world: World) -> tuple[list[Target], list[Resource]]:
    """Return the targets of this account, and the resources that others own.

    If this account is not known, all count as its own. That does no harm: a mend of another account's resource ends
    before it begins.
    """
    if not any(target.resource.account for target in found):
        return list(found), []
    try:
        own = ("", world.account())
    except CloudmendError:
        return list(found), []
    return (
        [target for target in found if target.resource.account in own],
        [target.resource for target in found if target.resource.account not in own],
    )


def left_to_owners(target: Target, others: Sequence[Resource], world: World) -> Outcome:
    """Return the end of the resources that others own: one end for the target, and not one for each resource."""
    named = ", ".join(f"{each.id} of account {each.account}" for each in others[:_NAMED])
    more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
    told = f"it also leads to resources of other accounts, which cloudmend did not read: {named}{more}"
    decision = f"cloudmend acts in account {world.account()} alone; have it run there too, or tell the owners"
    return Outcome(target=target, status="observed", told=told, decision=decision)
