"""`cloudmend explain`: why a group, or a rule, is or is not at fault, and what an event leads to. It only reads."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Final

from msgspec import Struct

from cloudmend.aws.regions import ec2_gateways, own_region
from cloudmend.controls.security_group_ingress.explain import explain_ports, explain_rules
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.controls.security_group_ingress.observe import GROUP
from cloudmend.core.attribution import attribute
from cloudmend.core.errors import CloudmendError, EventError
from cloudmend.core.escaping import cut, terminal
from cloudmend.core.model import ApiCall, Ignored, Request, Resource
from cloudmend.core.policy import Policy
from cloudmend.core.ports import Reader
from cloudmend.core.run import RunReader
from cloudmend.core.scan import outcome
from cloudmend.core.wrappings import parse_events
from cloudmend.entry.judgement import Brief, Judgement, complete_and_judge
from cloudmend.entry.screen import Screen

_ID: Final = re.compile(r"sgr?-[0-9a-f]{8,17}", re.ASCII)
_FOREIGN: Final = 300  # characters of what a caller chose


class Place(Struct, frozen=True):
    """A Region, and what reads there."""

    region: str
    reader: Reader


PlaceOf = Callable[[str], Place]  # of a Region's name; empty: the environment's own


def explain(about: object, brief: Brief, region: str | None, *, as_json: bool) -> None:
    """Write why the group or rule of an id is at fault or not, or what an event leads to. Raises CloudmendError."""
    place_of = place_in(region)
    if isinstance(about, str) and is_id(about):
        write(explain_id(about, brief, place_of("")), as_json=as_json)
    else:
        write(explain_event(about, brief, place_of), as_json=as_json)


def is_id(subject: str) -> bool:
    """Return whether it is the id of a security group or of a rule; else it should be a file."""
    return _ID.fullmatch(subject) is not None


def place_in(region: str | None) -> PlaceOf:
    """Places over the user's own AWS: always in `region`, where it is given. They raise CloudmendError."""

    def place(name: str) -> Place:
        chosen = region or name or own_region()
        return Place(chosen, RunReader(ec2_gateways([chosen])[chosen]))

    return place


def write(sentences: Iterable[str], *, as_json: bool) -> None:
    """To stdout, one a line, or as one line of JSON."""
    if as_json:
        sys.stdout.write(json.dumps({"version": 1, "explained": list(sentences)}) + "\n")
    else:
        screen = Screen()
        for sentence in sentences:
            screen.say(terminal(sentence), hang=2)


def explain_id(subject: str, brief: Brief, place: Place) -> tuple[str, ...]:
    """Of a group, or of one of its rules. Raises CloudmendError if there is none."""
    rule_id = subject if subject.startswith("sgr-") else ""
    group_id = _group_of(rule_id, place) if rule_id else subject
    judgement = group_id and _judged(Resource(type=GROUP, id=group_id), brief, place)
    if not judgement:
        raise CloudmendError(f"{subject} does not exist in {place.region}. Check the id, or pass --region.")
    return (_heading(judgement, place), *_verdict(judgement, brief.policy, rule_id))


def explain_event(raw: object, brief: Brief, place_of: PlaceOf) -> tuple[str, ...]:
    """Return what an event says, and then of each group that it leads to. Raises EventError, CloudmendError."""
    return tuple(sentence for answer in parse_events(raw) for sentence in _answer(answer, brief, place_of))


def _answer(answer: ApiCall | Ignored | EventError, brief: Brief, place_of: PlaceOf) -> Iterator[str]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        yield f"The event is ignored: {cut(terminal(answer.reason), _FOREIGN)}."
        return
    yield _call(answer)
    if CONTROL.watches(answer):
        yield from _targets(answer, brief, place_of(answer.region))
    else:
        yield "No control watches such calls: nothing would be done."


