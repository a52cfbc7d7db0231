"""Policy variables. Each row names what the page "Variables and tags" of the IAM User Guide says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Policies, Policy
from local.iam.policies import ALL
from local.iam.rows import USER, Condition, holds

K, TAGS = "aws:PrincipalTag/team", "aws:TagKeys"
OWN = "${aws:username}"  # of the user bob
VARIABLES: list[tuple[str, Condition, dict[str, Any], bool]] = [
    ("String", {"StringEquals": {K: OWN}}, {K: "bob"}, True),
    ("within a text", {"StringLike": {K: f"home/{OWN}/*"}}, {K: "home/bob/x"}, True),
    ("the case of the key", {"StringEquals": {K: "${AWS:UserName}"}}, {K: "bob"}, True),
    ("ignoring the case of the value", {"StringEqualsIgnoreCase": {K: "X-${aws:username}"}}, {K: "x-BOB"}, True),
    (
        "ignoring the case of the key's value",
        {"StringEqualsIgnoreCase": {K: "${aws:SourceIdentity}"}},
        {K: "bob", "aws:SourceIdentity": "BOB"},
        True,
    ),
    ("ignoring case, a key that is absent", {"StringEqualsIgnoreCase": {K: "${aws:SourceIdentity}"}}, {K: "a"}, False),
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


def test_without_a_version_a_variable_is_a_text() -> None:
    given = {**ALL, "Condition": {"StringEquals": {K: OWN}}}
    held = Policies([Policy("p", json.dumps({"Statement": given}))])
    allowed = [evaluate(AccessRequest("s3:GetObject", "*", {K: value}), USER, held).allowed for value in ("bob", OWN)]
    assert allowed == [False, True]
