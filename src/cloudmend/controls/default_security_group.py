"""The default security group of a VPC that allows anything: each resource that names no group of its own is in it.

AWS gives it two rules, all traffic from its own members and all traffic to everywhere, and both count. A group that no
network interface uses is emptied, which cuts nobody off. A group that one uses, also an interface of Lambda or of a
load balancer, is only reported. The group itself stays, for AWS lets nobody delete it.

Ingress rules from ranges and from prefix lists are left to `security_group_ingress`, which knows the policy's ports and
limits. An event about such a rule does not wake this control. Nor does an event that gives a rule another range: the
next sweep finds it.

The undo brings each rule back with its description and its tags, under a new id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cloudmend.controls.families.group_events import group_of, response_rows, wrapped_request
from cloudmend.controls.families.groups import GROUP, Rule, authorize, by_group, find_groups, form, rules_of
from cloudmend.controls.resource_types import DEFAULT_GROUP
from cloudmend.core.contract import Control, Finding, NoSettings, Parts, State, Trigger, View, rights
from cloudmend.core.events import items, mapping, text
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.ports import Call, Reader, Rows
from cloudmend.core.target import values_at

_NAME: Final = "default"  # of the group, in every VPC
_VPC: Final = "AWS::EC2::VPC"
_VPC_MADE: Final = ("CreateDefaultVpc", "CreateVpc")
_PLACES_OF_VPC: Final = ("response.vpc.vpcId", "response.CreateDefaultVpcResponse.vpc.vpcId")
_FLAT: Final = ("sourceSecurityGroupName", "sourceSecurityGroupId")
_RULES: Final = "arn:{partition}:ec2:{region}:{account}:security-group-rule/{id}"
_RESTORING: Final = ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress")
_GONE: Final = ("InvalidGroup.NotFound", "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound")


def _locate(call: ApiCall) -> Iterator[Resource] | None:
    """Yield what a call is about; None for a call that opens a group to ranges and prefix lists alone."""
    if call.name in (*_VPC_MADE, "AuthorizeSecurityGroupEgress") or _names_group(call) or group_of(call) is None:
        return _located(call)
    return None


def _located(call: ApiCall) -> Iterator[Resource]:
    here: dict[str, Any] = {"account": call.account, "region": call.region}
    if call.name in _VPC_MADE:
        made = (text(value) for place in _PLACES_OF_VPC for value in values_at(call, place))
        yield from (Resource(type=_VPC, id=vpc, **here) for vpc in made if vpc)
    elif group := group_of(call):
        yield Resource(type=GROUP, id=group.id, name=group.name, parts=tuple(_named(call)), **here)


def _names_group(call: ApiCall) -> bool:
    """Return whether a call gives a rule a group as its source."""
    changed = (
        mapping(mapping(row).get("SecurityGroupRule")) for row in items(wrapped_request(call).get("SecurityGroupRule"))
    )
    return (
        any(call.request.get(field) for field in _FLAT)
        or any(items(mapping(each).get("groups")) for each in items(call.request.get("ipPermissions")))
        or any(rule.get("ReferencedGroupId") for rule in changed)
        or any(_named(call))
    )


def _named(call: ApiCall) -> Iterator[str]:
    """Yield the ids of the rules that an answer shows and that are this control's."""
    rows = response_rows(call)
    return (
        text(row.get("securityGroupRuleId")) for row in rows if row.get("isEgress") or row.get("referencedGroupInfo")
    )


def _read(group: Resource, reader: Reader, settings: NoSettings) -> State | None:
    return _read_many([group], reader, settings).get(group.id)


def _read_many(groups: Sequence[Resource], reader: Reader, settings: NoSettings) -> Mapping[str, State]:  # noqa: ARG001
    """Return those that exist and are the default group of their VPC: an event holds an id, and no name."""
    wanted = by_group([group.id for group in groups])
    rows = {str(row["GroupId"]): row for row in find_groups(wanted, reader) if row.get("GroupName") == _NAME}
    there = [group for group in groups if group.id in rows]
    if not there:
        return {}
    used = reader.begin(lambda: _interfaces([group.id for group in there], reader))
    rules = rules_of(there, reader)
    return {group.id: _state(rows[group.id], rules[group.id], used()) for group in there}


def _interfaces(group_ids: Sequence[str], reader: Reader) -> Rows:
    return reader.rows(Call("ec2", "DescribeNetworkInterfaces", {"Filters": by_group(group_ids)}), "NetworkInterfaces")


def _state(row: Json, rules: Rows, interfaces: Rows) -> State:
    users = sorted(
        str(each["NetworkInterfaceId"])
        for each in interfaces
        if row["GroupId"] in {mapping(group).get("GroupId") for group in items(each.get("Groups"))}
    )
    own = sorted((rule for rule in map(Rule, rules) if _is_own(rule)), key=lambda rule: (not rule.is_ingress, rule.id))
    labels = {"vpc": str(row.get("VpcId", ""))}
    return State(
        {rule.id: rule.row for rule in own}, context=tuple(users), owner=str(row.get("OwnerId", "")), labels=labels
    )


