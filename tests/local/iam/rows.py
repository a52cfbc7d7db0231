"""Callers, requests, and policies of the tests of the evaluation, and a row of their tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy
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


Condition = dict[str, dict[str, Any]]


def holds(condition: Condition, context: dict[str, Any], version: str = "2012-10-17") -> bool:
    """Whether a statement with the condition applies, in an Allow as in a Deny."""
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::data/a", context)
    allowing = policy({**ALL, "Condition": condition}, version=version)
    denying = policy({**ALL, "Effect": "Deny", "Condition": condition}, version=version)

    def allowed(*policies: Policy) -> bool:
        return evaluate(request, USER, Policies(policies)).allowed

    assert allowed(allowing) is not allowed(policy(ALL), denying)
    return allowed(allowing)
