"""A Lightsail instance whose firewall opens a guarded port to the world, by IPv4 or by IPv6.

The limits, the trusted networks, and the replacements mean the same as for security groups. The sources of all ports of
an instance are judged together; if they are too wide only together, the widest go first.

A source at fault is narrowed to the replacement of its family. If the replacement does not lie inside it, the source
goes, and so do ports that nobody else reaches. Every other source and port stays, and so does `lightsail-connect`, the
alias of the Lightsail console's own client.

Lightsail takes the ports of an instance as one list and closes those that a call leaves out. cloudmend therefore sends
the whole list, as it read it just before the intent. Whoever changes the ports within the same second is overwritten.

A new instance is pending at first. If Lightsail refuses the change then, the mend is deferred, and tried again from the
queue. The same happens if the instance shows no port yet.

In a Region without a Lightsail server a sweep finds no instance, because nothing answers there.

The ranges behind `lightsail-connect` are AWS's own and are not judged, and neither are Lightsail's load balancers,
databases, and container services.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.ranges import keys
from cloudmend.controls.families.ranges.exposure import all_clear
from cloudmend.controls.families.ranges.keys import Limits, Replacements, Trusted
from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.families.ranges.sources import Source, exposes, narrowed, narrowing, only_narrows, too_wide
from cloudmend.controls.resource_types import LIGHTSAIL_INSTANCE
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    Parts,
    Patch,
    State,
    Trigger,
    View,
    is_suspect,
    lists,
    rights,
)
from cloudmend.core.errors import AwsError
from cloudmend.core.events import items, mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Step, Words
from cloudmend.core.network import Traffic, protocol_name, rule_traffic
from cloudmend.core.policy.catalog import Keys
from cloudmend.core.policy.location import Key, Review
from cloudmend.core.ports import Call, Reader, Rows

_IPV4, _IPV6, _ALIASES = "cidrs", "ipv6Cidrs", "cidrListAliases"
_RANGES: Final = (_IPV4, _IPV6)
_LISTS: Final = (*_RANGES, _ALIASES)
_NOBODY: Final[Json] = {name: [] for name in _LISTS}
_PORTS: Final = ("protocol", "fromPort", "toPort")
_WORLD: Final = {_IPV4: ["0.0.0.0/0"], _IPV6: ["::/0"]}  # what AWS opens ports to if a call names no source
_ICMP: Final = ("icmp", "icmpv6")
_SOURCE: Final = "lightsail.amazonaws.com"
# An instance's ARN ends with an id that no call names.
_INSTANCES: Final = "arn:{partition}:lightsail:{region}:{account}:Instance/*"
# Where Lightsail has a server, as botocore knows. Elsewhere no answer is no failure.
_REGIONS: Final = frozenset(
    (
        *("ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ap-southeast-3", "ap-southeast-5", "ca-central-1", "eu-central-1", "eu-north-1", "eu-south-2"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-2"),
    )
)
_NAMED: Final = ("request.instanceName", "request.instanceNames[]")
_PENDING: Final = "pending"
_UNSET: Final = "firewall"  # stands for the ports of an instance that has none yet


class Table(Struct, frozen=True):
    """The keys as a file writes them. An item of a list that was refused is None, and keeps its place."""

    guarded: tuple[int | str | None, ...] = (22, 3389, "udp/3389")
    limits: Limits = Limits()
    trusted: Trusted = Trusted()
    replacement: Replacements = Replacements()


def _settings(table: Table, key: Key, review: Review) -> RangeSettings:
    settings = RangeSettings(**keys.read_ranges(table, key, review, words=("revoke",)))
    keys.check_ranges(settings, key, review)
    return settings


KEYS: Final = Keys[RangeSettings](
    table=Table,
    examples=keys.EXAMPLES,
    read=_settings,
    write=keys.write_ranges,
    say=lambda settings: keys.say_ranges(settings, "sources of an instance", "source"),
)


def _read(instance: Resource, reader: Reader, _: RangeSettings) -> State | None:
    answer = reader.get(Call("lightsail", "GetInstance", {"instanceName": instance.id}), {"NotFoundException": None})
    return None if answer is None else _state(answer["instance"])


def _state(row: Json) -> State:
    return State(_parts(row["networking"]["ports"]), context=row["state"]["name"])


def _parts(ports: Iterable[Any]) -> Parts:
    """Return a part for each range of ports: the range, and the lists of those who may connect."""
    parts: dict[str, dict[str, Any]] = {}
    for entry in map(mapping, ports):
        part = parts.setdefault(_id(entry), {**{name: entry[name] for name in _PORTS}, **{name: [] for name in _LISTS}})
        for name in _LISTS:
            part[name] += [each for each in items(entry.get(name)) if each not in part[name]]
    return parts


def _id(entry: Json) -> str:
    if entry["protocol"] in _ICMP:
        return f"{entry['protocol']} {entry['fromPort']}/{entry['toPort']}"
    return str(_traffic(entry))


def _traffic(entry: Json) -> Traffic:
    return rule_traffic(protocol_name(entry["protocol"]), entry["fromPort"], entry["toPort"])


def _sources(parts: Parts) -> Iterator[Source]:
    """Yield the sources that are ranges: the ranges of an alias are AWS's own."""
    for part, value in parts.items():
        yield from (Source(part, _traffic(value), text) for name in _RANGES for text in value[name])


