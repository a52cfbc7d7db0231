"""The effects of requests on the rules of a group.

Undo trusts a stored mend only if its requests have the effects that the mend records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudmend.controls.security_group_ingress.facts import Rule
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Request
from cloudmend.core.network import lies_inside

_SOURCES = frozenset({"CidrIpv4", "CidrIpv6"})


def effects(request: Request, rules: dict[str, Rule]) -> Iterator[tuple[str, Rule | None]]:
    """Yield the id of each rule that a request changes, and the rule after the change; None if it is revoked."""
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
    """Return the rule after a Modify, which replaces all fields but id, owner, direction and tags."""
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
