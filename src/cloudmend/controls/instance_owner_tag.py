"""The tags of an EC2 instance that say who launched it, and who last started, stopped, or rebooted it.

This control is off until your policy says `mode = "fix"`. Then it adds the tag `StartedBy` with the caller's ARN to
each instance that somebody launches without it. `owner` names another key. If `last_change` names one, too, that tag
holds the last start, stop, or reboot: who, which call, and when. A key must end like Owner or StartedBy, because the
stack's role may set no other.

A tag that is there is never overwritten, but for an older text of cloudmend's own under `last_change`. Only the event
of a call says who called. A sweep, a scan, and `cloudmend fix` report an instance without the tag, and add nothing. EC2
has no conditional write: what somebody sets within the same second as cloudmend can be overwritten.

If a policy of yours decides by such a tag, whoever launches an instance can get rights by it. Name a key that decides
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from cloudmend.controls.families.owners import ENDINGS, KEY, owner_in
from cloudmend.controls.resource_types import INSTANCE
from cloudmend.core.contract import Control, Finding, Right, State, Trigger, View, each, rights
from cloudmend.core.model import Hints, Resource, Step, Words
from cloudmend.core.ports import Call, Reader

_EC2: Final = "ec2.amazonaws.com"
_GONE: Final = "InvalidInstanceID.NotFound"
_ENDED: Final = ("shutting-down", "terminated")
_LAUNCH: Final = "RunInstances"
_CHANGES: Final = ("StartInstances", "StopInstances", "RebootInstances")
_MOST: Final = 256  # characters of a tag's value
_OWN: Final = re.compile(rf"(?P<time>\S{{20}}) ({'|'.join(_CHANGES)}) by \S+")
_NOBODY: Final = "only the event of its launch says who launched it, and nothing else does"
_LONG: Final = f"the name of whoever launched it is longer than a tag's value, which has {_MOST} characters"
_KEYS: Final = {"ForAllValues:StringLike": {"aws:TagKeys": [f"*{ending}" for ending in ENDINGS]}}

Key = Annotated[str, Meta(pattern=f"^({KEY})?$")]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of the tags: of who launched it, and of who changed its state last; empty: no such tag."""

    owner: Key = "StartedBy"
    last_change: Key = ""


def _read(instance: Resource, reader: Reader, settings: Settings) -> State | None:
    answer = reader.get(Call("ec2", "DescribeInstances", {"InstanceIds": [instance.id]}), {_GONE: None})
    found = [(one, row) for one in answer["Reservations"] for row in one["Instances"]] if answer else []
    if not found or found[0][1]["State"]["Name"] in _ENDED:
        return None
    (reservation, row) = found[0]
    rows = row.get("Tags", ())
    tags = {tag["Key"]: tag["Value"] for tag in rows}
    parts = {key: tags[key] for key in (settings.owner, settings.last_change) if key in tags}
    return State(parts, owner=reservation["OwnerId"], labels={"name": tags.get("Name", ""), **owner_in(rows)})


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    caller = view.cause.actor.arn or view.cause.actor.on_behalf_of
    if view.cause.name in _CHANGES:
        yield from _last_change(view, settings.last_change, caller)
    elif settings.owner and settings.owner not in view.parts:
        named = caller if view.cause.name == _LAUNCH else ""
        restraint = _LONG if len(named) > _MOST else "" if named else _NOBODY
        why = f"no tag {settings.owner} says who launched it"
        yield Finding(part=settings.owner, why=why, mended=named, restraint=restraint)


def _last_change(view: View, key: str, caller: str) -> Iterator[Finding]:
    """Yield that the tag lacks the call of the event. A tag that somebody else wrote, or of a later call, stays."""
    called, there = view.cause.time, view.parts.get(key)
    if not key or not caller or called is None:
        return
    time = f"{called.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    text = f"{time} {view.cause.name} by {caller}"
    own = _OWN.fullmatch(there) if there is not None else None
    if len(text) <= _MOST and (there is None or (own and own["time"] < time)):
        yield Finding(part=key, why=f"the tag {key} does not tell of its {view.cause.name}", mended=text, mark=text)


def _put(instance: Resource, key: str, now: Any, then: Any) -> Call:
    """Return the call that sets a tag, or takes it away if it still has its value."""
    named = {"Resources": [instance.id]}
    if then is None:
        return Call("ec2", "DeleteTags", {**named, "Tags": [{"Key": key, "Value": now}]})
    return Call("ec2", "CreateTags", {**named, "Tags": [{"Key": key, "Value": then}]})


def _every(_: Resource, reader: Reader, settings: Settings) -> Iterator[str]:
    live = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    rows = reader.rows(Call("ec2", "DescribeInstances", {"Filters": [live]}), "Reservations")
    for row in (row for reservation in rows for row in reservation["Instances"]):
        if settings.owner and settings.owner not in {tag["Key"] for tag in row.get("Tags", ())}:
            yield row["InstanceId"]


def _did(step: Step) -> str:
    return f"set its tag {step.part} to {step.after}"


CONTROL: Final = Control[Settings](
    id="instance_owner_tag",
    title="An EC2 instance does not say who launched it",
    severity="low",
    mode="off",
    advice="In Terraform, set the tag in tags of the aws_instance, or in default_tags of the provider.",
    words=Words(
        fault="without a tag that says whose it is",
        removed="taken away",
        close="tag it with whoever launched it",
        prevent="Tag instances as you launch them.",
    ),
    hints=Hints(again="launch one without the tag", change="set the tag"),
    resource=INSTANCE,
    triggers=(
        Trigger(_EC2, _LAUNCH, ("response.instancesSet[].instanceId",)),
        *(Trigger(_EC2, name, ("request.instancesSet[].instanceId",)) for name in _CHANGES),
    ),
    reads=rights("ec2:DescribeInstances", of="*"),
    writes=(Right("ec2:CreateTags", _KEYS),),
    undoes=(Right("ec2:CreateTags", _KEYS), Right("ec2:DeleteTags", _KEYS)),
    read=_read,
    judge=_judge,
    put=each(_put),
    every=_every,
    settings=Settings,
    say=str,
    did=_did,
    errors={_GONE: "deferred", "TagLimitExceeded": "final"},
    whole=True,
)