def _judge(view: View, settings: RangeSettings) -> Iterator[Finding]:
    for source, why in too_wide(_sources(view.counted), settings, "its other sources"):
        network, obstacle = settings.narrowed(source.network)
        because = "" if network else f"closed because {obstacle}"
        yield Finding(part=source.part, why=why, because=because, mark=source.mark)
    if view.state.context == _PENDING and not view.parts:
        why = "it is pending, and AWS may not have opened its first ports yet"
        yield Finding(part=_UNSET, why=why, wait="it is looked at again when it runs")


def _mend(view: View, findings: Sequence[Finding], settings: RangeSettings) -> Patch:
    """Return the ports at fault, with a replacement for each source at fault; None for ports that nobody reaches."""
    marks = {finding.mark for finding in findings}
    return {part: _mended(part, view.parts[part], marks, settings) for part in {each.part: None for each in findings}}


def _mended(part: str, value: Json, marks: Container[str], settings: RangeSettings) -> Json | None:
    after = {**value}
    for name in _RANGES:
        faults = [each for each in _sources({part: {**value, **_NOBODY, name: value[name]}}) if each.mark in marks]
        found = (settings.narrowed(each.network)[0] for each in faults)
        after[name] = narrowed(value[name], [each.text for each in faults], [each for each in found if each])
    return after if any(after[name] for name in _LISTS) else None


def _put(instance: Resource, _: State, then: Parts) -> Iterator[Call]:
    """Yield one call with all that stays open: AWS closes every port that the call leaves out."""
    params = {"instanceName": instance.id, "portInfos": list(then.values())}
    yield Call("lightsail", "PutInstancePublicPorts", params)


def _narrows(view: View, then: Parts) -> bool:
    return all(part in view.parts and _is_narrower(view.parts[part], value) for part, value in then.items())


def _is_narrower(now: Json, then: Json) -> bool:
    """Return whether the ports are the same, and nobody may connect who might not before."""
    return (
        all(now[name] == then[name] for name in _PORTS)
        and all(only_narrows(now[name], then[name]) for name in _RANGES)
        and {*then[_ALIASES]} <= {*now[_ALIASES]}
    )


def _every(region: Resource, reader: Reader, settings: RangeSettings) -> Iterator[str]:
    """Yield those that open a guarded port to anybody, and those whose first ports may still come."""
    for row in _instances(region.region, reader):
        if is_suspect(partial(_may_be_at_fault, row, settings)):
            yield row["name"]


def _may_be_at_fault(row: Json, settings: RangeSettings) -> bool:
    state = _state(row)
    return exposes(_sources(state.parts), settings) or (state.context == _PENDING and not state.parts)


def _instances(region: str, reader: Reader) -> Rows:
    """Return the instances of a Region; none where Lightsail has no server. Raises AwsError."""
    try:
        return reader.rows(Call("lightsail", "GetInstances"), "instances")
    except AwsError as error:
        if error.code or region in _REGIONS:
            raise
        return ()


