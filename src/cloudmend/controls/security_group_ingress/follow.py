"""The rules of a group after an API call, as its CloudTrail record shows them; for looking back without AWS.

A record shows the effect of a call, but not the state before it. Rules that are older than the records are not known,
and neither are the entries of a prefix list. A replay follows a group by them: its rules, the time since when each is
known, and its VPC.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import Followed, Following, State, Trigger
from cloudmend.core.errors import EventError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.network import protocol_name
from cloudmend.core.policy.model import Policy

_AUTHORIZED: Final = {"AuthorizeSecurityGroupIngress": False, "AuthorizeSecurityGroupEgress": True}
_REVOKED: Final = {"RevokeSecurityGroupIngress": False, "RevokeSecurityGroupEgress": True}
FOLLOWED: Final = frozenset(
    {*_AUTHORIZED, *_REVOKED, "CreateSecurityGroup", "DeleteSecurityGroup", "ModifySecurityGroupRules"}
)

_WITH_PORTS: Final = ("tcp", "udp", "icmp", "icmpv6")
_CIDRS: Final = {"cidrIp": "CidrIpv4", "cidrIpv4": "CidrIpv4", "cidrIpv6": "CidrIpv6"}
_SOURCES: Final = ("ipRanges", "ipv6Ranges", "prefixListIds", "groups")  # the lists of a permission


class Step(Struct, frozen=True):
    """A group after a call; None if it was deleted. `older` are the ids of rules that no earlier call shows."""

    facts: GroupFacts | None
    older: tuple[str, ...] = ()


def follow(facts: GroupFacts, call: ApiCall) -> Step:
    """The call is one of FOLLOWED, and concerns this group. Raises EventError for a rule that cannot be one."""
    if call.name in _AUTHORIZED:
        return _authorized(facts, call)
    if call.name in _REVOKED:
        return _revoked(facts, call)
    if call.name == "ModifySecurityGroupRules":
        return _modified(facts, call)
    if call.name == "DeleteSecurityGroup":
        return Step(None)
    return Step(msgspec.structs.replace(facts, vpc_id=text(call.request.get("vpcId"))))


def _with(facts: GroupFacts, rules: Iterable[Rule]) -> GroupFacts:
    """The group with these rules too; one of the same id is replaced."""
    by_id = {rule.id: rule for rule in (*facts.rules, *rules)}
    return msgspec.structs.replace(facts, rules=tuple(by_id[rule_id] for rule_id in sorted(by_id)))


def _authorized(facts: GroupFacts, call: ApiCall) -> Step:
    is_egress = _AUTHORIZED[call.name]
    told = [mapping(row) for row in items(call.response.get("securityGroupRuleSet"))]
    # Until 2021 the response told no ids: these are ours.
    rows = told or [{"securityGroupRuleId": f"{call.event_id}/{n}", **row} for n, row in enumerate(_permitted(call))]
    return Step(_with(facts, [_rule(text(row.get("securityGroupRuleId")), row, is_egress=is_egress) for row in rows]))


def _revoked(facts: GroupFacts, call: ApiCall) -> Step:
    """Find the revoked rules by the ids of the response, or those of the request, or the rules that it describes."""
    told = items(call.response.get("revokedSecurityGroupRuleSet")) or items(_get(call.request, "securityGroupRuleIds"))
    ids = {text(mapping(row).get("securityGroupRuleId")) or text(row) for row in told}
    if not ids:
        is_egress = _REVOKED[call.name]
        places = {_rule("", row, is_egress=is_egress).place for row in _permitted(call)}
        ids = {rule.id for rule in facts.rules if rule.is_ingress != is_egress and rule.place in places}
        ids = ids or {f"{call.event_id}/{n}" for n in range(len(places))}
    return Step(facts.without(frozenset(ids)), _older(facts, ids))


def _modified(facts: GroupFacts, call: ApiCall) -> Step:
    """Direction is not told: a rule that is not known is taken to be ingress."""
    wrapped = mapping(call.request.get("ModifySecurityGroupRulesRequest"))
    updates = {
        text(row.get("SecurityGroupRuleId")): row for row in map(mapping, items(wrapped.get("SecurityGroupRule")))
    }
    egress = {rule.id for rule in facts.rules if not rule.is_ingress}
    rules = [
        _rule(rule_id, inner, is_egress=rule_id in egress)
        for rule_id, row in updates.items()
        if (inner := mapping(row.get("SecurityGroupRule")))
    ]
    return Step(_with(facts, rules), _older(facts, updates))


def _older(facts: GroupFacts, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ids) - {rule.id for rule in facts.rules}))


def _permitted(call: ApiCall) -> Iterator[Json]:
    """A row for each source in a request's permissions, which may also stand beside its other parameters."""
    for permission in map(mapping, items(_get(call.request, "ipPermissions")) or (call.request,)):
        ports = {name: _get(permission, name) for name in ("ipProtocol", "fromPort", "toPort")}
        if cidr := _get(permission, "cidrIp"):
            yield {**ports, "cidrIp": cidr}
        for plural in _SOURCES:
            yield from ({**ports, **mapping(source)} for source in items(_get(permission, plural)))


