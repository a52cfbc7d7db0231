"""The control by the contract: a group's ingress rules are its parts, and a mend puts all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from cloudmend.controls.families.groups import FIELDS, GROUP, Rule, authorize, by_group, find_groups, form, rules_of
from cloudmend.controls.resource_types import SECURITY_GROUP
from cloudmend.controls.security_group_ingress.detect import all_clear, detect
from cloudmend.controls.security_group_ingress.expand import PREFIX_LIST, expand
from cloudmend.controls.security_group_ingress.explain import HINTS, WORDS, explain
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.follow import FOLLOW
from cloudmend.controls.security_group_ingress.keys import KEYS
from cloudmend.controls.security_group_ingress.marks import mark_of, marks, parse_mark
from cloudmend.controls.security_group_ingress.observe import complete, facts_of, named
from cloudmend.controls.security_group_ingress.plan import replacements
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.controls.security_group_ingress.targets import targets, unseen
from cloudmend.controls.security_group_ingress.undo import revert
from cloudmend.core.contract import (
    Control,
    Finding,
    PartIds,
    Parts,
    Reach,
    State,
    Trigger,
    View,
    lists,
    rights,
)
from cloudmend.core.errors import CloudmendError
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Json, Request, Resource, Step
from cloudmend.core.network import lies_inside
from cloudmend.core.ports import Call, Reader, Rows

# What the rights are about. A rule may refer to a list that another account shares, or to one of AWS's own.
_RULES: Final = "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}"
_LISTS: Final = "arn:{partition}:ec2:{region}:*:prefix-list/{id}"
# EC2 checks a Modify against the group and the rules, an Authorize against new rules only if they have tags, and a
# Revoke against the group alone.
_PLACES: Final = (SECURITY_GROUP.arn, _RULES)
_RESTORING: Final = ("ec2:AuthorizeSecurityGroupIngress", "ec2:ModifySecurityGroupRules")
_SOURCES: Final = frozenset({"CidrIpv4", "CidrIpv6"})
_GONE: Final = ("InvalidGroup.NotFound", "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound")
_OPENING: Final = (
    "AuthorizeSecurityGroupIngress",
    "ModifyManagedPrefixList",
    "ModifySecurityGroupRules",
    "RestoreManagedPrefixListVersion",
)


def _locate(call: ApiCall) -> Iterator[Resource]:
    return (msgspec.structs.replace(each, account=call.account, region=call.region) for each in targets(call))


def _read(group: Resource, reader: Reader, settings: Settings) -> State | None:
    return _read_many([group], reader, settings).get(group.id)


def _read_many(groups: Sequence[Resource], reader: Reader, settings: Settings) -> Mapping[str, State]:
    """Return those that exist, each with its VPC."""
    ids = [group.id for group in groups]
    described = reader.begin(lambda: find_groups(by_group(ids), reader))
    rules = rules_of(groups, reader)
    rows = {str(row["GroupId"]): row for row in described()}
    there = [group for group in groups if rules[group.id] or group.id in rows]
    return {group.id: _state(group, rules[group.id], rows.get(group.id), reader, settings) for group in there}


def _state(group: Resource, rules: Rows, row: Json | None, reader: Reader, settings: Settings) -> State:
    facts = named(facts_of(group.id, rules, reader, settings), group)
    facts = complete(facts, [row] if row else [], reader, settings)
    labels = {"name": facts.name, "vpc": facts.vpc_id} if row else {}
    owner = facts.account or str((row or {}).get("OwnerId", ""))
    return State(_parts(facts), context=facts, owner=owner, labels=labels)


def _read_again(
    groups: Sequence[Resource], before: Mapping[str, State], reader: Reader, settings: Settings
) -> Mapping[str, State]:
    """Read the rules and their prefix lists again; keep the groups themselves and their VPCs from before."""
    rules = rules_of(groups, reader)
    return {
        group.id: _with_rules(before[group.id], facts_of(group.id, rules[group.id], reader, settings))
        for group in groups
    }


def _with_rules(before: State, now: GroupFacts) -> State:
    facts: GroupFacts = before.context
    facts = msgspec.structs.replace(
        facts, rules=now.rules, prefix_lists=now.prefix_lists, unread_lists=now.unread_lists
    )
    return msgspec.structs.replace(before, parts=_parts(facts), context=facts)


def _parts(facts: GroupFacts) -> Parts:
    return {rule.id: rule.row for rule in facts.ingress}


def _facts(view: View) -> GroupFacts:
    """Return the group as the view counts it: its egress rules, and the ingress rules that are not exempt."""
    facts: GroupFacts = view.state.context
    egress = [rule for rule in facts.rules if not rule.is_ingress]
    rules = sorted((*egress, *map(Rule, view.counted.values())), key=lambda rule: rule.id)
    return msgspec.structs.replace(facts.dated(view.recent, view.old), rules=tuple(rules))


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    facts = _facts(view)
    found = detect(facts, settings)
    due = [finding.part for finding in found if finding.is_due]
    replaced = replacements(facts, due, settings)
    rules = {rule.id: rule for rule in facts.ingress}
    for each in found:
        rule, replacement = rules[each.part], replaced.get(each.part)
        yield Finding(
            part=each.part,
            why=each.why,
            because=replacement.because if replacement else "",
            mended=(replacement.rule and replacement.rule.row) if replacement else UNSET,
            mark=mark_of(rule),
            restraint=each.restraint,
            wait=each.wait,
        )


def _put(group: Resource, now: State, then: Parts) -> Iterator[Call]:
    """Yield one Modify for all rules that change, one Revoke for all that go, and an Authorize for each new rule."""
    changing = {part: row for part, row in then.items() if part in now.parts and row != now.parts[part]}
    going = tuple(part for part in now.parts if part not in then)
    if changing:
        updates = [{"SecurityGroupRuleId": part, "SecurityGroupRule": _said(row)} for part, row in changing.items()]
        params = {"GroupId": group.id, "SecurityGroupRules": updates}
        yield Call("ec2", "ModifySecurityGroupRules", params, parts=tuple(changing))
    if going:
        params = {"GroupId": group.id, "SecurityGroupRuleIds": list(going)}
        yield Call("ec2", "RevokeSecurityGroupIngress", params, parts=going)
    for part, row in then.items():
        if part not in now.parts:
            request: Request = authorize(group.id, Rule(row))
            yield Call("ec2", "AuthorizeSecurityGroupIngress", request.params, parts=(part,))


def _said(row: Json) -> Json:
    """Return the whole of a rule for a Modify, also its description: AWS can clear a field that is left out."""
    return {field: row[field] for field in FIELDS if field in row}


def _narrows(view: View, then: Parts) -> bool:
    """Return whether every rule stays, goes, or has its source replaced by a part of it."""
    return all(
        part in view.parts and (row == view.parts[part] or _is_narrower(view.parts[part], row))
        for part, row in then.items()
    )


def _is_narrower(before: Json, after: Json) -> bool:
    differing = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    was, now = Rule(before).network, Rule(after).network
    return differing <= _SOURCES and was is not None and now is not None and lies_inside(now, was)


def _did(step: Step) -> str:
    if step.after is None:
        return f"revoked {Rule(step.before)}"
    after = Rule(step.after)
    return f"narrowed {Rule(step.before)} to {after.source}" if step.before else f"authorized {after}"


def _every(target: Resource, reader: Reader, settings: Settings) -> Iterator[Resource]:
    found = expand(target, reader, settings)
    yield from found.resources
    if found.unread:
        raise CloudmendError(found.unread)


def _clear(target: Resource, state: State | None, settings: Settings) -> str:
    if target.type == PREFIX_LIST:
        return "no security group refers to it"
    if target.type == GROUP and not target.id:
        return "no group in the default VPC has this name"
    return all_clear(state.context if state else None, settings)


def _marks(state: State) -> Mapping[str, frozenset[str]]:
    return marks(state.context)


def _details(state: State, part: str, settings: Settings) -> Mapping[str, Any]:
    from cloudmend.controls.security_group_ingress.reach import details  # no start of the function needs it

    return details(state, part, settings)


def _reach(groups: Sequence[Resource], reader: Reader, _: Settings) -> Mapping[str, Reach]:
    from cloudmend.controls.security_group_ingress.reach import reach  # nor this

    return reach(groups, reader)


def _parts_of(image: Json) -> Parts:
    rows = map(mapping, items(image.get("SecurityGroupRules")))
    return {text(row.get("SecurityGroupRuleId")): row for row in rows if not row.get("IsEgress")}


def _image(state: State) -> Json:
    facts: GroupFacts = state.context
    return facts.image


def _group_of(rule_id: str, reader: Reader) -> str:
    filters = [{"Name": "security-group-rule-id", "Values": [rule_id]}]
    rows = reader.rows(Request("ec2:DescribeSecurityGroupRules", {"Filters": filters}), "SecurityGroupRules")
    return str(rows[0]["GroupId"]) if rows else ""


CONTROL: Final = Control[Settings](
    id="security_group_ingress",
    title="A security group rule opens a guarded port to the world",
    references=("Security Hub EC2.13", "Security Hub EC2.14", "Security Hub EC2.19"),
    advice="In Terraform, narrow cidr_ipv4 of the aws_vpc_security_group_ingress_rule.",
    words=WORDS,
    hints=HINTS,
    resource=SECURITY_GROUP,
    triggers=tuple(Trigger("ec2.amazonaws.com", name) for name in _OPENING),
    reads=(
        *rights(
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeSecurityGroupRules",
            "ec2:DescribeSecurityGroups",
            of="*",
        ),
        *lists("ec2:DescribeVpcs"),
        *rights("ec2:GetManagedPrefixListEntries", of=_LISTS),
    ),
    writes=(
        *(right for of in _PLACES for right in rights("ec2:ModifySecurityGroupRules", of=of)),
        *rights("ec2:RevokeSecurityGroupIngress", of=SECURITY_GROUP.arn),
    ),
    undoes=(
        *(right for of in _PLACES for right in rights(*_RESTORING, of=of)),
        *rights("ec2:CreateTags", of=_RULES, StringEquals={"ec2:CreateAction": "AuthorizeSecurityGroupIngress"}),
    ),
    read=_read,
    judge=_judge,
    put=_put,
    every=_every,
    settings=Settings,
    keys=KEYS,
    say=lambda row: str(Rule(row)),
    did=_did,
    errors=dict.fromkeys(_GONE, "settled"),
    stricter=Settings.revoking,
    on_flapping=Settings.for_flapping,
    narrows=_narrows,
    form=form,
    by_age=True,
    new_ids=True,
    locate=_locate,
    read_many=_read_many,
    read_again=_read_again,
    marks=_marks,
    parse_mark=parse_mark,
    image=_image,
    clear=_clear,
    unseen=unseen,
    follow=FOLLOW,
    explain=explain,
    part_ids=PartIds(r"sgr-[0-9a-f]{8,17}", _group_of),
    revert=revert,
    details=_details,
    parts_of=_parts_of,
    reach=_reach,
    looks=rights("ec2:DescribeNetworkInterfaces", of="*"),
    follows=rights("ec2:GetManagedPrefixListAssociations", of=_LISTS),
    second_way="revoked because AWS refused to narrow it",
)
