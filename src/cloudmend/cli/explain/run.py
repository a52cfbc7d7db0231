"""`cloudmend explain`: why a resource, or a part, is or is not at fault, and what an event leads to. It only reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.aws.world import gateways, own_region
from cloudmend.cli.context import LookContext
from cloudmend.cli.scan.report import outcome
from cloudmend.cli.screen import Screen
from cloudmend.cli.subjects import Subject, subjects_by_name
from cloudmend.controls import woken_by
from cloudmend.core.attribution import NO_HINTS, attribute
from cloudmend.core.contract import Control, State
from cloudmend.core.ending import label, why_of
from cloudmend.core.errors import CloudmendError, EventError
from cloudmend.core.escaping import cut, terminal
from cloudmend.core.model import ApiCall, Hints, Ignored
from cloudmend.core.policy.model import Policy, switched_on
from cloudmend.core.ports import Reader
from cloudmend.core.target import Target, region_of
from cloudmend.core.world import RunReader, World
from cloudmend.core.wrappings import parse_events
from cloudmend.engine.look import Fate, Look, look
from cloudmend.engine.stations.resolve import everything, placed, resolve
from cloudmend.engine.stations.walk import parse

_FOREIGN: Final = 300  # characters of what a caller chose


class Place(Struct, frozen=True):
    """A Region, and what reads there."""

    region: str
    reader: Reader


PlaceOf = Callable[[str], Place]  # of a Region's name; empty: the environment's own


def explain(about: object, context: LookContext, region: str | None, *, as_json: bool) -> None:
    """Write why the resource of an id is at fault or not, or what an event leads to. Raises CloudmendError."""
    place_of = place_in(region)
    if isinstance(about, str) and (named := subjects_by_name(about)):
        write(explain_id(about, context, place_of(named[0].resource.region)), as_json=as_json)
    else:
        write(explain_event(about, context, place_of), as_json=as_json)


def place_in(region: str | None) -> PlaceOf:
    """Places over the user's own AWS: always in `region`, where it is given. They raise CloudmendError."""

    def place(name: str) -> Place:
        chosen = region or name or own_region()
        return Place(chosen, RunReader(gateways([chosen])[chosen]))

    return place


def write(sentences: Iterable[str], *, as_json: bool) -> None:
    """To stdout, one a line, or as one line of JSON."""
    if as_json:
        sys.stdout.write(json.dumps({"version": 1, "explained": list(sentences)}) + "\n")
    else:
        screen = Screen()
        for sentence in sentences:
            screen.say(terminal(sentence), hang=2)


def explain_id(text: str, context: LookContext, place: Place) -> tuple[str, ...]:
    """Explain what an id names, under each control that finds it. Raises CloudmendError if there is none."""
    named = subjects_by_name(text)
    if stranger := next((each for each in named if _is_strange(each, context)), None):
        raise CloudmendError(
            f"{text} is of account {stranger.resource.account}, and your credentials belong to account "
            f"{context.account}. Use credentials of that account."
        )
    world = context.world(place.region, place.reader)
    targets = [(each, found) for each in named if (found := _target(each, world))]
    looks = look([target for _, target in targets], context.policy, world)
    told = [
        sentence
        for (subject, _), found in zip(targets, looks, strict=True)
        if found.state is not None or found.problem
        for sentence in explained(found, context.policy, subject.part)
    ]
    if not any(found.state is not None for found in looks):
        raise CloudmendError(" ".join([*told, _nothing(text, named, place)]))
    return tuple(told)


def _is_strange(subject: Subject, context: LookContext) -> bool:
    return bool(context.account) and subject.resource.account not in ("", context.account)


def _target(subject: Subject, world: World) -> Target | None:
    """Return where to look; None where no resource has such a part. Raises CloudmendError."""
    control, resource = subject.control, subject.resource
    target = everything(control, world)
    if subject.part and control.part_ids:
        resource = msgspec.structs.replace(resource, id=control.part_ids.resource_of(subject.part, world.reader))
    account = resource.account or target.cause.account or target.resource.account
    resource = msgspec.structs.replace(resource, account=account, region=region_of(control.resource, world.region))
    return msgspec.structs.replace(target, resource=resource) if resource.id else None


def _nothing(text: str, named: Sequence[Subject], place: Place) -> str:
    nouns = list(dict.fromkeys(each.control.resource.noun for each in named if not each.part))
    looked = f" as {' or '.join(nouns)}" if len(nouns) > 1 else ""
    return f"{text} does not exist in {place.region}{looked}. Check the id, or pass --region."


