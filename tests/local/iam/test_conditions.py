"""The element Condition. Each row names the page or section of the IAM User Guide that says so."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam.rows import Condition, holds

K, TAGS, ARN, TIME = "aws:PrincipalTag/team", "aws:TagKeys", "aws:SourceArn", "aws:CurrentTime"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"
IP = "aws:SourceIp"
NOON = "2026-11-29T12:00:00Z"
FINANCE = {ARN: "arn:aws:someservice:*:111122223333:finance/*"}
DOCUMENT = {ARN: "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"}


ROWS: list[tuple[str, Condition, dict[str, Any], bool]] = [
    ("String: case counts", {"StringEquals": {K: "red"}}, {K: "Red"}, False),
    ("String: ignoring case", {"StringEqualsIgnoreCase": {K: "red"}}, {K: "RED"}, True),
    ("String: not, ignoring case", {"StringNotEqualsIgnoreCase": {K: "red"}}, {K: "RED"}, False),
    ("String: a wildcard is a letter under StringEquals", {"StringEquals": {K: "r*"}}, {K: "red"}, False),
    ("String: a lone * is a letter under StringEquals", {"StringEquals": {K: "*"}}, {K: "*"}, True),
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
    ("Null: its case does not count", {"Null": {K: "True"}}, {}, True),
    ("Null: false, the key is there", {"Null": {K: "false"}}, {K: "red"}, True),
    ("Null: false, the key is absent", {"Null": {K: False}}, {}, False),
    ("Null: neither true nor false, the key is there", {"Null": {K: "no"}}, {K: "red"}, False),
    ("Null: neither true nor false, the key is absent", {"Null": {K: "yes"}}, {}, False),
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
    ("Date: its own month", {"DateGreaterThan": {TIME: "2026-11"}}, {TIME: NOON}, True),
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
    ("Boolean: case does not count", {"Bool": {"aws:SecureTransport": "TRUE"}}, {"aws:SecureTransport": "true"}, True),
    ("Boolean: not true", {"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "false"}, False),
    (
        "Boolean: neither true nor false",
        {"Bool": {"aws:SecureTransport": "yes"}},
        {"aws:SecureTransport": "yes"},
        False,
    ),
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
        {"ArnLike": FINANCE},
        DOCUMENT,
        False,
    ),
    (
        "ARN: the same as texts",
        {"StringLike": FINANCE},
        DOCUMENT,
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
    ("Sets: an empty text among others counts", {"ForAllValues:StringEquals": {TAGS: ["a"]}}, {TAGS: ["", "a"]}, False),
    ("Operators: a key without values is missing", {"StringNotEquals": {TAGS: "a"}}, {TAGS: []}, True),
    ("Operators: a boolean of the request is a text", {"StringEquals": {K: "true"}}, {K: True}, True),
    ("Numeric: a key that is no number", {"NumericLessThan": {K: "10"}}, {K: "ten"}, False),
    ("Date: a year is no number of seconds", {"DateLessThan": {TIME: "2027"}}, {TIME: NOON}, True),
    ("IP address: outside of a range of IPv6", {"IpAddress": {IP: "2001:db8::/32"}}, {IP: "2001:db9::1"}, False),
    ("IP address: IPv4 is in no range of IPv6", {"IpAddress": {IP: "::/0"}}, {IP: "203.0.113.1"}, False),
    ("ARN: a text that is none", {"ArnLike": {ARN: "*:*:*:*:*:*"}}, {ARN: "*"}, False),
    ("Grammar: an empty list of values", {"StringEquals": {K: []}}, {K: "red"}, False),
]


@pytest.mark.parametrize(("condition", "context", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_condition_holds_as_its_page_says(condition: Condition, context: dict[str, Any], expected: bool) -> None:
    assert holds(condition, context) is expected


@pytest.mark.usefixtures("machine_in_tokyo")
def test_a_time_without_an_offset_is_utc_wherever_the_machine_is() -> None:
    assert holds({"DateEquals": {TIME: "2026-11-29T12:00:00"}}, {TIME: NOON})
