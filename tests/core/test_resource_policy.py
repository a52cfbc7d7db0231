"""Resource policies: who lets EventBridge in, for which rule."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend.core.resource_policy import ServiceUse, allows

RULE = "arn:aws:events:us-east-1:123456789012:rule/mine"
USE = ServiceUse("events.amazonaws.com", "lambda:InvokeFunction", RULE, "123456789012")
ALLOW = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction"}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        {**ALLOW, "Principal": "*"},
        {**ALLOW, "Principal": {"AWS": "*"}},
        {**ALLOW, "Principal": {"Service": ["s3.amazonaws.com", "events.amazonaws.com"]}},
        {**ALLOW, "Action": ["sqs:SendMessage", "lambda:InvokeFunction"]},
        {**ALLOW, "Action": "lambda:*"},
        {**ALLOW, "Action": "LAMBDA:invokefunction"},
        {**ALLOW, "Condition": {"ArnLike": {"AWS:SourceArn": RULE}}},
        {**ALLOW, "Condition": {"ArnEquals": {"aws:SourceArn": [RULE, "arn:aws:events:::rule/other"]}}},
        {**ALLOW, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:123456789012:rule/*"}}},
        {**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
    ],
)
def test_a_statement_lets_the_rule_in(statement: dict[str, Any]) -> None:
    assert allows(policy(statement), USE)
    assert allows({"Statement": statement}, USE)


@pytest.mark.parametrize(
    "statement",
    [
        {**ALLOW, "Effect": "Deny"},
        {**ALLOW, "Principal": {"Service": "s3.amazonaws.com"}},
        {**ALLOW, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {**ALLOW, "Action": "lambda:GetFunction"},
        {**ALLOW, "Condition": {"ArnLike": {"aws:SourceArn": f"{RULE}-too"}}},
        {**ALLOW, "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:events:*"}}},
        {**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
        {**ALLOW, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}},
        {**ALLOW, "Condition": {"StringNotEquals": {"aws:SourceAccount": "111122223333"}}},
        {**ALLOW, "Condition": {"ArnLike": {"aws:SourceArn": RULE}, "Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_a_statement_does_not_let_the_rule_in(statement: dict[str, Any]) -> None:
    assert not allows(policy(statement), USE)


def test_a_denial_outweighs_what_is_allowed() -> None:
    assert not allows(policy(ALLOW, {**ALLOW, "Effect": "Deny"}), USE)


def test_a_denial_of_something_else_does_not_count() -> None:
    assert allows(policy(ALLOW, {**ALLOW, "Effect": "Deny", "Action": "lambda:DeleteFunction"}), USE)
