"""Replace a rule at fault by a narrower one, in place, or revoke it if it cannot be narrowed.

`effects` tells what a request does to the rules of a group: undo trusts a stored mend only if its requests have the
effects that the mend records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.model import Request
from cloudmend.core.network import lies_inside

_UPDATES: Final = "SecurityGroupRules"
_RULE_FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "Description")
_SOURCES = frozenset({"CidrIpv4", "CidrIpv6"})


class Replacement(NamedTuple):
    """The rule that takes the place of one at fault; None: it goes, and `because` says why."""

    rule: Rule | None
    because: str = ""


def replacements(facts: GroupFacts, at_fault: Iterable[str], settings: Settings) -> dict[str, Replacement]:
    """Return what takes the place of each rule at fault, by id: of two that would become equal, the second goes."""
    ids = tuple(at_fault)
    rules = {rule.id: rule for rule in facts.ingress}
    places = {rule.place for rule in facts.ingress if rule.id not in ids}
    found: dict[str, Replacement] = {}
    for rule in (rules[rule_id] for rule_id in ids):
        after, obstacle = _replacement(rule, facts, places, settings)
        found[rule.id] = Replacement(after, f"revoked because {obstacle}" if after is None else "")
        if after is not None:
            places.add(after.place)
    return found


def _replacement(
    rule: Rule, facts: GroupFacts, places: set[tuple[Any, ...]], settings: Settings
) -> tuple[Rule | None, str]:
    """Return the narrowed rule; or None, and the reason why there cannot be one."""
    if rule.network is None:
        return None, "its source is a prefix list, and a source cannot change its type"
    network, obstacle = settings.narrowed(rule.network, facts.vpc_blocks, facts.unread_vpc)
    if network is None:
        return None, obstacle
    after = rule.narrowed_to(network)
    if after.place in places:
        return None, f"a rule for {after} already exists"
    return after, ""


def modify(group_id: str, rule: Rule) -> Request:
    """Return the whole of the rule, also its description: AWS can clear a field that is left out."""
    fields = {field: rule.row[field] for field in _RULE_FIELDS if field in rule.row}
    update = {"SecurityGroupRuleId": rule.id, "SecurityGroupRule": fields}
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": group_id, _UPDATES: [update]})


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
