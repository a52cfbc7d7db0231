"""A bucket whose policy lets strangers in: callers whom its author could not have named.

The statement is narrowed in place to the bucket's own account, or to its organization, if the policy file names one.
Signed requests from there keep their access. Requests without credentials, other accounts, and AWS services that call
as themselves lose it: a website or a public data set needs an exemption first. A statement with a condition that AWS
services meet, such as one on `aws:SourceArn`, is only reported.

A policy that strangers could use is at fault while block public access restricts the bucket, too: it counts again when
that flag goes. The reason says then that it is hidden. While the flag is on, S3 shuts out the other accounts that a
public policy names, and after the mend it lets those in.

S3 has a rule of its own for what is public. If the narrowed policy is public by that rule, the mend stays open, and if
block public access refuses public policies, S3 refuses the write. cloudmend tells both, and tries no other way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from cloudmend.controls.families.buckets import (
    ERRORS,
    LISTS,
    Standing,
    every_bucket,
    on_bucket,
    policy_about,
    read_policy,
)
from cloudmend.controls.families.policy_records import POLICY, policy_of
from cloudmend.controls.families.public_policies import Settings, public_policy
from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import Finding, State, View, rights
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import Call

_LIMIT: Final = 20_480  # bytes, as AWS documents it
_NARROWED: Final = ("aws:principalaccount", "aws:principalorgid")
_HIDDEN: Final = "It is hidden by block public access: RestrictPublicBuckets is on"
_STILL: Final = "S3 still calls the policy public, though it is narrowed to principals of its owner"
_BY_HAND: Final = "S3's own rule decides that. Name the principals in the policy instead of adding a condition"


def _judge(view: View, settings: Settings) -> Iterator[Finding]:
    standing: Standing = view.state.context or Standing()
    is_hidden = standing.is_public and "RestrictPublicBuckets" in standing.flags
    found = list(_ROW.judge(view, settings))
    yield from (replace(each, why=f"{each.why}. {_HIDDEN}") if is_hidden else each for each in found)
    text = str(view.parts.get(POLICY, "")).lower()
    if standing.is_public and not found and any(f'"{key}"' in text for key in _NARROWED):
        yield Finding(part=POLICY, why=_STILL, restraint=_BY_HAND)


def _says(call: ApiCall, _: str) -> str:
    return policy_of(call, call.request.get("bucketPolicy", "")) if call.name == "PutBucketPolicy" else ""


def _put(bucket: Resource, _: State, text: str) -> Call:
    return Call("s3", "PutBucketPolicy", {"Bucket": bucket.id, POLICY: text})


_ROW: Final = public_policy(
    id="s3_bucket_policy_public",
    title="A bucket's policy lets strangers in",
    severity="critical",
    references=("Security Hub S3.2", "Security Hub S3.3"),
    advice="In Terraform, add the condition to the aws_s3_bucket_policy resource.",
    resource=BUCKET,
    triggers=on_bucket("PutBucketPolicy"),
    follows=on_bucket("DeleteBucket", "DeleteBucketPolicy"),
    says=_says,
    reads=(
        *rights("s3:GetBucketPolicy", "s3:GetBucketPolicyStatus"),
        *rights("s3:GetBucketPublicAccessBlock", operation="GetPublicAccessBlock"),
        *rights("s3:GetAccountPublicAccessBlock", of="*", operation="s3control:GetPublicAccessBlock"),
        *LISTS,
    ),
    writes=rights("s3:PutBucketPolicy"),
    undoes=rights("s3:PutBucketPolicy"),
    read=read_policy,
    put=_put,
    every=every_bucket,
    limit=_LIMIT,
    about=policy_about,
    errors={**ERRORS, "AccessDenied": "final"},
)
CONTROL: Final = replace(_ROW, judge=_judge)
