"""The rights that a bucket's own settings give: by its policy and its ACL, after block public access."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloudmend.local.s3.acls import as_statements
from cloudmend.local.s3.buckets import bucket_named, is_on
from cloudmend.local.s3.public import is_public


def grants_to(name: str, account: str | None) -> Mapping[str, Any] | None:
    """Return a bucket's policy and its ACL's grants to groups as one policy; None if there are neither.

    If the policy is public and RestrictPublicBuckets holds, the policy counts only for the bucket's own account and for
    services of AWS. `account` is the caller's: empty for nobody's, None for a service.
    """
    bucket = bucket_named(name)
    if bucket is None:
        return None
    policy = json.loads(bucket.policy) if bucket.policy else {}
    is_foreign = account is not None and account != bucket.account_id
    if policy and is_foreign and is_on(bucket, "restrict_public_buckets") and is_public(policy, name):
        policy = {}
    granted = list(as_statements(bucket))
    found = policy.get("Statement", [])
    statements = [*(found if isinstance(found, list) else [found]), *granted]
    return {**policy, "Statement": statements} if statements else None
