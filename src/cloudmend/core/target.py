"""A target of the engine, how a CloudTrail record names it by a control's triggers, and the end of its walk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core import contract
from cloudmend.core.contract import Control, ResourceType, Trigger
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import ApiCall, Resource, Status, Step
from cloudmend.core.partitions import partition_of
from cloudmend.core.ports import Call
from cloudmend.core.standing import StandingFound, UnitState

# If a finding was mended so many times within the hour before, its resource is flapping.
FLAPPING_AFTER: Final = 2
FLAP_WINDOW: Final = timedelta(hours=1)
_ARN: Final = re.compile(r"arn:[^:]+:[^:]*:(?P<region>[^:]*):(?P<account>[^:]*):.+")


class Target(Struct, frozen=True, kw_only=True):
    """A control and a resource, and the call that led there. `swept`: no event did.

    `named` are the parts that the event named, if a read need not wait for them any more. `unit` is the sweep's
    knowledge of the whole unit. Without it, the walk reads the ledger for the resource alone. `accepted` is the record
    of a mend that AWS accepted, and that the queue follows until AWS shows it.
    """

    control: contract.Control[Any]
    resource: Resource
    cause: ApiCall
    swept: bool = False
    named: tuple[str, ...] = ()
    unit: UnitState | None = None
    accepted: str = ""

    @property
    def opened(self) -> tuple[str, ...]:
        """The parts that the call opened, as far as the event names them."""
        return self.named or self.resource.parts

    @property
    def account(self) -> str:
        """The account of the resource, as far as it is known."""
        return self.resource.account or self.cause.account


class Outcome(Struct, frozen=True, kw_only=True):
    """The end of a walk, for the record. `again`: another part is at fault by now, and is mended next.

    `told` is the sentence to use if the findings and steps have none; for a failure, it is the problem. `notes` maps a
    part to the reason why it was mended in another way than planned.
    """

    target: Target
    status: Status
    told: str = ""
    decision: str = ""  # the line of the policy that applied
    findings: tuple[contract.Finding, ...] = ()
    remaining: tuple[contract.Finding, ...] = ()
    planned: tuple[Step, ...] = ()  # what would have been done
    steps: tuple[Step, ...] = ()  # what was done
    notes: Mapping[str, str] = {}
    undo: tuple[Call, ...] = ()  # what takes that back, in order
    errors: tuple[str, ...] = ()
    entry: LedgerRecord | None = None
    flaps: int = 0
    budget_spent: bool = False
    retry_at: datetime | None = None
    late: str = ""  # what AWS does not show yet of what the event tells, in a sentence
    unreadable: tuple[str, ...] = ()  # exemptions
    ledger_unreadable: tuple[str, ...] = ()
    exempt_aside: bool = False  # parts are exempt by themselves
    unsure: bool = False  # whether a write took effect is not known, so that the entry stays open
    view: contract.View | None = None  # what was seen last
    settings: Any = None  # by which that was judged
    again: bool = False
    given_up: bool = False  # nothing was done, and the next walk goes on: nobody is told
    baseline: tuple[contract.Finding, ...] = ()  # left as it was before cloudmend
    only_baseline: bool = False  # nothing else is at fault: `findings` are the same
    spared: tuple[contract.Finding, ...] = ()  # left as it is by an exemption of the part
    stood: Callable[[], StandingFound | None] | None = None  # what stood before; None: that was not asked

    @property
    def is_flapping(self) -> bool:
        return self.flaps >= FLAPPING_AFTER

    @property
    def tags_left_out(self) -> bool:
        """True if the before-image was stored without tags, because the ledger had no room for them."""
        return bool(self.entry and self.entry.intent.tags_left_out)


def resources(control: Control[Any], call: ApiCall) -> tuple[Resource, ...]:
    """Return the resources that the call names, each once; none if the control does not watch the call.

    A resource that is named by an ARN is of the ARN's account and Region, any other of the call's. If the trigger names
    a place of ids and the record has none there, the whole Region is meant: a resource without an id. Raises EventError
    for an id that cannot be one.
    """
    trigger = control.trigger(call)
    return located(control, trigger, call) if trigger else ()


def located(control: Control[Any], trigger: Trigger, call: ApiCall) -> tuple[Resource, ...]:
    """Return the resources that a call names at the places of a trigger, as `resources` does."""
    if control.locate:
        located_by_it = control.locate(call)
        return () if located_by_it is None else tuple(located_by_it) or (_everything(control, call),)
    if control.resource.is_single:
        return (the_one(control.resource, call.account, call.region),)
    found = next((names for path in trigger.at if (names := list(_texts(call, path)))), [])
    parts = tuple(part for path in trigger.parts for part in _texts(call, path))
    whole = (name if _ARN.fullmatch(name) else trigger.prefix + name for name in found)
    named = (_resource(control.resource, call, name, parts) for name in whole)
    return tuple(dict.fromkeys(named)) or (_everything(control, call),)


def the_one(kind: ResourceType, account: str, region: str) -> Resource:
    """Return the one resource that a Region, or an account, has of this kind; an account's is in its home Region."""
    name = account if kind.scope == "account" else region
    return Resource(type=kind.type, id=name, account=account, region=region_of(kind, region))


