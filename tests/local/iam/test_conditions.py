"""The element Condition. Each row names the page or section of the IAM User Guide that says so."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Policies, Policy
from local.iam.policies import ALL, policy
from local.iam.rows import USER

Condition = dict[str, dict[str, Any]]
K, TAGS, ARN, TIME = "aws:PrincipalTag/team", "aws:TagKeys", "aws:SourceArn", "aws:CurrentTime"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"
NOON = "2026-11-29T12:00:00Z"


def holds(condition: Condition, context: dict[str, Any], version: str = "2012-10-17") -> bool:
    """Whether a statement with the condition applies, in an Allow as in a Deny."""
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::data/a", context)
    allowing = policy({**ALL, "Condition": condition}, version=version)
    denying = policy({**ALL, "Effect": "Deny", "Condition": condition}, version=version)

    def allowed(*policies: Policy) -> bool:
        return evaluate(request, USER, Policies(policies)).allowed

    assert allowed(allowing) is not allowed(policy(ALL), denying)
    return allowed(allowing)


ROWS: list[tuple[str, Condition, dict[str, Any], bool]] = [
    ("String: case counts", {"StringEquals": {K: "red"}}, {K: "Red"}, False),
    ("String: ignoring case", {"StringEqualsIgnoreCase": {K: "red"}}, {K: "RED"}, True),
    ("String: not, ignoring case", {"StringNotEqualsIgnoreCase": {K: "red"}}, {K: "RED"}, False),
    ("String: a wildcard is a letter under StringEquals", {"StringEquals": {K: "r*"}}, {K: "red"}, False),
    ("String: wildcards", {"StringLike": {K: "r?d*"}}, {K: "red-1"}, True),
    ("String: ? is one character", {"StringLike": {K: "re?"}}, {K: "re"}, False),
    ("String: * also for line ends", {"StringLike": {K: "a*c"}}, {K: "a\nc"}, True),
    ("Condition keys: their case does not count", {"StringEquals": {K.upper(): "red"}}, {K.lower(): "red"}, True),
    ("Operators: several values are alternatives", {"StringEquals": {K: ["blue", "red"]}}, {K: "red"}, True),
    (
        "Operators: several values of a negation are excluded each",
        {"StringNotEquals": {K: ["blue", "red"]}},
        {K: "red"},
        False,
    ),
    ("Operators: several keys are all needed", {"StringEquals": {K: "red", "aws:username": "ada"}}, {K: "red"}, False),
    (
        "Operators: several operators are all needed",
        {"StringEquals": {K: "red"}, "Null": {TAGS: "false"}},
        {K: "red"},
        False,
    ),
    ("Operators: a missing key does not match", {"StringLike": {K: "*"}}, {}, False),
    ("Operators: a missing key matches a negation", {"StringNotLike": {K: "red"}}, {}, True),
    ("Operators: a value of None is a missing key", {"StringNotLike": {K: "*"}}, {K: None}, True),
    ("IfExists: a missing key matches", {"StringLikeIfExists": {K: "red"}}, {}, True),
    ("IfExists: a key that is there counts", {"StringLikeIfExists": {K: "red"}}, {K: "blue"}, False),
    ("IfExists: a missing key matches a negation too", {"StringNotEqualsIfExists": {K: "red"}}, {}, True),
    ("Null: true, the key is absent", {"Null": {K: "true"}}, {}, True),
    ("Null: true, the key is there", {"Null": {K: True}}, {K: "red"}, False),
    ("Null: false, the key is there", {"Null": {K: "false"}}, {K: "red"}, True),
    ("Null: false, the key is absent", {"Null": {K: False}}, {}, False),
    ("Numeric: equal by value", {"NumericEquals": {K: "10"}}, {K: "10.0"}, True),
    ("Numeric: a JSON number", {"NumericLessThanEquals": {K: 10}}, {K: 10}, True),
    ("Numeric: less", {"NumericLessThan": {K: "10"}}, {K: "9"}, True),
    ("Numeric: not as texts", {"NumericGreaterThan": {K: "9"}}, {K: "10"}, True),
    ("Numeric: greater or equal", {"NumericGreaterThanEquals": {K: "10"}}, {K: "9.99"}, False),
    ("Numeric: not equal", {"NumericNotEquals": {K: "10"}}, {K: "9"}, True),
    ("Numeric: a text is no number", {"NumericEquals": {K: "ten"}}, {K: "ten"}, False),
    ("Numeric: infinity is no number", {"NumericLessThan": {K: "inf"}}, {K: "10"}, False),
    ("Date: before", {"DateLessThan": {TIME: "2026-11-29T12:00:01Z"}}, {TIME: NOON}, True),
    ("Date: by instant", {"DateEquals": {TIME: "2026-11-29T14:00:00+02:00"}}, {TIME: NOON}, True),
    ("Date: a day", {"DateGreaterThan": {TIME: "2026-11-29"}}, {TIME: NOON}, True),
    ("Date: a month", {"DateGreaterThanEquals": {TIME: "2026-12"}}, {TIME: NOON}, False),
    ("Date: a year", {"DateGreaterThan": {TIME: "2026"}}, {TIME: NOON}, True),
    (
        "Date: seconds since 1970",
        {"DateLessThan": {"aws:EpochTime": "1800000000"}},
        {"aws:EpochTime": "1795953600"},
        True,
    ),
    ("Date: no wildcards", {"DateEquals": {TIME: "2026-*"}}, {TIME: NOON}, False),
    ("Date: not equal", {"DateNotEquals": {TIME: "2026-11-29"}}, {TIME: NOON}, True),
    ("Boolean: true", {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": True}, True),
    ("Boolean: a JSON boolean", {"Bool": {"aws:SecureTransport": False}}, {"aws:SecureTransport": "false"}, True),
    ("Boolean: absent is not false", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, {}, False),
    (
        "Boolean: absent is false enough with IfExists",
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {},
        True,
    ),
    ("Binary: by bytes", {"BinaryEquals": {K: "QmluYXJ5"}}, {K: "QmluYXJ5"}, True),
    ("Binary: other bytes", {"BinaryEquals": {K: "QmluYXJ5"}}, {K: "QmluYXJ6"}, False),
    ("Binary: not base64", {"BinaryEquals": {K: "%"}}, {K: "%"}, False),
    (
        "IP address: in a range",
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"aws:SourceIp": "203.0.113.9"},
        True,
    ),
    (
        "IP address: bits after the prefix",
        {"IpAddress": {"aws:SourceIp": "203.0.113.9/24"}},
        {"aws:SourceIp": "203.0.113.1"},
        True,
    ),
    (
        "IP address: an address is a /32",
        {"IpAddress": {"aws:SourceIp": "203.0.113.9"}},
        {"aws:SourceIp": "203.0.113.1"},
        False,
    ),
    (
        "IP address: IPv6",
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8::/32"]}},
        {"aws:SourceIp": "2001:db8::1"},
        True,
    ),
    ("IP address: all of IPv4", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, {"aws:SourceIp": "203.0.113.1"}, True),
    (
        "IP address: all of IPv4 is not IPv6",
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
        {"aws:SourceIp": "2001:db8::1"},
        False,
    ),
    (
        "IP address: all but",
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"aws:SourceIp": "198.51.100.1"},
        True,
    ),
    ("IP address: no range", {"IpAddress": {"aws:SourceIp": "anywhere"}}, {"aws:SourceIp": "203.0.113.1"}, False),
    ("ARN: segment by segment", {"ArnLike": {ARN: "arn:aws:sns:*:111122223333:*"}}, {ARN: TOPIC}, True),
    (
        "ARN: the page's own example",
        {"ArnLike": {ARN: "arn:aws:someservice:*:111122223333:finance/*"}},
        {ARN: "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"},
        False,
    ),
    (
        "ARN: the same as texts",
        {"StringLike": {ARN: "arn:aws:someservice:*:111122223333:finance/*"}},
        {ARN: "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"},
        True,
    ),
    ("ARN: ArnEquals has wildcards too", {"ArnEquals": {ARN: "arn:aws:sns:us-*:*:a?arms"}}, {ARN: TOPIC}, True),
    ("ARN: not", {"ArnNotEquals": {ARN: "arn:aws:sns:*:*:*"}}, {ARN: TOPIC}, False),
    ("ARN: six segments", {"ArnLike": {ARN: "arn:aws:sns:*"}}, {ARN: TOPIC}, False),
    (
        "ARN: a colon in the last",
        {"ArnLike": {ARN: "arn:aws:lambda:*:*:function:*"}},
        {ARN: "arn:aws:lambda:us-east-1:1:function:f:1"},
        True,
    ),
    ("Sets: all values are listed", {"ForAllValues:StringEquals": {TAGS: ["a", "b"]}}, {TAGS: ["b", "a"]}, True),
    ("Sets: one value is not listed", {"ForAllValues:StringEquals": {TAGS: ["a", "b"]}}, {TAGS: ["a", "c"]}, False),
    ("Sets: no key is true", {"ForAllValues:StringEquals": {TAGS: ["a"]}}, {}, True),
    ("Sets: no values is true", {"ForAllValues:StringEquals": {TAGS: ["a"]}}, {TAGS: []}, True),
    ("Sets: an empty text is true", {"ForAllValues:StringEquals": {TAGS: ["a"]}}, {TAGS: [""]}, True),
    ("Sets: any value is listed", {"ForAnyValue:StringLike": {TAGS: "b*"}}, {TAGS: ["a", "bc"]}, True),
    ("Sets: any, no key", {"ForAnyValue:StringEquals": {TAGS: ["a"]}}, {}, False),
    ("Sets: any, negated, no key", {"ForAnyValue:StringNotEquals": {TAGS: ["a"]}}, {}, False),
    ("Sets: any, negated", {"ForAnyValue:StringNotEquals": {TAGS: ["a"]}}, {TAGS: ["a", "b"]}, True),
    ("Sets: all, negated", {"ForAllValues:StringNotEquals": {TAGS: ["a"]}}, {TAGS: ["a", "b"]}, False),
    ("Sets: any, IfExists, no key", {"ForAnyValue:StringEqualsIfExists": {TAGS: ["a"]}}, {}, False),
    ("Sets: a key with one value", {"ForAnyValue:StringEquals": {K: "red"}}, {K: "red"}, True),
    ("Sets: several values need a set operator", {"StringEquals": {TAGS: "a"}}, {TAGS: ["a"]}, False),
    ("Operators: their case does not count", {"foranyvalue:stringequalsifexists": {K: "red"}}, {K: "red"}, True),
    ("Grammar: an empty list of values", {"StringEquals": {K: []}}, {K: "red"}, False),
]


@pytest.mark.parametrize(("condition", "context", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_condition_holds_as_its_page_says(condition: Condition, context: dict[str, Any], expected: bool) -> None:
    assert holds(condition, context) is expected


OWN = "${aws:username}"  # of the user bob
VARIABLES: list[tuple[str, Condition, dict[str, Any], bool]] = [
    ("String", {"StringEquals": {K: OWN}}, {K: "bob"}, True),
    ("within a text", {"StringLike": {K: f"home/{OWN}/*"}}, {K: "home/bob/x"}, True),
    ("the case of the key", {"StringEquals": {K: "${AWS:UserName}"}}, {K: "bob"}, True),
    ("ignoring the case of the value", {"StringEqualsIgnoreCase": {K: "X-${aws:username}"}}, {K: "x-BOB"}, True),
    ("ARN", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}}, {}, True),
    (
        "a value's wildcards are letters",
        {"StringLike": {K: "${aws:SourceIdentity}"}},
        {K: "red", "aws:SourceIdentity": "r*"},
        False,
    ),
    (
        "a key that is absent matches nothing",
        {"StringEquals": {K: "${aws:SourceIdentity}"}},
        {K: "${aws:SourceIdentity}"},
        False,
    ),
    ("nor does its negation", {"StringNotEquals": {K: "${aws:SourceIdentity}"}}, {K: "red"}, False),
    ("other values still count", {"StringEquals": {K: ["${aws:SourceIdentity}", "red"]}}, {K: "red"}, True),
    ("a key with several values has none", {"StringEquals": {K: "${aws:TagKeys}"}}, {K: "a", TAGS: ["a"]}, False),
    ("default", {"StringEquals": {K: "${aws:SourceIdentity, 'red'}"}}, {K: "red"}, True),
    ("default unused", {"StringEquals": {K: "${aws:username, 'red'}"}}, {K: "red"}, False),
    ("default: comma and space", {"StringEquals": {K: "${aws:SourceIdentity,'red'}"}}, {K: "red"}, False),
    ("the special *", {"StringLike": {K: "a${*}"}}, {K: "ab"}, False),
    ("the special * as a letter", {"StringLike": {K: "a${*}?"}}, {K: "a*b"}, True),
    ("the special ?", {"StringLike": {K: "a${?}"}}, {K: "a?"}, True),
    ("the special $", {"StringEquals": {K: "${$}{x}"}}, {K: "${x}"}, True),
    (
        "not with Bool",
        {"Bool": {"aws:SecureTransport": "${aws:ViaAWSService}"}},
        {"aws:SecureTransport": "true", "aws:ViaAWSService": "true"},
        False,
    ),
]


@pytest.mark.parametrize(
    ("condition", "context", "expected"), [r[1:] for r in VARIABLES], ids=[r[0] for r in VARIABLES]
)
def test_a_variable_stands_for_a_key_as_its_page_says(
    condition: Condition, context: dict[str, Any], expected: bool
) -> None:
    assert holds(condition, context) is expected


@pytest.mark.parametrize("value", ["bob", "*"])
def test_before_version_2012_a_variable_is_a_text(value: str) -> None:
    condition = {"StringEquals": {K: value.replace("bob", OWN).replace("*", "${*}")}}
    assert holds(condition, {K: value})
    assert not holds(condition, {K: value}, "2008-10-17")
    assert holds(condition, {K: condition["StringEquals"][K]}, "2008-10-17")
