"""The experiment with the rights of the stack's roles: a right counts as noticed if its loss denies a request."""

from __future__ import annotations

import json
from typing import Any

from check_rights import Asked, Recorder, Right, unnoticed
from cloudmend.local.iam.evaluate import evaluate
from cloudmend.local.iam.request import AccessRequest, Caller, Policies, Policy

ACCOUNT = "111122223333"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/ledger"
CALLER = Caller(
    "role",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/cloudmend-SweepRole-1A2B3C/sweep",
    f"arn:aws:iam::{ACCOUNT}:role/cloudmend-SweepRole-1A2B3C",
)


def asked(action: str, resource: str, *statements: dict[str, Any]) -> Asked:
    """A request of the role of the sweep, which has a policy of these statements."""
    policy = Policy("own", json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return Asked(AccessRequest(action, resource), CALLER, Policies([policy]))


def allowing(sid: str, action: Any, resource: Any = "*") -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


LEDGER = allowing("UseLedger", ["dynamodb:GetItem", "dynamodb:PutItem"], [TABLE, f"{TABLE}/index/by-time"])
READ = allowing("Read", "ec2:DescribeSecurityGroups")


def test_what_no_request_needs_is_named_by_its_statement_action_and_resource() -> None:
    requests = [asked("dynamodb:GetItem", TABLE, LEDGER, READ), asked("dynamodb:GetItem", TABLE, LEDGER, READ)]
    assert unnoticed(requests) == {
        Right("SweepRole", "UseLedger", "Action dynamodb:PutItem"),
        Right("SweepRole", "UseLedger", f"Resource arn:aws:dynamodb:...:{ACCOUNT}:table/ledger/index/by-time"),
        Right("SweepRole", "Read", ""),
    }


def test_what_some_request_needs_is_noticed() -> None:
    requests = [
        asked("dynamodb:GetItem", TABLE, LEDGER, READ),
        asked("dynamodb:PutItem", f"{TABLE}/index/by-time", LEDGER, READ),
        asked("ec2:DescribeSecurityGroups", "*", LEDGER, READ),
    ]
    assert unnoticed(requests) == set()


def test_a_right_that_another_statement_grants_too_is_not_noticed() -> None:
    twice = allowing("Again", "ec2:Describe*")
    requests = [asked("ec2:DescribeSecurityGroups", "*", READ, twice)]
    assert {right.statement for right in unnoticed(requests)} == {"Read", "Again"}


def test_the_loss_of_a_denial_is_no_loss_of_a_right() -> None:
    never = {"Sid": "Never", "Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": "*"}
    assert unnoticed([asked("ec2:DescribeSecurityGroups", "*", READ, never)]) == set()


def test_the_recorder_keeps_what_a_role_of_the_stack_was_allowed_once() -> None:
    recorder = Recorder()
    request, caller, policies = asked("ec2:DescribeSecurityGroups", "*", READ)
    strangers = Caller("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ada")
    for moment in ("2026-11-29T10:00:00Z", "2026-11-29T10:00:01Z"):
        at = AccessRequest(request.action, "*", {"aws:CurrentTime": moment})
        assert recorder.decided(at, caller, policies) == evaluate(at, caller, policies)
    assert not recorder.decided(AccessRequest("sqs:ListQueues", "*"), caller, policies).allowed
    assert recorder.decided(request, strangers, policies).allowed
    assert [each.request.action for each in recorder.asked.values()] == [request.action]
