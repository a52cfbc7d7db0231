"""Policies that tricks or accidents make hard to judge, each with its answer: public, deputy, or private."""

from __future__ import annotations

from typing import Any

from controls.families.policies.cases import OWNER, allow, deny, on, trust

ORG = "aws:PrincipalOrgID"
WEB = "sts:AssumeRoleWithWebIdentity"
GITHUB = "token.actions.githubusercontent.com"
_TLS = on("Bool", "aws:SecureTransport", "true")
_NO_TLS = on("Bool", "aws:SecureTransport", "false")
_ANY_ROLE = "arn:aws:iam::*:role/deploy"
_MY_TOPICS = f"arn:aws:sns:*:{OWNER}:*"
_KEY = "s3:max-keys"
_IN_2030 = "2030-01-01T00:00:00Z"
_A_SECOND_LATER = "2030-01-01T00:00:01Z"


def keys(condition: Any, **more: Any) -> list[Any]:
    """One Allow with a condition."""
    return [allow(condition, **more)]


TRICKS: list[tuple[str, str, list[Any]]] = [
    ("anonymous callers alone", "public", keys(on("Null", "aws:PrincipalIsAWSService", "true"))),
    ("one of other paths", "public", keys(on("ForAnyValue:StringNotLike", "aws:PrincipalOrgPaths", "o-mine/*"))),
    (
        "a root with wildcards",
        "private",
        keys(on("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-mine/r-*/ou-*")),
    ),
    ("a root of any organization", "public", keys(on("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "*/r-ab/*"))),
    ("two Denies, for both values", "private", [allow(), deny(_TLS), deny(_NO_TLS)]),
    ("a Deny of what is allowed", "private", [allow(_TLS), deny(_TLS)]),
    ("a Deny of all other actions", "public", [allow(), deny(Action=None, NotAction="s3:GetObject")]),
    ("a Deny of all actions but others", "private", [allow(), deny(Action=None, NotAction="s3:ListBucket")]),
    ("a Deny of other resources", "public", [allow(), deny(Resource=None, NotResource="arn:aws:s3:::b/open/*")]),
    (
        "a Deny of the rest, too",
        "private",
        [allow(), deny(Resource=None, NotResource="arn:aws:s3:::b/open/*"), deny(Resource="arn:aws:s3:::b/open*")],
    ),
    ("a Deny of the Allow's halves", "private", [allow(Action="s3:GetObject*"), deny(Action="s3:Get*")]),
    ("most of IPv6", "public", keys(on("IpAddress", "aws:SourceIp", "2600:1f00::/24"))),
    ("a part of IPv6", "private", keys(on("IpAddress", "aws:SourceIp", "2600:1f00::/32"))),
    (
        "two /8, of which a Deny takes one",
        "private",
        [allow(on("IpAddress", "aws:SourceIp", "8.0.0.0/7")), deny(on("IpAddress", "aws:SourceIp", "8.0.0.0/8"))],
    ),
    ("an address as a text", "private", keys(on("StringEquals", "aws:SourceIp", "8.8.8.8"))),
    ("all addresses but a text", "public", keys(on("StringNotLike", "aws:SourceIp", "8.8.*"))),
    ("addresses by a pattern of texts", "public", keys(on("StringLike", "aws:SourceIp", "8.*"))),
    (
        "no address, through AWS's services",
        "public",
        [
            allow(),
            deny({**on("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"), **on("Bool", "aws:ViaAWSService", "false")}),
        ],
    ),
    ("a Deny of other addresses", "private", [allow(), deny(on("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"))]),
    ("a Deny of what is no range", "public", [allow(), deny(on("NotIpAddress", "aws:SourceIp", "office"))]),
    (
        "a range that is none",
        "private",
        keys(
            {
                **on("NotIpAddress", "aws:VpcSourceIp", ["10.0.0.0/8", "office"]),
                **on("Null", "aws:VpcSourceIp", "false"),
            }
        ),
    ),
    (
        "a second between two dates",
        "public",
        keys(
            {
                **on("DateGreaterThan", "aws:CurrentTime", _IN_2030),
                **on("DateLessThan", "aws:CurrentTime", _A_SECOND_LATER),
            }
        ),
    ),
    (
        "no time between two dates",
        "private",
        keys({**on("DateGreaterThan", "aws:CurrentTime", _IN_2030), **on("DateLessThan", "aws:CurrentTime", _IN_2030)}),
    ),
    ("a date that Python does not know", "public", keys(on("DateGreaterThan", "aws:EpochTime", "1" + "0" * 20))),
    (
        "one number that no Deny takes",
        "public",
        [allow(on("NumericLessThanEquals", _KEY, "10")), deny(on("NumericLessThan", _KEY, 10))],
    ),
    ("no number", "private", [allow(on("NumericLessThan", _KEY, "10")), deny(on("NumericLessThanEquals", _KEY, 10))]),
    ("numbers under a large one", "public", keys(on("NumericLessThan", _KEY, "1e300"))),
    ("a number too large for anything", "private", keys(on("NumericLessThan", _KEY, "1e999999999"))),
    (
        "numbers as texts",
        "public",
        keys({**on("NumericGreaterThan", _KEY, "50"), **on("StringLike", _KEY, "1?5")}),
    ),
    (
        "an operator in two cases",
        "private",
        keys({**on("StringEquals", ORG, "o-mine"), **on("STRINGEQUALS", ORG, "o-*")}),
    ),
    (
        "an operator twice, on two keys",
        "private",
        keys({**on("StringEquals", ORG, "o-mine"), **on("stringEquals", "aws:Referer", "x")}),
    ),
    ("a list without values", "private", keys(on("StringEquals", ORG, []))),
    ("all but a list without values", "public", keys(on("StringNotEquals", ORG, []))),
    ("Null without values", "private", keys(on("Null", "aws:Referer", []))),
    ("nobody at all", "private", keys(None, Principal={"AWS": []})),
    ("no kind of principal", "private", keys(None, Principal={})),
    ("a Deny of all but nobody", "private", [allow(), deny(Principal=None, NotPrincipal={"AWS": []})]),
    ("no action", "private", keys(None, Action=[])),
    ("every action", "public", keys(None, Action=None, NotAction=[])),
    (
        "letters of other languages",
        "public",
        keys(on("StringEqualsIgnoreCase", "aws:Referer", "İßſ"), Resource="arn:aws:s3:::b/ü/*"),
    ),
    (
        "a text star that crosses colons",
        "deputy",
        keys(on("StringLike", "aws:SourceArn", _MY_TOPICS), Principal={"Service": "sns.amazonaws.com"}),
    ),
    (
        "an ARN's star, which does not",
        "private",
        keys(on("ArnLike", "aws:SourceArn", _MY_TOPICS), Principal={"Service": "sns.amazonaws.com"}),
    ),
    ("the beginning of an account", "public", keys(on("StringLike", "aws:PrincipalArn", "arn:aws:iam::55*"))),
    (
        "accounts that no Deny takes",
        "public",
        [
            trust(on("StringLike", "aws:PrincipalAccount", "?*"), AWS="*"),
            trust(on("StringLike", "aws:PrincipalAccount", "4*"), AWS="*") | {"Effect": "Deny"},
        ],
    ),
    (
        "accounts that two conditions leave",
        "public",
        keys(
            {
                **on("StringLike", "aws:PrincipalAccount", "5*"),
                **on("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*7:role/deploy"),
            }
        ),
    ),
    (
        "accounts that two conditions do not leave",
        "private",
        keys({**on("StringLike", "aws:PrincipalAccount", "5*"), **on("stringlike", "aws:PrincipalAccount", "6*")}),
    ),
    (
        "organizations that a condition leaves",
        "public",
        keys({**on("StringLike", ORG, "o-a*"), **on("StringNotLike", ORG, "o-abc*")}),
    ),
    ("an account that is always there", "deputy", keys(on("StringNotLike", "aws:PrincipalAccount", "*"))),
    ("roles by their ids", "public", keys(on("StringLike", "aws:userid", "AROA*"))),
    ("a tag that is the user's name", "public", keys(on("StringEquals", "aws:PrincipalTag/owner", "${aws:username}"))),
    (
        "a tag that is not the user's name",
        "public",
        keys(on("StringNotEquals", "aws:PrincipalTag/owner", "${aws:username}")),
    ),
    (
        "the owner's organization, the other way",
        "private",
        keys(on("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}")),
    ),
    ("the stranger's own account", "public", keys(on("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}"))),
    (
        "a Deny of all but the owner's account",
        "deputy",
        [allow(), deny(on("StringNotEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"))],
    ),
    ("a variable with a default", "public", keys(on("StringEquals", "aws:Referer", "${aws:PrincipalTag/site, 'x'}"))),
    ("a home in a bucket", "public", keys(None, Resource="arn:aws:s3:::b/${aws:username}/*")),
    ("a variable in a place where none is", "private", keys(None, Resource="arn:aws:${aws:PrincipalTag/a}:::b/*")),
    ("a star that is none", "public", keys(on("StringLike", "aws:Referer", "a${*}"))),
    (
        "keys that name each other",
        "public",
        keys(
            on("StringEquals", "aws:Referer", "${aws:UserAgent}") | on("StringLike", "aws:UserAgent", "${aws:Referer}")
        ),
    ),
    (
        "a service that a Deny names",
        "deputy",
        [allow(), deny(Principal=None, NotPrincipal={"Service": "sns.amazonaws.com"})],
    ),
    (
        "services but one",
        "deputy",
        [
            allow(Principal={"Service": ["sns.amazonaws.com", "sqs.amazonaws.com"]}),
            deny(Principal={"Service": "sns.amazonaws.com"}),
        ],
    ),
    (
        "any identity pool under a star",
        "public",
        keys(on("StringLike", "cognito-identity.amazonaws.com:aud", "*"), Action=WEB),
    ),
    (
        "one identity pool under a star",
        "private",
        keys(on("StringEquals", "cognito-identity.amazonaws.com:aud", "mine"), Action=WEB),
    ),
    (
        "any repository by its beginning",
        "public",
        [trust(on("StringLike", f"{GITHUB}:sub", "repo:*"), Federated=GITHUB)],
    ),
    ("an empty text", "public", keys(on("StringEquals", "s3:prefix", ""))),
    ("an empty text in a set", "private", keys(on("ForAnyValue:StringEquals", "aws:CalledVia", ""))),
    (
        "two texts of one set",
        "public",
        keys(
            on("ForAnyValue:StringEquals", "aws:CalledVia", "a") | on("foranyvalue:stringequals", "aws:CalledVia", "b")
        ),
    ),
    (
        "two texts of one set, and a Deny of one alone",
        "public",
        [
            allow(
                on("ForAnyValue:StringEquals", "aws:CalledVia", "a")
                | on("foranyvalue:stringequals", "aws:CalledVia", "b")
            ),
            deny(on("ForAllValues:StringEquals", "aws:CalledVia", "a")),
            deny(on("StringEquals", "aws:CalledVia", "a")),
        ],
    ),
    (
        "a Deny of what is no range, and of some addresses",
        "public",
        [
            allow(on("Null", "aws:SourceIp", "false")),
            deny(on("NotIpAddress", "aws:SourceIp", "office")),
            deny(on("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/2", "::/0"])),
        ],
    ),
    (
        "a Deny that a lacking tag escapes",
        "public",
        [allow(), deny(on("StringNotEquals", "aws:PrincipalArn", f"{_ANY_ROLE}-${{aws:PrincipalTag/team}}"))],
    ),
    (
        "accounts, or a user's name",
        "public",
        keys(
            on("StringLike", "aws:PrincipalAccount", ["5*", "${aws:username}"])
            | on("StringNotLike", "aws:PrincipalAccount", "4*")
        ),
    ),
    (
        "accounts, or that of the source",
        "public",
        keys(
            on("StringLike", "aws:PrincipalAccount", ["5*", "${aws:SourceAccount}"])
            | on("StringNotLike", "aws:PrincipalAccount", "4*")
        ),
    ),
    ("another network", "private", [allow(), deny(on("StringNotEqualsIfExists", "aws:SourceVpce", "vpce-1"))]),
    ("a boolean that is none", "private", keys(on("Bool", "aws:SecureTransport", "yes"))),
    ("bytes", "public", keys(on("BinaryEquals", "s3:ExistingObjectTag/a", "YQ=="))),
    ("bytes that are none", "private", keys(on("BinaryEquals", "s3:ExistingObjectTag/a", "?"))),
    ("another partition's everybody", "public", keys(None, Principal={"AWS": "arn:aws-cn:iam::*:root"})),
    ("an account as a number", "private", keys(on("NumericEquals", "aws:PrincipalAccount", 111122223333))),
]