def _is_own(rule: Rule) -> bool:
    return not rule.is_ingress or not (rule.network or rule.prefix_list_id)


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    users: Sequence[str] = view.state.context or ()
    more = f" and {len(users) - 1:,} more" if len(users) > 1 else ""
    held = f"a network interface uses it ({users[0]}{more}), so its rules may be needed" if users else ""
    for part, row in view.parts.items():
        why = f"the default security group of a VPC allows {_say(row)}, and should allow nothing"
        yield Finding(part=part, why=why, mended=None, restraint=held)


def _say(row: Json) -> str:
    rule = Rule(row)
    if rule.source != row.get("GroupId"):
        return str(rule)
    return f"{rule.traffic} {'from' if rule.is_ingress else 'to'} its own members"


def _put(group: Resource, now: State, then: Parts) -> Iterator[Call]:
    """Yield one Revoke for each direction, and an Authorize for each rule that comes back."""
    for direction in ("Ingress", "Egress"):
        going = tuple(
            part
            for part, row in now.parts.items()
            if part not in then and Rule(row).is_ingress is (direction == "Ingress")
        )
        if going:
            params = {"GroupId": group.id, "SecurityGroupRuleIds": list(going)}
            yield Call("ec2", f"RevokeSecurityGroup{direction}", params, parts=going)
    for part in sorted(then):
        if part not in now.parts:
            asked = authorize(group.id, Rule(then[part]))
            yield Call("ec2", asked.action.partition(":")[2], asked.params, parts=(part,))


def _form(row: Json) -> Any:
    group = mapping(row.get("ReferencedGroupInfo"))
    return [bool(row.get("IsEgress")), group.get("GroupId"), group.get("UserId"), *form(row)]


def _did(step: Step) -> str:
    return f"revoked {_say(step.before)}" if step.after is None else f"authorized {_say(step.after)}"


def _every(target: Resource, reader: Reader, _: NoSettings) -> Iterator[Resource]:
    """Yield the default groups behind a target: those of the Region that allow anything, that of a VPC, or itself."""
    if target.type == GROUP and not target.id and target.name != _NAME:
        return
    filters: list[dict[str, Any]] = [{"Name": "group-name", "Values": [_NAME]}]
    if target.type == _VPC:
        filters.append({"Name": "vpc-id", "Values": [target.id]})
    elif target.type == GROUP and target.id:
        filters += by_group([target.id])
    for row in find_groups(filters, reader):
        if target.type in (_VPC, GROUP) or _allows(row):
            yield Resource(type=GROUP, id=row["GroupId"], account=row.get("OwnerId", ""), parts=target.parts)


def _allows(row: Json) -> bool:
    ingress = row.get("IpPermissions", ())
    return bool(row.get("IpPermissionsEgress")) or any(each.get("UserIdGroupPairs") for each in ingress)


def _clear(target: Resource, state: State | None, _: NoSettings) -> str:
    if state is None and target.type == GROUP and (target.id or target.name):
        return "it is not the default security group of a VPC"
    return "no default security group allows anything, but for ingress from ranges and prefix lists"


def _unseen(_: ApiCall, resource: Resource, image: Json | None) -> Mapping[str, str]:
    """Return the rules of a default group that an event names and an image lacks."""
    if image is None:
        return {resource.id: f"{resource.label} itself"}
    return {part: part for part in resource.parts if part not in image["parts"]}


CONTROL: Final = Control[NoSettings](
    id="default_security_group",
    title="The default security group of a VPC allows traffic",
    references=("Security Hub EC2.2",),
    advice="In Terraform, take the group over with an aws_default_security_group that has no rules.",
    words=Words(
        fault="not empty",
        close="revoke its rules. No network interface uses it",
        prevent="Give each resource a security group of its own.",
    ),
    hints=Hints(again="authorize them again", change="leave the default group without rules"),
    resource=DEFAULT_GROUP,
    triggers=tuple(
        Trigger("ec2.amazonaws.com", name) for name in (*_RESTORING, *_VPC_MADE, "ModifySecurityGroupRules")
    ),
    reads=rights(
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", of="*"
    ),
    writes=rights("ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"),
    undoes=(
        *(
            right
            for of in (DEFAULT_GROUP.arn, _RULES)
            for right in rights(*(f"ec2:{name}" for name in _RESTORING), of=of)
        ),
        *rights("ec2:CreateTags", of=_RULES, StringEquals={"ec2:CreateAction": list(_RESTORING)}),
    ),
    read=_read,
    judge=_judge,
    put=_put,
    every=_every,
    say=_say,
    did=_did,
    clear=_clear,
    errors=dict.fromkeys(_GONE, "settled"),
    form=_form,
    new_ids=True,
    locate=_locate,
    is_of_some=True,
    read_many=_read_many,
    unseen=_unseen,
)
