"""A bucket whose block public access settings are not all on. It only observes unless the policy says otherwise."""

from __future__ import annotations

from typing import Final

from cloudmend.controls.families.buckets import ERRORS, GONE, LISTS, every_bucket, on_bucket
from cloudmend.controls.families.public_access_block import block_public_access
from cloudmend.controls.resource_types import BUCKET
from cloudmend.core.contract import NoSettings
from cloudmend.core.model import Words

CONTROL: Final = block_public_access(
    id="s3_bucket_block_public_access",
    title="A bucket does not block public access",
    severity="medium",
    references=("Security Hub S3.8",),
    advice="In Terraform, set all four arguments of aws_s3_bucket_public_access_block to true.",
    words=Words(
        fault="not blocking all public access",
        close="switch on what is off. This ends all public access to its objects",
        prevent="Keep all four settings on, and publish objects through CloudFront.",
    ),
    resource=BUCKET,
    service="s3",
    named=lambda bucket: {"Bucket": bucket.id},
    of="Bucket",
    triggers=on_bucket("DeleteBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    follows=on_bucket("DeleteBucket"),
    settings=NoSettings,
    lists=LISTS,
    every=every_bucket,
    absent=GONE,
    errors=ERRORS,
)
