"""The account's block public access for S3: four flags that hold for all its buckets and access points.

It only observes by default. To have it fixed, name in the policy file the flags that the account should have on: the
flags go for every bucket, so a website or a public data set in the account needs a decision first. cloudmend switches
on what is named there, and never switches a flag off. Before you name `IgnorePublicAcls`, look at the ACLs of your
buckets: S3 no longer shows a public grant then, and it counts again when the flag goes.

The flags are the same in all Regions. CloudTrail reports a change in the Region whose endpoint was called. An answer of
AWS includes what a policy of the organization sets, and an account under such a policy cannot change the flags.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from msgspec import Struct

from cloudmend.controls.families.public_access_block import FLAGS, block_public_access
from cloudmend.controls.resource_types import BLOCK_OF_BUCKETS
from cloudmend.core.contract import Trigger
from cloudmend.core.model import Words

_UNDECLARED: Final = "the policy does not say which flags the account should have on: set `flags` of this control"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings: the flags that the account should have on. None is named by default, and all are reported."""

    flags: tuple[Literal["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], ...] = ()


def _wanted(settings: Settings) -> Collection[str]:
    return settings.flags or FLAGS


CONTROL: Final = block_public_access(
    id="s3_account_block_public_access",
    title="An account does not block public access to its buckets",
    severity="medium",
    references=("Security Hub S3.1",),
    advice="In Terraform, set the arguments of aws_s3_account_public_access_block to true.",
    words=Words(
        fault="not blocking all public access",
        close="switch on what is off. This ends public access to all buckets of the account",
        prevent="Keep the settings on, and publish objects through CloudFront.",
    ),
    resource=BLOCK_OF_BUCKETS,
    service="s3control",
    named=lambda account: {"AccountId": account.id},
    of="Account",
    triggers=tuple(Trigger("s3.amazonaws.com", f"{verb}AccountPublicAccessBlock") for verb in ("Delete", "Put")),
    settings=Settings,
    wanted=_wanted,
    restraint=lambda settings: "" if settings.flags else _UNDECLARED,
    errors={"AccessDenied": "final"},
)