def explain_event(raw: object, context: LookContext, place_of: PlaceOf) -> tuple[str, ...]:
    """Return what an event says, and then of each resource it leads to. Raises EventError, CloudmendError."""
    return tuple(sentence for answer in parse_events(raw) for sentence in _answer(answer, context, place_of))


def _answer(answer: ApiCall | Ignored | EventError, context: LookContext, place_of: PlaceOf) -> Iterator[str]:
    if isinstance(answer, EventError):
        raise answer
    if isinstance(answer, Ignored):
        yield f"The event is ignored: {cut(terminal(answer.reason), _FOREIGN)}."
        return
    watching = woken_by([answer])
    yield _call(answer, watching[0].hints if watching else NO_HINTS)
    on = switched_on(watching, context.policy)
    off = [control.id for control in watching if control.id not in {each.id for each in on}]
    yield from (f"{name} watches such calls, but the policy has it off: it does nothing." for name in off)
    if on:
        yield from _targets(answer, on, context, place_of(answer.region))
    elif not off:
        yield "No control watches such calls: nothing would be done."


def _call(call: ApiCall, hints: Hints) -> str:
    by = attribute(call.actor, hints)
    when = f" on {call.time.astimezone(UTC):%Y-%m-%d at %H:%M:%S} UTC" if call.time else ""
    told = f"{call.name} was called in {call.region or 'a Region that the event does not name'}{when}"
    return cut(terminal(f"{told}, by {by.who}, through {by.through}, from {by.where}. {by.hint}".rstrip()), _FOREIGN)


def _targets(call: ApiCall, controls: Sequence[Control[Any]], context: LookContext, place: Place) -> Iterator[str]:
    if problem := _elsewhere(call, context, place):
        yield problem
        return
    world = context.world(place.region, place.reader, call.account)
    for target in parse(placed(call, world), controls):
        found, ended = resolve([target], context.policy, world)
        nothing = "nothing that could be looked at" if any(end.status == "failed" for end in ended) else "nothing"
        led = ", ".join(cut(terminal(each.resource.label), _FOREIGN) for each in found) or nothing
        label = cut(terminal(target.resource.label), _FOREIGN) or place.region
        yield f"It points at {target.resource.type} {label}, which leads to {led}."
        yield from (f"{label}: {cut(terminal(end.told), _FOREIGN)}." for end in ended)
        for each in look(found, context.policy, world):
            yield from explained(each, context.policy)


def _elsewhere(call: ApiCall, context: LookContext, place: Place) -> str:
    """Return why nothing can be said of a call from here; empty if it was made here, or names no place."""
    if call.account and context.account and call.account != context.account:
        return (
            f"It was made in account {cut(terminal(call.account), _FOREIGN)}, and your credentials belong to account "
            f"{context.account}, so it cannot be judged from here. Use credentials of that account."
        )
    if call.region not in ("", place.region):
        return (
            f"It was made in {cut(terminal(call.region), _FOREIGN)}, and --region is {place.region}, so it cannot "
            "be judged from there. Leave --region out."
        )
    return ""


def explained(found: Look, policy: Policy, part: str = "") -> Iterator[str]:
    """Yield why a resource, or one part of it, is or is not at fault, and what would become of each finding."""
    name = cut(terminal(label(found.target)), _FOREIGN)
    region = found.target.resource.region
    if found.state is None:
        yield f"{name}: {found.problem}" if found.problem else f"{name} does not exist in {region}."
        return
    yield f"{name} in {', '.join(filter(None, (found.state.labels.get('vpc'), region)))}:"
    yield from _parts(found, found.state, policy, part)
    concerned = [fate for fate in found.fates if part in ("", fate.finding.part)]
    for fate in concerned:
        yield from _fate(fate)
    if found.problem:
        yield f"It is not known what would be done: {found.problem}"
    elif not concerned:
        because = f" {found.clear};" if found.clear and not part else ""
        yield f"{part or found.target.resource.id} is not at fault:{because} nothing would be done."
    yield from found.notes


def _parts(found: Look, state: State, policy: Policy, part: str) -> Iterator[str]:
    control = found.target.control
    findings = [fate.finding for fate in found.fates]
    why = {each.part: why_of(findings, each.part) for each in findings}
    if control.explain:
        yield from control.explain(state, why, part, policy.settings_of(control))
        return
    for each in {**state.parts, **why}:
        judged = f"at fault, because {why[each]}" if each in why else "not at fault"
        yield f"{each}, {cut(terminal(control.said(state.parts.get(each))), _FOREIGN)}: {judged}."


def _fate(fate: Fate) -> Iterator[str]:
    finding = fate.finding
    yield f"{finding.part} {outcome(fate.decision, fate.edit)}."
    if finding.witness:
        yield f"Proof, from any other account: {finding.witness}"
