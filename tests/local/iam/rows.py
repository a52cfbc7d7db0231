"""Callers, requests, and policies of the tests of the evaluation, and a row of their tables."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from cloudmend.local.iam.request import AccessRequest, Caller, Policies
from local.iam.cases import CALLERS, FULL_ACCESS, HOME, OTHER
from local.iam.policies import ALL, NONE, allow, granted_to, policy

ADA, USER, ROLE, FEDERATED, ROOT, SERVICE, NOBODY = CALLERS
LINKED = replace(ROLE, issuer=f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
PROVIDER = Caller("provider", arn=f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com")
ACCOUNT = f"arn:aws:iam::{HOME}:root"

OBJECT = AccessRequest("s3:GetObject", "arn:aws:s3:::data/a", owner=HOME)
FOREIGN = replace(OBJECT, owner=OTHER)
KEY = AccessRequest("kms:Decrypt", f"arn:aws:kms:us-east-1:{HOME}:key/1")
KEYS = AccessRequest("kms:ListKeys", "*")
ASSUME = AccessRequest("sts:AssumeRole", f"arn:aws:iam::{HOME}:role/target")
ASSUME_ABROAD = AccessRequest("sts:AssumeRole", f"arn:aws:iam::{OTHER}:role/target")

ANY, NEVER, OTHERS = policy(ALL), policy(NONE), allow("sqs:*")
FULL = [policy(FULL_ACCESS["Statement"], name="FullAWSAccess")]  # type: ignore[arg-type]
FOR_ALL = [granted_to("*")]


class Row(NamedTuple):
    """A request, and what decides it."""

    page: str
    request: AccessRequest
    caller: Caller
    policies: Policies
    decision: str