def _step(before: State | None, _: Resource, call: ApiCall, __: datetime) -> Followed:
    """Return what a call leaves of it. Of an instance that opens no port nothing need be known."""
    parts = dict(before.parts) if before else {}
    told = items(call.request.get("portInfos")) or [call.request.get("portInfo")]
    entries = [entry for entry in map(_complete, map(mapping, told)) if entry]
    if call.name == "CloseInstancePublicPorts":
        closed = _parts(entries)
        parts = {part: value for part, value in parts.items() if part not in closed}
    elif call.name == "OpenInstancePublicPorts":
        parts = dict(_parts([*parts.values(), *entries]))
    else:
        parts = dict(_parts(entries))
    return Followed(State(parts) if parts else None)


def _complete(entry: Mapping[str, Any]) -> Json:
    """Return an entry of a request with the sources that AWS takes if it names none; empty for what is no entry."""
    if not all(name in entry for name in _PORTS):
        return {}
    return {**entry} if any(items(entry.get(field)) for field in _LISTS) else {**entry, **_WORLD}


def _say(value: Json) -> str:
    return f"open to {', '.join(each for name in _LISTS for each in value[name])}"


def _did(step: Step) -> str:
    """Return what was done to the sources of some ports."""
    before, after = (
        [each for name in _LISTS for each in (value or _NOBODY)[name]] for value in (step.before, step.after)
    )
    return narrowing(step.part, before, after) if after else f"closed {step.part}"


def _form(value: Json) -> Json:
    """Return some ports as they are compared: AWS chooses the order of a list."""
    return {**value, **{name: sorted(value[name]) for name in _LISTS}}


CONTROL: Final = Control[RangeSettings](
    id="lightsail_ports",
    title="A Lightsail instance opens a guarded port to the world",
    advice="In Terraform, narrow cidrs and ipv6_cidrs of aws_lightsail_instance_public_ports.",
    words=Words(
        fault="open to the world",
        removed="closed",
        close="close the ports that are open to the world. This cuts off anyone who uses them from elsewhere",
        prevent="Name the ranges that need it when you open a port, or use the browser's client (lightsail-connect).",
    ),
    hints=Hints(again="open it again", change="narrow the port's sources"),
    resource=LIGHTSAIL_INSTANCE,
    triggers=(
        Trigger(_SOURCE, "CreateInstances", _NAMED),
        Trigger(_SOURCE, "CreateInstancesFromSnapshot", _NAMED),
        Trigger(_SOURCE, "OpenInstancePublicPorts", _NAMED),
        Trigger(_SOURCE, "PutInstancePublicPorts", _NAMED),
        Trigger(_SOURCE, "SetIpAddressType"),  # what it names need not be an instance
    ),
    reads=(*rights("lightsail:GetInstance", of="*"), *lists("lightsail:GetInstances")),
    writes=rights("lightsail:PutInstancePublicPorts", of=_INSTANCES),
    undoes=rights("lightsail:PutInstancePublicPorts", of=_INSTANCES),
    read=_read,
    judge=_judge,
    put=_put,
    mend=_mend,
    every=_every,
    settings=RangeSettings,
    keys=KEYS,
    say=_say,
    did=_did,
    clear=lambda _, __, settings: all_clear(settings, of=" of a Lightsail instance"),
    narrows=_narrows,
    form=_form,
    follow=Following(
        calls=tuple(
            Trigger(_SOURCE, name, _NAMED)
            for name in (
                "CloseInstancePublicPorts",
                "DeleteInstance",
                "OpenInstancePublicPorts",
                "PutInstancePublicPorts",
            )
        ),
        step=_step,
        untold="the record does not show which ports AWS opens",
    ),
    errors={
        "NotFoundException": "settled",
        "OperationFailureException": "deferred",
        "AccountSetupInProgressException": "deferred",
        "RegionSetupInProgressException": "deferred",
    },
    settles_in=timedelta(seconds=60),
    whole=True,
)
