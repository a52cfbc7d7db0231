"""A bucket whose block public access settings are not all on. It only observes unless the policy says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import (
    Control,
    Finding,
    Followed,
    Following,
    NoSettings,
    Parts,
    State,
    Trigger,
    View,
    lists,
    rights,
)
from cloudmend.core.events import mapping
from cloudmend.core.model import ApiCall, Hints, Json, Resource, Words
from cloudmend.core.ports import Call, Reader

_FLAGS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ANSWER: Final = "PublicAccessBlockConfiguration"
_ABSENT: Final[Mapping[str, Json | None]] = {
    "NoSuchBucket": None,
    "NoSuchPublicAccessBlockConfiguration": {_ANSWER: {}},
}
_READ: Final = "s3:GetBucketPublicAccessBlock"
_WRITE: Final = "s3:PutBucketPublicAccessBlock"
_LIST: Final = "s3:ListAllMyBuckets"


def _read(bucket: Resource, reader: Reader, _: NoSettings) -> State | None:
    answer = reader.get(Call("s3", "GetPublicAccessBlock", {"Bucket": bucket.id}, right=_READ), _ABSENT)
    return None if answer is None else State(answer[_ANSWER])


def _judge(view: View, _: NoSettings) -> Iterator[Finding]:
    return (Finding(part=flag, why=f"{flag} is off", mended=True) for flag in _FLAGS if not view.parts.get(flag))


def _put(bucket: Resource, _: State, then: Parts) -> Iterator[Call]:
    named = {"Bucket": bucket.id}
    if then:  # all four, always: a flag that is left out is switched off
        flags = {flag: bool(then.get(flag)) for flag in _FLAGS}
        yield Call("s3", "PutPublicAccessBlock", {**named, _ANSWER: flags}, right=_WRITE)
    else:
        yield Call("s3", "DeletePublicAccessBlock", named, right=_WRITE)


def _step(_: State | None, __: Resource, call: ApiCall, ___: datetime) -> Followed:
    """Return what a call leaves of it. Of a bucket that blocks public access, or is gone, nothing need be known."""
    told = mapping(call.request.get(_ANSWER))
    flags = {flag: told.get(flag) in (True, "true") for flag in _FLAGS} if told else {}
    is_known = call.name != "DeleteBucket" and not (flags and all(flags.values()))
    return Followed(State(flags) if is_known else None)


def _every(region: Resource, reader: Reader, _: NoSettings) -> Iterator[str]:
    asked = Call("s3", "ListBuckets", {"BucketRegion": region.region}, right=_LIST)
    return (row["Name"] for row in reader.rows(asked, "Buckets"))


CONTROL: Final = Control[NoSettings](
    id="s3_bucket_block_public_access",
    title="A bucket does not block public access",
    severity="medium",
    mode="observe",
    references=("Security Hub S3.8",),
    advice="In Terraform, set all four arguments of aws_s3_bucket_public_access_block to true.",
    words=Words(
        fault="not blocking all public access",
        close="switch on what is off. This ends all public access to its objects",
        prevent="Keep all four settings on, and publish objects through CloudFront.",
    ),
    hints=Hints(again="switch it off again", change="switch all four settings on"),
    resource=BUCKET,
    triggers=(
        Trigger("s3.amazonaws.com", "DeleteBucketPublicAccessBlock", ("request.bucketName",)),
        Trigger("s3.amazonaws.com", "PutBucketPublicAccessBlock", ("request.bucketName",)),
    ),
    reads=(*rights(_READ, operation="GetPublicAccessBlock"), *lists(_LIST, operation="ListBuckets")),
    writes=rights(_WRITE, operation="PutPublicAccessBlock"),
    undoes=rights(_WRITE),
    read=_read,
    judge=_judge,
    put=_put,
    every=_every,
    follow=Following(
        calls=tuple(
            Trigger("s3.amazonaws.com", name, ("request.bucketName",))
            for name in ("DeleteBucket", "DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock")
        ),
        step=_step,
    ),
    say=lambda on: "on" if on else "off",
    did=lambda step: f"switched {step.part} on",
    errors={"NoSuchBucket": "settled"},
)
