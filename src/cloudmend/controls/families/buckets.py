"""The parts that controls of buckets share: the list of a Region's buckets, calls that name one, and its policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from cloudmend.controls.families.public_access_block import flags_of_account, flags_of_bucket, in_force
from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import Meaning, State, Trigger, lists
from cloudmend.core.model import Json, Resource
from cloudmend.core.ports import Call, Reader

_LIST: Final = "s3:ListAllMyBuckets"
POLICY: Final = "Policy"  # the one part of a bucket's policy: its text
LISTS: Final = lists(_LIST, operation="ListBuckets")
GONE: Final = {"NoSuchBucket": None}
_ABSENT: Final[Mapping[str, Json | None]] = {**GONE, "NoSuchBucketPolicy": {}}
# S3 takes one change of a bucket's settings at a time.
ERRORS: Final[dict[str, Meaning]] = {"NoSuchBucket": "settled", "OperationAborted": "raced"}


def every_bucket(region: Resource, reader: Reader, _: Any) -> Iterator[str]:
    """Yield the names of the buckets of a Region."""
    asked = Call("s3", "ListBuckets", {"BucketRegion": region.region}, right=_LIST)
    return (row["Name"] for row in reader.rows(asked, "Buckets"))


def on_bucket(*names: str) -> tuple[Trigger, ...]:
    """Return the triggers of calls that name a bucket."""
    return tuple(Trigger("s3.amazonaws.com", name, ("request.bucketName",)) for name in names)


class Standing(Struct, frozen=True):
    """The circumstances of a policy: whether S3 calls it public, and the flags that hold for its bucket."""

    is_public: bool = False
    flags: frozenset[str] = frozenset()


def read_policy(bucket: Resource, reader: Reader, _: Any) -> State | None:
    """Return the policy, with what S3 says of it and which flags hold; None if there is no such bucket.

    Raises AwsError.
    """
    named = {"Bucket": bucket.id}
    answer = reader.get(Call("s3", "GetBucketPolicy", named), _ABSENT)
    if not answer:
        return None if answer is None else State({})
    status = reader.get(Call("s3", "GetBucketPolicyStatus", named), _ABSENT) or {}
    flags = in_force(flags_of_bucket(bucket.id, reader), flags_of_account(bucket.account, reader))
    is_public = bool(status.get("PolicyStatus", {}).get("IsPublic"))
    return State({POLICY: answer[POLICY]}, context=Standing(is_public, flags))


def policy_about(bucket: Resource) -> Sequence[str]:
    """Return the ARNs of what a bucket's policy can be about."""
    arn = BUCKET.arn_of(bucket.id, bucket.account, bucket.region)
    return arn, f"{arn}/*"
