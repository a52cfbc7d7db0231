"""The names that random requests of IAM are drawn from, and a case as the oracle takes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy, caller_keys, owner_of

HOME, OTHER = "111122223333", "444455556666"
FULL_ACCESS = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
FULL_ACCESS_TO_RESOURCES = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
}

# An action, and the resource that it is for; {} is the account of its owner.
REQUESTS = (
    ("s3:GetObject", "arn:aws:s3:::data/team/a.txt"),
    ("s3:ListBucket", "arn:aws:s3:::data"),
    ("s3:ListAllMyBuckets", "*"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:{}:work"),
    ("sns:Publish", "arn:aws:sns:eu-west-1:{}:alarms"),
    ("ec2:RevokeSecurityGroupIngress", "arn:aws:ec2:us-east-1:{}:security-group/sg-1"),
    ("ec2:DescribeSecurityGroups", "*"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("sts:AssumeRole", "arn:aws:iam::{}:role/target"),
    ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:{}:function:mend"),
    ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:{}:table/ledger"),
    ("events:PutEvents", "arn:aws:events:us-east-1:{}:event-bus/default"),
)
NO_RESOURCE_POLICY = ("ec2", "iam")
ALWAYS_WITH_POLICY = ("kms", "sts")  # keys, and the trust policies of roles

CALLERS = (
    Caller("user", HOME, f"arn:aws:iam::{HOME}:user/team/ada", userid="AIDAEXAMPLE"),
    Caller("user", HOME, f"arn:aws:iam::{HOME}:user/bob", userid="AIDABOB"),
    Caller(
        "role", HOME, f"arn:aws:sts::{HOME}:assumed-role/work/run", f"arn:aws:iam::{HOME}:role/work", "AROAEXAMPLE:run"
    ),
    Caller(
        "federated", HOME, f"arn:aws:sts::{HOME}:federated-user/bob", f"arn:aws:iam::{HOME}:user/bob", f"{HOME}:bob"
    ),
    Caller("root", HOME, f"arn:aws:iam::{HOME}:root"),
    Caller("service", arn="lambda.amazonaws.com"),
    Caller("anonymous"),
)

# Keys, the operators that fit, and values: those of requests, and those of policies.
STRINGS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
FOLDED = ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
ARNS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
TEAMS = ("red", "Red", "blue", "team")
TEAM_PATTERNS = (*TEAMS, "*", "r*", "?ed", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/Nobody}")
KEYS: tuple[tuple[str, tuple[str, ...], tuple[Any, ...], tuple[Any, ...]], ...] = (
    ("aws:PrincipalTag/team", STRINGS + FOLDED, TEAMS, (*TEAM_PATTERNS, "${aws:PrincipalTag/none, 'red'}")),
    (
        "aws:RequestedRegion",
        STRINGS + FOLDED,
        ("us-east-1", "eu-west-1"),
        ("us-east-1", "eu-*", "US-EAST-1", "us-east-?"),
    ),
    ("aws:username", STRINGS, (), ("ada", "bob", "b*", "${aws:PrincipalTag/team}")),
    ("aws:PrincipalType", STRINGS, (), ("User", "AssumedRole", "Account", "*")),
    (
        "aws:PrincipalArn",
        ARNS + STRINGS,
        (),
        (
            f"arn:aws:iam::{HOME}:role/work",
            f"arn:aws:iam::{HOME}:*",
            "arn:aws:iam::*:user/*",
            "arn:*:iam::*:user/${aws:username}",
        ),
    ),
    (
        "aws:SourceArn",
        ARNS,
        (f"arn:aws:sns:us-east-1:{HOME}:alarms", f"arn:aws:sns:us-east-1:{OTHER}:alarms"),
        (f"arn:aws:sns:*:{HOME}:*", "arn:aws:sns:us-east-1:*:alarms", "arn:aws:sns:us-*:*:a?arms"),
    ),
    (
        "aws:SourceIp",
        ("IpAddress", "NotIpAddress"),
        ("198.51.100.7", "2001:db8::1"),
        ("198.51.100.0/24", "198.51.100.7/32", "203.0.113.0/24", "2001:db8::/32"),
    ),
    ("aws:SecureTransport", ("Bool",), ("true", "false"), ("true", "false", True, "False")),
    ("aws:MultiFactorAuthPresent", ("Bool",), ("true", "false"), ("true", "false", True)),
    (
        "aws:MultiFactorAuthAge",
        tuple(f"Numeric{order}" for order in ORDERS),
        ("300", "3600"),
        ("300", "900", "3600", 300),
    ),
    (
        "aws:CurrentTime",
        tuple(f"Date{order}" for order in ORDERS),
        ("2026-11-29T05:00:00Z", "2026-11-30T05:00:00Z"),
        ("2026-11-29T05:00:00Z", "2026-11-30T00:00:00Z", "2020-01-01T00:00:00Z"),
    ),
    ("aws:PrincipalOrgID", STRINGS, ("o-mine", "o-other"), ("o-mine", "o-*", "${aws:ResourceOrgID}")),
    (
        "aws:PrincipalOrgPaths",
        tuple(f"{each}:{name}" for each in ("ForAllValues", "ForAnyValue") for name in STRINGS),
        (["o-mine/r-1/ou-1/"], ["o-mine/r-1/ou-1/", "o-mine/r-1/ou-2/"], ["o-other/r-2/"]),
        ("o-mine/*", "o-mine/r-1/ou-1/", "o-other/*", "*"),
    ),
    (
        "aws:CalledVia",
        (*STRINGS, *(f"{each}:{name}" for each in ("ForAllValues", "ForAnyValue") for name in STRINGS[:2])),
        (["cloudformation.amazonaws.com"], ["athena.amazonaws.com", "dynamodb.amazonaws.com"]),
        ("cloudformation.amazonaws.com", "athena.amazonaws.com"),
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A request, its caller, and the policies."""

    request: AccessRequest
    caller: Caller
    policies: Policies

    def simulation(self) -> dict[str, Any]:
        """The case as the oracle takes it."""
        context = caller_keys(self.caller) | dict(self.request.context)
        resource = {"resource": self.request.resource, "accountId": owner_of(self.request, self.caller.account)}
        anonymous = self.caller.kind == "anonymous"
        policies = self.policies
        return {
            "request": {
                "principal": {"type": "Anonymous"} if anonymous else self.caller.arn,
                "action": self.request.action,
                "resource": resource,
                "contextVariables": context,
            },
            "identityPolicies": _named(policies.identity) or self._of_the_root_user(),
            "permissionBoundaryPolicies": _named([policies.boundary]) if policies.boundary else None,
            "sessionPolicy": json.loads(policies.session[0].text) if policies.session else None,
            "resourcePolicy": json.loads(policies.resource.text) if policies.resource else None,
            "serviceControlPolicies": _levels(policies.scps),
            # The oracle attaches the full access by itself.
            "resourceControlPolicies": _levels([level[1:] for level in policies.rcps]),
        }

    def _of_the_root_user(self) -> list[dict[str, Any]]:
        """AWS gives the root user full access; to the oracle it is a user like others."""
        return [{"name": "root", "policy": FULL_ACCESS}] if self.caller.kind == "root" else []


def _named(policies: Sequence[Policy]) -> list[dict[str, Any]]:
    return [{"name": policy.name, "policy": json.loads(policy.text)} for policy in policies]


def _levels(levels: Sequence[Sequence[Policy]]) -> list[dict[str, Any]]:
    return [{"orgIdentifier": f"level {number}", "policies": _named(level)} for number, level in enumerate(levels)]
