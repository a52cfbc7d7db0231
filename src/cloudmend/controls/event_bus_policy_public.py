"""An event bus whose policy lets strangers in: principals of accounts that its author could not have named.

The statement is narrowed in place to the bus's own account, or to its organization, if the policy file names one. Rules
of other accounts can no longer send to the bus, unless another statement names their account. EventBridge takes a whole
policy, so that the Sids, the order, and all other statements stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloudmend.controls.families.policy_records import POLICY, policy_of, with_statement, without_statement
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import EVENT_BUS
from cloudmend.core.contract import State, Trigger, lists, rights
from cloudmend.core.errors import EventError
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call, Reader
from cloudmend.core.target import named

_LIMIT: Final = 10_240  # bytes
_GONE: Final = "ResourceNotFoundException"
_WRITES: Final = rights("events:PutPermission", of="*")  # IAM knows no narrower resource of it
_DEFAULT: Final = "default"  # the bus of a call that names none


def _locate(call: ApiCall) -> Iterator[Resource]:
    """Yield the bus of a call; none if the record lacks the parameters. Raises EventError."""
    if not call.request:
        return
    name = call.request.get("name" if call.name == "DeleteEventBus" else "eventBusName") or _DEFAULT
    found = named(EVENT_BUS, str(name), account=call.account, region=call.region)
    if found is None:
        raise EventError(f"Event {call.event_id} ({call.name}) names {name!r}, which is not the name of an event bus.")
    yield found


def _read(bus: Resource, reader: Reader, _: Settings) -> State | None:
    answer = reader.get(Call("events", "DescribeEventBus", {"Name": bus.id}), {_GONE: None})
    if answer is None:
        return None
    return State({POLICY: answer[POLICY]} if answer.get(POLICY) else {})


def _put(bus: Resource, _: State, text: str) -> Call:
    return Call("events", "PutPermission", {"EventBusName": bus.id, POLICY: text})


def _every(_: Resource, reader: Reader, __: Settings) -> Iterator[str]:
    """Yield the buses that have a policy, which the list shows."""
    return (row["Name"] for row in reader.stream(Call("events", "ListEventBuses"), "EventBuses") if row.get(POLICY))


def _says(call: ApiCall, before: str) -> str:
    match call.name:
        case "PutPermission" if call.request.get("policy"):
            return policy_of(call, call.request["policy"])
        case "PutPermission":
            return with_statement(before, _statement(call))
        case "RemovePermission" if not call.request.get("removeAllPermissions"):
            return without_statement(before, call.request.get("statementId"))
    return ""


def _statement(call: ApiCall) -> Json:
    """Return the statement that a call adds: to an account, or to everybody under a condition."""
    added = {
        "Sid": call.request.get("statementId"),
        "Effect": "Allow",
        "Principal": {"AWS": call.request.get("principal")},
        "Action": call.request.get("action", "events:PutEvents"),
    }
    condition = mapping(call.request.get("condition"))
    if not condition:
        return added
    return {**added, "Condition": {condition.get("type"): {condition.get("key"): condition.get("value")}}}


CONTROL: Final = public_policy(
    id="event_bus_policy_public",
    title="An event bus's policy lets strangers in",
    severity="high",
    advice="In Terraform, add the condition to the aws_cloudwatch_event_bus_policy resource.",
    resource=EVENT_BUS,
    triggers=(Trigger("events.amazonaws.com", "PutPermission"),),
    follows=tuple(Trigger("events.amazonaws.com", name) for name in ("DeleteEventBus", "RemovePermission")),
    says=_says,
    reads=(*rights("events:DescribeEventBus"), *lists("events:ListEventBuses")),
    writes=_WRITES,
    undoes=_WRITES,
    read=_read,
    put=_put,
    every=_every,
    limit=_LIMIT,
    locate=_locate,
    errors={_GONE: "settled", "ConcurrentModificationException": "raced"},
)