def _call(call: ApiCall) -> str:
    by = attribute(call.actor)
    when = f" on {call.time.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC" if call.time else ""
    told = f"{call.name} was called in {call.region or 'a Region that the event does not name'}{when}"
    return cut(terminal(f"{told}, by {by.who}, through {by.through}, from {by.where}. {by.hint}".rstrip()), _FOREIGN)


def _targets(call: ApiCall, brief: Brief, place: Place) -> Iterator[str]:
    if problem := _elsewhere(call, brief, place):
        yield problem
        return
    for target in CONTROL.targets(call):
        found = CONTROL.expand(target, place.reader, brief.policy)
        led = ", ".join(cut(terminal(resource.label), _FOREIGN) for resource in found.resources) or "no group"
        yield f"It points at {target.type} {cut(terminal(target.label), _FOREIGN)}, which leads to {led}."
        if found.unread:
            yield f"{cut(terminal(target.label), _FOREIGN)}: {found.unread}"
        for resource in found.resources:
            yield from _group(resource, call.actor.role_arn, brief, place)


def _elsewhere(call: ApiCall, brief: Brief, place: Place) -> str:
    """Why nothing can be said of it from here; empty where it was made in this account and Region, or names none."""
    if call.account and brief.account and call.account != brief.account:
        return (
            f"It was made in account {cut(terminal(call.account), _FOREIGN)}, and your credentials belong to account "
            f"{brief.account}, so it cannot be judged from here. Use credentials of that account."
        )
    if call.region not in ("", place.region):
        return (
            f"It was made in {cut(terminal(call.region), _FOREIGN)}, and --region is {place.region}, so it cannot "
            "be judged from there. Leave --region out."
        )
    return ""


def _group(resource: Resource, actor_role: str, brief: Brief, place: Place) -> Iterator[str]:
    judgement = _judged(resource, brief, place, actor_role)
    if judgement is None:
        yield f"{resource.id} does not exist in {place.region}."
        return
    yield _heading(judgement, place)
    yield from _verdict(judgement, brief.policy)


def _judged(resource: Resource, brief: Brief, place: Place, actor_role: str = "") -> Judgement | None:
    """None where there is no such group."""
    facts = CONTROL.observe(resource, place.reader, brief.policy)
    return None if facts is None else complete_and_judge(facts, place.reader, brief, actor_role)


def _group_of(rule_id: str, place: Place) -> str:
    """The id of a rule's group; empty where there is no such rule."""
    filters = [{"Name": "security-group-rule-id", "Values": [rule_id]}]
    rows = place.reader.rows(Request("ec2:DescribeSecurityGroupRules", {"Filters": filters}), "SecurityGroupRules")
    return str(rows[0]["GroupId"]) if rows else ""


def _heading(judgement: Judgement, place: Place) -> str:
    facts = judgement.facts
    return f"{facts.group_id} ({cut(terminal(judgement.group_name), _FOREIGN)}) in {facts.vpc_id}, {place.region}:"


def _verdict(judgement: Judgement, policy: Policy, rule_id: str = "") -> Iterator[str]:
    """Of all its rules, or of one."""
    facts, fates = judgement.facts, judgement.fates
    settings = policy.settings_of(CONTROL)
    due = {finding.part for finding in CONTROL.detect(facts, policy) if finding.is_due}
    rules = explain_rules(facts, {fate.edit.part: fate.edit.why for fate in fates if fate.edit.part in due}, settings)
    if rule_id:
        yield rules.get(rule_id, f"{rule_id} is an egress rule, and egress does not count.")
    else:
        yield from rules.values() or ("It has no ingress rule.",)
    yield from explain_ports(facts, settings)
    concerned = [fate for fate in fates if rule_id in ("", fate.edit.part)]
    yield from (f"{fate.edit.part} {outcome(fate.decision, fate.edit)}." for fate in concerned)
    if not concerned:
        because = "" if rule_id else f" {CONTROL.all_clear(facts, policy)};"
        yield f"{rule_id or facts.group_id} is not at fault:{because} nothing would be done."
