"""What a call's record alone leaves of a bucket's block of public access."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.controls import s3_bucket_block_public_access
from cloudmend.core.contract import Control, State
from cloudmend.core.model import ApiCall, Json, Resource
from support import ACCOUNT, NOW, REGION

S3 = s3_bucket_block_public_access.CONTROL
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def after(control: Control[Any], name: str, request: Json, before: Json | None = None) -> Json | None:
    """The parts after a call; None: the resource is gone, or nothing is known of it."""
    call = ApiCall(event_id="e", source="", name=name, time=NOW, account=ACCOUNT, region=REGION, request=request)
    assert control.follow
    resource = Resource(type=control.resource.type, id="one")
    state = None if before is None else State(before)
    found = control.follow.step(state, resource, call, NOW)
    assert found.older == ()
    return found.state.parts if found.state else None


@pytest.mark.parametrize(
    ("control", "name", "request_", "before", "left"),
    [
        (S3, "DeleteBucketPublicAccessBlock", {}, dict.fromkeys(FLAGS, True), {}),
        (S3, "DeleteBucket", {}, {}, None),
    ],
)
def test_a_call_leaves_what_its_record_says(
    control: Control[Any], name: str, request_: Json, before: Json | None, left: Json | None
) -> None:
    assert after(control, name, request_, before) == left


def test_a_flag_that_a_put_leaves_out_is_off() -> None:
    told = {"BlockPublicAcls": True, "IgnorePublicAcls": "true", "BlockPublicPolicy": False}
    left = after(S3, "PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": told})
    assert left == dict(zip(FLAGS, (True, True, False, False), strict=True))


def test_of_what_is_not_at_fault_nothing_is_kept() -> None:
    """A replay's memory grows with what is open, and not with what was looked at."""
    told = {"PublicAccessBlockConfiguration": dict.fromkeys(FLAGS, True)}
    assert after(S3, "PutBucketPublicAccessBlock", told, dict.fromkeys(FLAGS, False)) is None