def claimed_rule(rule_id: str, row: Json) -> Rule:
    """The rule that a Modify says it makes. Raises EventError for a rule that cannot be one."""
    return _rule(rule_id, row, is_egress=False)


def _rule(rule_id: str, row: Json, *, is_egress: bool) -> Rule:
    """A row in any of CloudTrail's spellings, as DescribeSecurityGroupRules would give it."""
    protocol = protocol_name(text(_get(row, "ipProtocol")))
    ports = [_port(_get(row, name)) for name in ("fromPort", "toPort")] if protocol in _WITH_PORTS else [-1, -1]
    return Rule(
        {
            "SecurityGroupRuleId": rule_id,
            "IsEgress": is_egress,
            "IpProtocol": protocol,
            "FromPort": ports[0],
            "ToPort": ports[1],
            **_source(row),
        }
    )


def _source(row: Json) -> dict[str, Any]:
    for name, field in _CIDRS.items():
        if cidr := text(_get(row, name)):
            return {field: _canonical(cidr)}
    if prefix_list_id := text(_get(row, "prefixListId")):
        return {"PrefixListId": prefix_list_id}
    group = mapping(_get(row, "referencedGroupInfo"))
    return {"ReferencedGroupInfo": {"GroupId": text(_get(group or row, "groupId")) or _get(row, "referencedGroupId")}}


@lru_cache(maxsize=4096)
def _canonical(cidr: str) -> str:
    """Return the range as EC2 stores it: 100.68.0.18/18 becomes 100.68.0.0/18."""
    try:
        return str(ip_network(cidr, strict=False))
    except ValueError as error:
        raise EventError(f"A rule's source is no CIDR range: {error}.") from None


def _port(value: object) -> int:
    try:
        return int(text(value))
    except ValueError:
        return -1


def _get(row: Json, name: str) -> object:
    """Return a field in the classic encoding's spelling, or the SDK's: groupId or GroupId."""
    return row.get(name, row.get(name[0].upper() + name[1:]))


def _step(before: State | None, group: Resource, call: ApiCall, time: datetime) -> Followed:
    account, group_id = group.account, group.key
    was = before.context if before else GroupFacts(account=account, image={}, group_id=group_id, rules=())
    step = follow(was, call)
    if step.facts is None or not (step.facts.rules or step.facts.vpc_id):
        return Followed(None, step.older)
    return Followed(state_of(_dated(step.facts, was, time)), step.older)


def state_of(facts: GroupFacts) -> State:
    """Return the facts as a read of the group would."""
    labels = {"vpc": facts.vpc_id} if facts.vpc_id else {}
    return State({rule.id: rule.row for rule in facts.ingress}, context=facts, owner=facts.account, labels=labels)


def _dated(facts: GroupFacts, before: GroupFacts, time: datetime) -> GroupFacts:
    """Return the group in which each rule that the call added or changed is known since its time."""
    same = {(rule.id, rule.place) for rule in before.rules}
    since = before.recency.known_since
    known = {rule.id: since[rule.id] if (rule.id, rule.place) in same else time for rule in facts.rules}
    return msgspec.structs.replace(facts, recency=msgspec.structs.replace(facts.recency, known_since=known))


def _alike(state: State) -> Hashable:
    """Return what a judgement depends on, but for ids: what the rules say, and which of them are older than which."""
    facts: GroupFacts = state.context
    rules, known = facts.ingress, facts.recency.known_since
    times = sorted({known[rule.id] for rule in rules if rule.id in known})
    ranks = (times.index(known[rule.id]) if rule.id in known else -1 for rule in rules)
    return (*ranks, *(rule.place for rule in rules))


def _caveats(settings: Settings, policy: Policy) -> Iterator[str]:
    if "vpc" in settings.replacement.values():
        yield "The policy narrows to the VPC's own block, which the records do not show. Here such a rule is revoked."
    if policy.tells_vpcs_apart:
        yield "The policy distinguishes VPCs, but the records show the VPC only of groups that were created in them."


FOLLOW: Final = Following[Settings](
    calls=tuple(Trigger("ec2.amazonaws.com", name) for name in sorted(FOLLOWED)),
    step=_step,
    alike=_alike,
    older="The rule is older than the records: it may have been open before, and may be egress.",
    untold="the records do not show all entries of a prefix list",
    caveats=_caveats,
)
