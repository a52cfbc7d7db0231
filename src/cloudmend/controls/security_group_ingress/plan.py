"""What to do: narrow in place with one ModifySecurityGroupRules, revoke by rule id where that cannot be."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.core.model import Change, Edit, Finding, Json, Plan, Request
from cloudmend.core.network import lies_inside
from cloudmend.core.policy import Policy

_GONE: Final = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound"})


class _Narrowing(Struct, frozen=True):
    """A rule, what it becomes, and why."""

    before: Rule
    after: Rule
    why: str


def plan(facts: GroupFacts, findings: tuple[Finding, ...], policy: Policy) -> Plan:
    """One Modify for all that can be narrowed, one Revoke for the rest."""
    why = {finding.part: finding.why for finding in findings}
    places = {rule.place for rule in facts.ingress if rule.id not in why}
    narrowings: list[_Narrowing] = []
    revocations: list[tuple[Rule, str]] = []
    for rule in (rule for rule in facts.ingress if rule.id in why):
        after, obstacle = _replacement(rule, places, policy)
        if after is None:
            revocations.append((rule, f"{why[rule.id]}; revoked because {obstacle}"))
        else:
            narrowings.append(_Narrowing(rule, after, why[rule.id]))
            places.add(after.place)
    changes = [_narrow(facts.group_id, tuple(narrowings))] if narrowings else []
    changes += [_revoke(facts.group_id, tuple(revocations))] if revocations else []
    return Plan(tuple(changes))


def _replacement(rule: Rule, places: set[tuple[Any, ...]], policy: Policy) -> tuple[Rule | None, str]:
    """The narrowed rule; or None and the reason why there cannot be one."""
    if rule.network is None:
        return None, "its source is not a CIDR range"
    network = policy.replacement[rule.network.version]
    if not lies_inside(network, rule.network):
        return None, f"{network} does not lie inside {rule.network}"
    after = rule.narrowed_to(network)
    if after.place in places:
        return None, f"a rule for {after} stands in its place"
    return after, ""


def _narrow(group_id: str, narrowings: tuple[_Narrowing, ...]) -> Change:
    """One call for all rules; refused, one call for each; refused again, the rule is revoked."""
    single = len(narrowings) == 1
    first = narrowings[0]
    return Change(
        request=_modify(group_id, [n.after for n in narrowings]),
        inverse=(_modify(group_id, [n.before for n in narrowings]),),
        edits=tuple(Edit(part=n.before.id, before=str(n.before), after=str(n.after), why=n.why) for n in narrowings),
        settled=_GONE if single else frozenset(),
        pieces=() if single else tuple(_narrow(group_id, (n,)) for n in narrowings),
        otherwise=_revoke(group_id, ((first.before, f"{first.why}; revoked because AWS refused to narrow it"),))
        if single
        else None,
    )


def _revoke(group_id: str, revocations: tuple[tuple[Rule, str], ...]) -> Change:
    single = len(revocations) == 1
    return Change(
        request=Request(
            "ec2:RevokeSecurityGroupIngress",
            {"GroupId": group_id, "SecurityGroupRuleIds": [rule.id for rule, _ in revocations]},
        ),
        inverse=tuple(_authorize(group_id, rule) for rule, _ in revocations),
        edits=tuple(Edit(part=rule.id, before=str(rule), after="", why=why) for rule, why in revocations),
        settled=_GONE if single else frozenset(),
        pieces=() if single else tuple(_revoke(group_id, (one,)) for one in revocations),
    )


_RULE_FIELDS: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6", "Description")


def _modify(group_id: str, rules: list[Rule]) -> Request:
    """The whole of each rule, description too: what is left out may be cleared."""
    return Request(
        "ec2:ModifySecurityGroupRules",
        {
            "GroupId": group_id,
            "SecurityGroupRules": [
                {
                    "SecurityGroupRuleId": rule.id,
                    "SecurityGroupRule": {field: rule.row[field] for field in _RULE_FIELDS if field in rule.row},
                }
                for rule in rules
            ],
        },
    )


def _authorize(group_id: str, rule: Rule) -> Request:
    """What brings a revoked rule back, under a new id. cloudmend itself may not send it."""
    row = rule.row
    described = {"Description": row["Description"]} if row.get("Description") else {}
    ports = {field: row[field] for field in ("FromPort", "ToPort") if field in row}
    if "CidrIpv4" in row:
        ranges: Json = {"IpRanges": [{"CidrIp": row["CidrIpv4"], **described}]}
    else:
        ranges = {"Ipv6Ranges": [{"CidrIpv6": row["CidrIpv6"], **described}]}
    tags = row.get("Tags")
    tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]} if tags else {}
    permission = {"IpProtocol": row["IpProtocol"], **ports, **ranges}
    return Request("ec2:AuthorizeSecurityGroupIngress", {"GroupId": group_id, "IpPermissions": [permission], **tagged})
