"""Parts that the controls of buckets share: the list of a Region's buckets, and the calls that name a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cloudmend.core.contract import Meaning, Trigger, lists
from cloudmend.core.model import Resource
from cloudmend.core.ports import Call, Reader

_LIST: Final = "s3:ListAllMyBuckets"
LISTS: Final = lists(_LIST, operation="ListBuckets")
GONE: Final = {"NoSuchBucket": None}
# S3 takes one change of a bucket's settings at a time.
ERRORS: Final[dict[str, Meaning]] = {"NoSuchBucket": "settled", "OperationAborted": "raced"}


def every_bucket(region: Resource, reader: Reader, _: Any) -> Iterator[str]:
    """Yield the names of the buckets of a Region."""
    asked = Call("s3", "ListBuckets", {"BucketRegion": region.region}, right=_LIST)
    return (row["Name"] for row in reader.rows(asked, "Buckets"))


def on_bucket(*names: str) -> tuple[Trigger, ...]:
    """Return the triggers of calls that name a bucket."""
    return tuple(Trigger("s3.amazonaws.com", name, ("request.bucketName",)) for name in names)
