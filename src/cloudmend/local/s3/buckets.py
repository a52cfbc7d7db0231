"""The buckets in moto's state, with what AWS gives new ones, and the flags of block public access that hold for one."""

from __future__ import annotations

from typing import Any, Final

from moto.s3 import models
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend, s3_backends
from moto.s3control.models import s3control_backends

FLAGS: Final = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
OWNER_ENFORCED: Final = "BucketOwnerEnforced"
_CREATE: Final = S3Backend.create_bucket


def have_defaults() -> None:
    """Have moto make buckets as AWS does since April 2023: all public access is blocked, and there are no ACLs.

    moto by itself invokes the functions of rules that name CreateBucket, in Docker, with an event of another kind.
    """
    setattr(S3Backend, _CREATE.__name__, _create)
    setattr(models, "events_send_notification", _notify)  # noqa: B010 - moto's own name is imported there


def _notify(*_: Any, **__: Any) -> None:
    """Leave it to CloudTrail's record to tell that a bucket was made."""


def _create(backend: S3Backend, *args: Any, **kwargs: Any) -> FakeBucket:
    bucket = _CREATE(backend, *args, **kwargs)
    bucket.public_access_block = PublicAccessBlock(True, True, True, True)
    bucket.ownership_rule = OWNER_ENFORCED  # type: ignore[assignment]
    return bucket


def bucket_named(name: str) -> FakeBucket | None:
    """Return the bucket of a name, whoever owns it; None if there is none."""
    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    return s3_backends[account][partition].buckets.get(name) if account else None


def is_on(bucket: FakeBucket, flag: str) -> bool:
    """Return whether a flag of block public access holds for a bucket: by the bucket's setting, or its account's."""
    of_account = s3control_backends[bucket.account_id][bucket.partition].public_access_block
    return any(getattr(each, flag, False) for each in (bucket.public_access_block, of_account))


def has_acl(bucket: FakeBucket) -> bool:
    """Return whether a bucket has an ACL that counts: whether its owner does not own all by itself."""
    rule: Any = bucket.ownership_rule  # moto: said to be a mapping, and is the word
    return bool(rule != OWNER_ENFORCED)