def region_of(kind: ResourceType, region: str) -> str:
    """Return the Region in which a resource of this kind is looked at: an account's one is in its home Region."""
    return partition_of(region).home if kind.scope == "account" else region


def _everything(control: Control[Any], call: ApiCall) -> Resource:
    return Resource(type=control.resource.type, account=call.account, region=call.region)


def _resource(kind: ResourceType, call: ApiCall, name: str, parts: tuple[str, ...]) -> Resource:
    found = named(kind, name, account=call.account, region=call.region)
    if found is None:
        raise EventError(
            f"Event {call.event_id or '(no id)'} ({call.name}) names the {kind.noun} {name!r}, which is not an id of "
            f"one. Correct the id in the event."
        )
    return msgspec.structs.replace(found, parts=parts)


def named(kind: ResourceType, name: str, *, account: str = "", region: str = "") -> Resource | None:
    """Return the resource that an id or an ARN names; None if it cannot be one of this kind.

    The account and Region of an ARN count before the given ones.
    """
    found = name
    if arn := _ARN.fullmatch(name):
        account, region = arn["account"] or account, arn["region"] or region
        found = _id_in(kind, name)
    if kind.is_lower_case:
        found = found.lower()
    if not re.fullmatch(kind.id_pattern, found):
        return None
    return Resource(type=kind.type, id=found, account=account, region=region)


def _id_in(kind: ResourceType, arn: str) -> str:
    """Return the id that an ARN of this kind holds; the ARN itself if it is of another kind."""
    pattern = re.sub(r"\\{id\\}", "(?P<id>.+)", re.escape(kind.arn))
    pattern = re.sub(r"\\{\w+\\}", "[^:]*", pattern)
    match = re.fullmatch(pattern, arn)
    return match["id"] if match else arn


def _texts(call: ApiCall, path: str) -> Iterator[str]:
    return (found for value in values_at(call, path) if (found := text(value)))


def values_at(call: ApiCall, path: str) -> Iterator[Any]:
    """Yield the values at a path of the record: "response.instancesSet[].instanceId".

    The path begins with "request" or "response". `[]` stands for the members of a list, in any of CloudTrail's forms. A
    key is found with its first letter in either case: hand-made events use the SDK's.
    """
    root, *steps = path.split(".")
    values: list[Any] = [call.request if root == "request" else call.response]
    for step in steps:
        values = [_member(value, step.removesuffix("[]")) for value in values]
        if step.endswith("[]"):
            values = [member for value in values for member in items(value)]
    return (value for value in values if value is not None)


def _member(value: Any, key: str) -> Any:
    table = mapping(value)
    return table.get(key, table.get(key[:1].swapcase() + key[1:]))
