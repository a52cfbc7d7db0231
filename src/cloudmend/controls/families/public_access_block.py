"""Controls of S3's block public access, whose four flags a bucket has, and its account has too.

The mend switches on what is off, and sends all four: S3 switches off a flag that a call leaves out. The undo sends what
was there before, or deletes the setting if there was none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    Meaning,
    Parts,
    ResourceType,
    Right,
    Severity,
    State,
    Trigger,
    View,
    rights,
)
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Words
from cloudmend.core.ports import Call, Reader

_S = TypeVar("_S")
FLAGS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
ANSWER: Final = "PublicAccessBlockConfiguration"
_NONE: Final[Mapping[str, Json | None]] = {"NoSuchPublicAccessBlockConfiguration": {ANSWER: {}}}


def flags_read(
    service: str, named: Json, of: str, reader: Reader, absent: Mapping[str, Json | None] = {}
) -> Parts | None:
    """Return the flags of a bucket or an account, none if it has no setting; None if it is gone. Raises AwsError."""
    call = Call(service, "GetPublicAccessBlock", named, right=f"s3:Get{of}PublicAccessBlock")
    answer = reader.get(call, {**_NONE, **absent})
    return None if answer is None else answer[ANSWER]


def flags_of_account(account: str, reader: Reader) -> Parts:
    """Return the flags of an account, none if it has no setting. Raises AwsError."""
    return flags_read("s3control", {"AccountId": account}, "Account", reader) or {}


def flags_of_bucket(bucket: str, reader: Reader) -> Parts:
    """Return the flags of a bucket, none if it has no setting or is gone. Raises AwsError."""
    return flags_read("s3", {"Bucket": bucket}, "Bucket", reader, {"NoSuchBucket": None}) or {}


def in_force(*settings: Parts) -> frozenset[str]:
    """Return the flags that hold: those that any setting has on, the bucket's or the account's."""
    return frozenset(flag for flag in FLAGS if any(each.get(flag) for each in settings))


def block_public_access(
    *,
    id: str,  # noqa: A002 - the name of the control's field
    title: str,
    severity: Severity,
    references: tuple[str, ...],
    advice: str,
    words: Words,
    resource: ResourceType,
    service: str,
    named: Callable[[Resource], Json],
    of: str,
    triggers: tuple[Trigger, ...],
    settings: type[_S],
    wanted: Callable[[_S], Collection[str]] = lambda _: FLAGS,
    restraint: Callable[[_S], str] = lambda _: "",
    lists: tuple[Right, ...] = (),
    every: Callable[[Resource, Reader, _S], Iterable[str]] | None = None,
    follows: tuple[Trigger, ...] = (),
    absent: Mapping[str, Json | None] = {},
    errors: Mapping[str, Meaning] = {},
) -> Control[_S]:
    """Return the control of one kind of owner of the flags, a bucket or an account.

    `service` is botocore's name, `named` are the parameters that name the owner, and `of` is the word for it in IAM's
    actions: s3:PutBucketPublicAccessBlock. `wanted` are the flags that must be on. `restraint` says why flags are only
    reported, if they are.
    """
    reading, writing = f"s3:Get{of}PublicAccessBlock", f"s3:Put{of}PublicAccessBlock"
    everything = "*" if resource.is_setting else ""

    def read(owner: Resource, reader: Reader, _: _S) -> State | None:
        found = flags_read(service, named(owner), of, reader, absent)
        return None if found is None else State(found)

    def judge(view: View, asked: _S) -> Iterator[Finding]:
        held = restraint(asked)
        for flag in wanted(asked):
            if not view.parts.get(flag):
                yield Finding(part=flag, why=f"{flag} is off", mended=True, restraint=held)

    def put(owner: Resource, _: State, then: Parts) -> Iterator[Call]:
        if then:
            flags = {flag: bool(then.get(flag)) for flag in FLAGS}
            yield Call(service, "PutPublicAccessBlock", {**named(owner), ANSWER: flags}, right=writing)
        else:
            yield Call(service, "DeletePublicAccessBlock", named(owner), right=writing)

    return Control[_S](
        id=id,
        title=title,
        severity=severity,
        mode="observe",
        references=references,
        advice=advice,
        words=words,
        hints=Hints(again="switch it off again", change="switch these settings on"),
        resource=resource,
        triggers=triggers,
        reads=(*rights(reading, of=everything, operation=f"{service}:GetPublicAccessBlock"), *lists),
        writes=rights(writing, of=everything, operation=f"{service}:PutPublicAccessBlock"),
        undoes=rights(writing, of=everything),
        read=read,
        judge=judge,
        put=put,
        every=every,
        settings=settings,
        follow=Following(calls=(*triggers, *follows), step=_step),
        say=lambda on: "on" if on else "off",
        did=lambda step: f"switched {step.part} on",
        errors=errors,
    )


def _step(_: State | None, __: Resource, call: ApiCall, ___: datetime) -> Followed:
    """Return what a call leaves. Of an owner that blocks all public access, or is gone, nothing need be known."""
    told = mapping(call.request.get(ANSWER))
    flags: dict[str, Any] = {flag: told.get(flag) in (True, "true") for flag in FLAGS} if told else {}
    is_known = call.name != "DeleteBucket" and not (flags and all(flags.values()))
    return Followed(State(flags) if is_known else None)
