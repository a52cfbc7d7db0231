"""An event bus as the target of a rule: the hop from Region to Region, within one account.

EventBridge assumes the role of the target, which needs events:PutEvents on the bus. The event that arrives has an id
and a time of its own, and keeps its account and its Region. At most one hop leads from Region to Region.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from cloudmend.core.partitions import partition_of
from cloudmend.local import queues
from cloudmend.local.clock import CLOCK
from cloudmend.local.iam.collect import policies_of, role_of
from cloudmend.local.iam.enforce import can_assume
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.events.models import Rule

_SERVICE = "events.amazonaws.com"
_DEFAULT = "event-bus/default"
_BUS = re.compile(r"arn:[^:]+:events:[^:]+:[^:]+:event-bus/.+")


def is_bus(arn: str) -> bool:
    """Return whether a target is an event bus."""
    return bool(_BUS.fullmatch(arn))


def region_of(arn: str) -> str:
    """Return the Region of a bus."""
    return queues.parse_arn(arn).region


def refusal(rule: Rule, target: Mapping[str, Any], region: str, *, has_hopped: bool) -> str:
    """Return EventBridge's error code for a bus that does not take the event; empty if it does.

    `region` is where the rule is, and `has_hopped` whether the event came there from another Region.
    """
    bus = queues.parse_arn(target["Arn"])
    if bus.account != rule.account_id or bus.partition != partition_of(bus.region).id or bus.resource != _DEFAULT:
        return "NO_RESOURCE"
    if has_hopped and bus.region != region:
        return "THIRD_REGION_HOP_DETECTED"
    return "" if _may_put(rule, target) else "NO_PERMISSIONS"


def _may_put(rule: Rule, target: Mapping[str, Any]) -> bool:
    """Return whether EventBridge can assume the target's role, and the role put events on the bus."""
    role = role_of(target.get("RoleArn", ""))
    if role is None:
        return False
    context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id}
    caller = Caller("role", role.account_id, f"{role.arn}/events", issuer=role.arn)
    puts = AccessRequest("events:PutEvents", target["Arn"], {})
    return can_assume(_SERVICE, role.arn, context) and evaluate(puts, caller, policies_of(role)).allowed


def arrived(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event as the other bus has it."""
    return {**event, "id": str(uuid.uuid4()), "time": CLOCK.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
