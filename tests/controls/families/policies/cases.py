"""Policies and the answers about them: section 2 of the facts about resource policies, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

OWNER = "111122223333"
GITHUB = f"arn:aws:iam::{OWNER}:oidc-provider/token.actions.githubusercontent.com"

Statement = dict[str, Any]


class Golden(NamedTuple):
    """A policy, and its answer: public, deputy, or private."""

    name: str
    answer: str
    policy: dict[str, Any]


def allow(condition: Any = None, **elements: Any) -> Statement:
    """A statement that lets everybody read the objects of a bucket. None takes an element away."""
    usual = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    given = {**usual, "Condition": condition, **elements}
    return {name: value for name, value in given.items() if value is not None}


def deny(condition: Any = None, **elements: Any) -> Statement:
    """A statement that denies everybody everything of S3."""
    return allow(condition, **{"Effect": "Deny", "Action": "s3:*", "Resource": "*", **elements})


def trust(condition: Any = None, **principal: str) -> Statement:
    """A statement of a role's trust policy."""
    action = "sts:AssumeRoleWithWebIdentity" if "Federated" in principal else "sts:AssumeRole"
    return allow(condition, Principal=principal, Action=action, Resource=None)


def on(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {operator: {key: value}}


def policy(*statements: Statement, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


_OF_ALL_STRANGERS = {
    "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-mine"},
    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}
_WITH_A_DENY = [
    ("unless of the organization", "private", deny(on("StringNotEquals", "aws:PrincipalOrgID", "o-mine"))),
    ("of everything", "private", deny()),
    ("of all but the root", "private", deny(Principal=None, NotPrincipal={"AWS": f"arn:aws:iam::{OWNER}:root"})),
    ("of a data perimeter", "deputy", deny(_OF_ALL_STRANGERS)),
    ("of signed callers", "public", deny(on("Bool", "aws:PrincipalIsAWSService", "false"))),
    ("of direct calls", "public", deny(on("BoolIfExists", "aws:ViaAWSService", "false"))),
    ("without TLS", "public", deny(on("Bool", "aws:SecureTransport", "false"))),
    ("of another action", "public", deny(Action="s3:PutObject")),
    ("of a prefix", "public", deny(Resource="arn:aws:s3:::b/private/*")),
    (
        "of strangers without TLS",
        "public",
        deny({**on("StringNotEquals", "aws:PrincipalOrgID", "o-mine"), **on("Bool", "aws:SecureTransport", "false")}),
    ),
]
_ORGANIZATION = ("StringEquals", "aws:PrincipalOrgID", "o-mine")
_UNDER_A_CONDITION = [
    ("private", "StringEquals", "aws:PrincipalOrgID", "o-mine"),
    ("private", "StringLike", "aws:PrincipalOrgID", "o-mine"),
    ("private", "StringEquals", "AWS:principalorgid", "o-mine"),
    ("public", "StringEqualsIfExists", "aws:PrincipalOrgID", "o-mine"),
    ("public", "StringLike", "aws:PrincipalOrgID", "o-*"),
    ("public", "StringLike", "aws:PrincipalOrgID", ["o-mine", "*"]),
    ("public", "StringNotEquals", "aws:PrincipalOrgID", "o-mine"),
    ("public", "StringNotEquals", "aws:SourceVpce", "vpce-1"),
    ("private", "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-mine/r-ab/ou-x/*"),
    ("public", "ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-mine/*"),
    ("public", "Null", "aws:PrincipalOrgID", "false"),
    ("public", "IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("public", "IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
    ("public", "IpAddress", "aws:SourceIp", "8.0.0.0/7"),
    ("public", "IpAddress", "aws:SourceIp", ["203.0.113.0/24", "::/0"]),
    ("public", "IpAddress", "aws:SourceIp", [f"{number}.0.0.0/8" for number in range(256)]),
    ("public", "IpAddress", "aws:SourceIp", "*"),
    ("private", "IpAddress", "aws:SourceIp", "203.0.113.7"),
    ("private", "IpAddress", "aws:SourceIp", "203.0.113.9/24"),
    ("private", "IpAddress", "aws:SourceIp", "8.0.0.0/8"),
    ("private", "IpAddress", "aws:SourceIp", "10.0.0.0/8"),
    ("public", "NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("public", "IpAddressIfExists", "aws:SourceIp", "203.0.113.0/24"),
    ("public", "IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    ("public", "Bool", "aws:SecureTransport", "true"),
    ("public", "StringEquals", "aws:Referer", "https://example.com/"),
    ("public", "StringLike", "aws:UserAgent", "Mozilla*"),
    ("public", "StringEquals", "aws:PrincipalTag/team", "red"),
    ("public", "Bool", "aws:MultiFactorAuthPresent", "true"),
    ("public", "StringEquals", "s3:x-amz-acl", "private"),
    ("public", "ForAnyValue:StringEquals", "aws:CalledVia", "athena.amazonaws.com"),
    ("public", "DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z"),
    ("private", "StringEquals", "aws:SourceVpce", "vpce-1"),
    ("public", "StringLike", "aws:SourceVpce", "vpce-*"),
    ("public", "StringLike", "aws:SourceVpce", "*"),
    ("private", "StringEquals", "aws:SourceVpce", "*"),
    ("private", "ArnEquals", "aws:SourceArn", "arn:aws:s3:::mine"),
    ("public", "ArnLike", "aws:SourceArn", "arn:aws:s3:::*"),
    ("public", "ArnLike", "aws:SourceArn", f"arn:aws:sns:*:*:{OWNER}"),
    ("private", "ArnLike", "aws:SourceArn", f"arn:aws:sns:*:{OWNER}:*"),
    ("private", "StringEquals", "aws:SourceAccount", OWNER),
    ("private", "StringEquals", "aws:SourceOwner", OWNER),
    ("private", "StringEquals", "aws:PrincipalAccount", OWNER),
    ("private", "StringEquals", "s3:DataAccessPointAccount", OWNER),
    ("public", "ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/deploy"),
    ("private", "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{OWNER}:role/*"),
    ("private", "StringLike", "aws:userid", "AROAEXAMPLEID:*"),
    ("public", "StringEquals", "aws:SourceVpc", "${aws:SourceVpc}"),
    ("private", "StringEquals", "aws:PrincipalOrgID", "${aws:ResourceOrgID}"),
    ("deputy", "Bool", "aws:PrincipalIsAWSService", "true"),
    ("deputy", "StringEquals", "aws:PrincipalServiceName", "cloudtrail.amazonaws.com"),
]
_ELEMENTS = [
    ("no condition", "public", allow()),
    ("an empty condition", "public", allow({})),
    ("a star in a list", "public", allow(Principal={"AWS": [f"arn:aws:iam::{OWNER}:root", "*"]})),
    ("any account's root", "public", allow(Principal={"AWS": "arn:aws:iam::*:root"})),
    ("all but a user", "public", allow(Principal=None, NotPrincipal={"AWS": f"arn:aws:iam::{OWNER}:user/bob"})),
    ("all but an action", "public", allow(Action=None, NotAction="s3:DeleteBucket")),
    ("two keys", "private", allow({"StringEquals": {"aws:PrincipalOrgID": "o-mine", "aws:PrincipalTag/a": "b"}})),
    (
        "a role's name in the organization",
        "private",
        allow({**on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/deploy"), **on(*_ORGANIZATION)}),
    ),
    ("an AWS service", "deputy", allow(Principal={"Service": "cloudtrail.amazonaws.com"})),
    ("a deleted principal", "private", allow(Principal={"AWS": "AROAEXAMPLEID"})),
    (
        "KMS, through a service, of the account",
        "private",
        allow({"StringEquals": {"kms:CallerAccount": OWNER, "kms:ViaService": "s3.us-east-1.amazonaws.com"}}),
    ),
    ("KMS, through a service", "public", allow(on("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com"))),
    (
        "a function's URL",
        "public",
        allow(on("StringEquals", "lambda:FunctionUrlAuthType", "NONE"), Action="lambda:InvokeFunctionUrl"),
    ),
    ("trust in everybody", "public", trust(AWS="*")),
    ("trust with an external id", "public", trust(on("StringEquals", "sts:ExternalId", "x"), AWS="*")),
    (
        "GitHub, any repository",
        "public",
        trust(on("StringEquals", "token.actions.githubusercontent.com:aud", "sts.amazonaws.com"), Federated=GITHUB),
    ),
    (
        "GitHub, an owner's repositories",
        "private",
        trust(on("StringLike", "token.actions.githubusercontent.com:sub", "repo:acme/*"), Federated=GITHUB),
    ),
    ("Cognito, any pool", "public", trust(Federated="cognito-identity.amazonaws.com")),
    ("SAML", "private", trust(Federated=f"arn:aws:iam::{OWNER}:saml-provider/corporate")),
]


def golden() -> Iterator[Golden]:
    yield Golden("one statement, as an object", "public", {"Version": "2012-10-17", "Statement": allow()})
    yield Golden("the second of two", "public", policy(allow(Principal={"AWS": OWNER}), allow()))
    yield from (Golden(name, answer, policy(statement)) for name, answer, statement in _ELEMENTS)
    for answer, operator, key, value in _UNDER_A_CONDITION:
        yield Golden(f"{operator} {key} {str(value)[:40]}", answer, policy(allow(on(operator, key, value))))
    itself = allow(on("StringEquals", "aws:SourceVpc", "${aws:SourceVpc}"))
    yield Golden("a variable of version 2008-10-17", "private", policy(itself, version="2008-10-17"))
    for name, answer, statement in _WITH_A_DENY:
        yield Golden(f"with a Deny {name}", answer, policy(allow(), statement))
