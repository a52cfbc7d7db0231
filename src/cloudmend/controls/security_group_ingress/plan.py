"""Plan a mend: narrow in place with one ModifySecurityGroupRules, or revoke by rule id if narrowing is not possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.model import Change, Edit, Finding, Plan, Request
from cloudmend.core.network import Network, lies_inside, public_part

_UPDATES: Final = "SecurityGroupRules"
_IDS: Final = "SecurityGroupRuleIds"
_GONE: Final = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound"})


def plan(facts: GroupFacts, findings: tuple[Finding, ...], settings: Settings) -> Plan:
    """One Modify for all that can be narrowed, one Revoke for the rest, in the order of the findings."""
    why = {finding.part: finding.why for finding in findings}
    rules = {rule.id: rule for rule in facts.ingress}
    places = {rule.place for rule in facts.ingress if rule.id not in why}
    narrowings: list[Change] = []
    revocations: list[Change] = []
    for rule in (rules[part] for part in why):
        after, obstacle = _replacement(rule, facts, places, settings)
        if after is None:
            revocations.append(_revoke(facts.group_id, rule, f"{why[rule.id]}; revoked because {obstacle}"))
        else:
            narrowings.append(_narrow(facts.group_id, rule, after, why[rule.id]))
            places.add(after.place)
    return Plan((*_in_one_call(narrowings, _UPDATES), *_in_one_call(revocations, _IDS)))


def _replacement(
    rule: Rule, facts: GroupFacts, places: set[tuple[Any, ...]], settings: Settings
) -> tuple[Rule | None, str]:
    """The narrowed rule; or None and the reason why there cannot be one."""
    if rule.network is None:
        return None, "its source is a prefix list, and a source cannot change its type"
    network, obstacle = _network(rule.network, facts, settings)
    if network is None:
        return None, obstacle
    after = rule.narrowed_to(network)
    if after.place in places:
        return None, f"a rule for {after} already exists"
    return after, ""


def _network(source: Network, facts: GroupFacts, settings: Settings) -> tuple[Network | None, str]:
    """What takes a source's place; or None and the reason why nothing can."""
    replacement = settings.replacement[source.version]
    if replacement == "revoke":
        return None, "the policy says so"
    if replacement == "vpc":
        if facts.unread_vpc:
            return None, f"the VPC's blocks cannot be read: {facts.unread_vpc}"
        own = [block for block in facts.vpc_blocks if lies_inside(block, source) and not public_part(block)]
        return (own[0], "") if own else (None, f"the VPC has no private block inside {source}")
    if not lies_inside(replacement, source):
        return None, f"{replacement} does not lie inside {source}"
    return replacement, ""


def _narrow(group_id: str, before: Rule, after: Rule, why: str) -> Change:
    """In place; where AWS refuses, the rule is revoked."""
    return Change(
        request=modify(group_id, after),
        inverse=(modify(group_id, before),),
        edits=(
            Edit(
                part=before.id,
                before=str(before),
                after=str(after),
                did=f"narrowed {before} to {after.source}",
                why=why,
            ),
        ),
        settled=_GONE,
        otherwise=_revoke(group_id, before, f"{why}; revoked because AWS refused to narrow it"),
    )


def _revoke(group_id: str, rule: Rule, why: str) -> Change:
    return Change(
        request=Request("ec2:RevokeSecurityGroupIngress", {"GroupId": group_id, _IDS: [rule.id]}),
        inverse=(authorize(group_id, rule),),
        edits=(Edit(part=rule.id, before=str(rule), after="", did=f"revoked {rule}", why=why),),
        settled=_GONE,
    )


def _in_one_call(changes: list[Change], key: str) -> tuple[Change, ...]:
    """The same changes as one, whose request lists all theirs under `key`; refused, they are applied one by one."""
    if len(changes) < 2:
        return tuple(changes)
    inverse = tuple(request for change in changes for request in change.inverse)
    return (
        Change(
            request=_merged([change.request for change in changes], key),
            inverse=(_merged(inverse, key),) if key in inverse[0].params else inverse,
            edits=tuple(edit for change in changes for edit in change.edits),
            pieces=tuple(changes),
        ),
    )


def _merged(requests: Sequence[Request], key: str) -> Request:
    """Requests that differ in the list under `key` alone, as one."""
    first = requests[0]
    return Request(first.action, {**first.params, key: [item for request in requests for item in request.params[key]]})


_RULE_FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "Description")


# Where a permission lists each kind of source that a rule can have here.
_PERMISSION_FIELDS: Final = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
}


def modify(group_id: str, rule: Rule) -> Request:
    """The whole of the rule, description too: what is left out may be cleared."""
    fields = {field: rule.row[field] for field in _RULE_FIELDS if field in rule.row}
    update = {"SecurityGroupRuleId": rule.id, "SecurityGroupRule": fields}
    return Request("ec2:ModifySecurityGroupRules", {"GroupId": group_id, _UPDATES: [update]})


def authorize(group_id: str, rule: Rule) -> Request:
    """Return what brings a revoked rule back, under a new id. cloudmend itself may not send it."""
    row = rule.row
    described = {"Description": row["Description"]} if row.get("Description") else {}
    ports = {field: row[field] for field in ("FromPort", "ToPort") if field in row}
    ranges = {
        plural: [{member: row[field], **described}]
        for field, (plural, member) in _PERMISSION_FIELDS.items()
        if row.get(field)
    }
    tags = row.get("Tags")
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]} if tags else {}
    permission = {"IpProtocol": row["IpProtocol"], **ports, **ranges}
    return Request("ec2:AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [permission], **tagged})
