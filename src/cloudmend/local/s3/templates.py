"""The settings of a bucket in a template that say who may use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.s3.models import PublicAccessBlock

from cloudmend.local.s3 import acls
from cloudmend.local.s3.buckets import FLAGS

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def settle(bucket: FakeBucket, properties: Mapping[str, Any]) -> None:
    """Set what the properties of a template's bucket say. A flag that they leave out is off, as in an API call."""
    block = properties.get("PublicAccessBlockConfiguration")
    if block is not None:
        flags = {_WORD.sub("_", name).lower(): value for name, value in block.items()}
        bucket.public_access_block = PublicAccessBlock(*(flags.get(flag, False) for flag in FLAGS))
    for rule in properties.get("OwnershipControls", {}).get("Rules", ()):
        bucket.ownership_rule = rule["ObjectOwnership"]
    if canned := properties.get("AccessControl"):
        acls.put(bucket, acls.grants_of({"ACL": _WORD.sub("-", canned).lower()}) or ())
