"""How a person opens a bucket by its policy or its ACL, and an account's block public access, with the AWS CLI."""

from __future__ import annotations

import json
from typing import Any, Final

from local.embedded.helpers import ACCOUNT
from walkthrough.proof import Proof, Someone, cli

PARTNER_READS: Final = "id=a-partner-s-canonical-id"
EVERYBODY: Final = "uri=http://acs.amazonaws.com/groups/global/AllUsers"
ON: Final = ("BlockPublicAcls", "BlockPublicPolicy")


def make(account: Someone, name: str) -> str:
    words = ("--bucket", name)
    cli(account, "s3api", "create-bucket", *words, "--object-ownership", "ObjectWriter")
    cli(account, "s3api", "delete-public-access-block", *words)
    return name


def open_policy(bucket: str) -> list[str]:
    return ["s3api", "put-bucket-policy", "--bucket", bucket, "--policy", json.dumps({"Statement": [reading(bucket)]})]


def reading(bucket: str) -> dict[str, Any]:
    objects = f"arn:aws:s3:::{bucket}/*"
    return {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": objects}


def conditions(account: Someone, bucket: str) -> Any:
    text = cli(account, "s3api", "get-bucket-policy", "--bucket", bucket)["Policy"]
    return [each.get("Condition") for each in json.loads(text)["Statement"]]


def open_acl(bucket: str) -> list[str]:
    grants = ("--grant-full-control", "id=the-owner", "--grant-read", f"{PARTNER_READS},{EVERYBODY}")
    return ["s3api", "put-bucket-acl", "--bucket", bucket, *grants]


def granted(account: Someone, bucket: str) -> Any:
    grants = cli(account, "s3api", "get-bucket-acl", "--bucket", bucket)["Grants"]
    return [each["Grantee"].get("ID") or each["Grantee"]["URI"].rpartition("/")[2] for each in grants]


def open_account(account: str) -> list[str]:
    flags = "BlockPublicAcls=false,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=false"
    words = ["s3control", "put-public-access-block", "--account-id", account]
    return [*words, "--public-access-block-configuration", flags]


def blocked(account: Someone, owner: str) -> Any:
    found = cli(account, "s3control", "get-public-access-block", "--account-id", owner)
    return [flag for flag, is_on in found["PublicAccessBlockConfiguration"].items() if is_on]


POLICY: Final = Proof(
    "s3_bucket_policy_public",
    "S3 bucket",
    make,
    open_policy,
    conditions,
    [{"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}],
    "narrowed statement open of its policy to principals of its own account.",
    "Policy is again what it was",
)
GRANTS: Final = Proof(
    "s3_bucket_acl_public",
    "S3 bucket",
    make,
    open_acl,
    granted,
    ["the-owner", "a-partner-s-canonical-id"],
    "removed the grant of READ for AllUsers.",
    "READ for AllUsers is granted again",
)
ACCOUNT_BLOCK: Final = Proof(
    "s3_account_block_public_access",
    "S3 block public access of account",
    lambda *_: ACCOUNT,
    open_account,
    blocked,
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy"],
    "switched BlockPublicAcls on.",
    "BlockPublicAcls is off again",
)
DECLARED: Final = f'\n[control.{ACCOUNT_BLOCK.control}]\nmode = "fix"\nflags = {json.dumps(ON)}\n'
