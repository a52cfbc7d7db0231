"""The plan, checked against what the group would be: closed, only narrower, and nothing else touched.

It reads the requests that would be sent, not the reasons of the planner, and shares no code with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Plan, Request
from cloudmend.core.network import lies_inside

_SOURCES = frozenset({"CidrIpv4", "CidrIpv6"})


def check(facts: GroupFacts, plan: Plan, settings: Settings) -> None:
    """Raises UnsafePlan if the requests would leave the group open, wider or otherwise changed."""
    rules = {rule.id: rule for rule in facts.rules}
    for change in plan.changes:
        for rule_id, after in effects(change.request, rules):
            check_effect(rules[rule_id], after)
            del rules[rule_id]
            if after is not None:
                rules[rule_id] = after
    found = detect(msgspec.structs.replace(facts, rules=tuple(rules.values())), settings)
    left = [finding for finding in found if finding.is_due]
    if left:
        raise _unsafe(f"would leave {', '.join(finding.part for finding in left)} at fault")


def effects(request: Request, rules: dict[str, Rule]) -> Iterator[tuple[str, Rule | None]]:
    """Each rule that a request changes, and what becomes of it."""
    if request.action == "ec2:RevokeSecurityGroupIngress":
        yield from ((_known(rule_id, rules), None) for rule_id in request.params["SecurityGroupRuleIds"])
    elif request.action == "ec2:ModifySecurityGroupRules":
        for update in request.params["SecurityGroupRules"]:
            rule_id = _known(update["SecurityGroupRuleId"], rules)
            yield rule_id, _modified(rules[rule_id], update["SecurityGroupRule"])
    else:
        raise _unsafe(f"would call {request.action}")


def _known(rule_id: str, rules: dict[str, Rule]) -> str:
    if rule_id not in rules:
        raise _unsafe(f"would change {rule_id} twice, or a rule that the group does not have")
    return rule_id


def _modified(rule: Rule, fields: dict[str, Any]) -> Rule:
    """The rule after a Modify, which replaces all fields but id, owner, direction and tags."""
    replaced = (
        "IpProtocol",
        "FromPort",
        "ToPort",
        "CidrIpv4",
        "CidrIpv6",
        "PrefixListId",
        "ReferencedGroupInfo",
    )
    kept = {key: value for key, value in rule.row.items() if key not in (*replaced, "Description")}
    return Rule({**kept, **fields})


def check_effect(before: Rule, after: Rule | None) -> None:
    """Raise UnsafePlan if a rule is not only narrowed, or is no ingress rule."""
    if not before.is_ingress:
        raise _unsafe(f"would change the egress rule {before.id}")
    if after is None:
        return
    differing = {key for key in before.row.keys() | after.row.keys() if before.row.get(key) != after.row.get(key)}
    if not differing <= _SOURCES:
        raise _unsafe(f"would change {', '.join(sorted(differing - _SOURCES))} of {before.id}")
    if before.network is None or after.network is None or not lies_inside(after.network, before.network):
        raise _unsafe(f"would widen {before.id} from {before.source} to {after.source}")


def _unsafe(what: str) -> UnsafePlan:
    return UnsafePlan(f"The plan {what}. Nothing was changed. This is a bug of cloudmend: please report it.")
