"""What the kit does not ask about queues: who everybody is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.sqs_policy_public import CONTROL
from cloudmend.core.contract import NoSettings, State, View
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.planning import judge, plan
from cloudmend.core.triggers import resources
from support import ACCOUNT, NOW, REGION

QUEUE = Resource(type="AWS::SQS::Queue", id="a-queue", account=ACCOUNT, region=REGION)
CAUSE = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
OTHER = "arn:aws:iam::123456789012:root"


def view(principal: Any) -> View:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:*", "Resource": "*"}
    state = State({"Policy": json.dumps({"Statement": statement})})
    return View(resource=QUEUE, state=state, cause=CAUSE, now=NOW)


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["*"]},
        {"AWS": [OTHER, "*"]},
        {"AWS": "*", "Service": "s3.amazonaws.com"},
    ],
)
def test_everybody_is_let_in_also_beside_others_that_are_named_and_narrowed_to_its_account(principal: Any) -> None:
    found = judge(CONTROL, view(principal), NoSettings()).counted
    made = plan(CONTROL, view(principal), found, NoSettings())
    (statement,) = json.loads(made.then["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    assert statement["Principal"] == principal


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": OTHER},
        {"AWS": [OTHER]},
        {"AWS": "arn:aws:iam::123456789012:role/*"},
        {"Service": "s3.amazonaws.com"},
        {},
    ],
)
def test_who_is_named_is_not_everybody(principal: Any) -> None:
    assert judge(CONTROL, view(principal), NoSettings()).counted == ()


@pytest.mark.parametrize(
    "path", ["111122223333/a;b", "111122223333/a/../b?c=d", "\u0661\u0662/a-queue", "a-queue", "111122223333/"]
)
def test_what_is_no_url_of_a_queue_is_refused(path: str) -> None:
    asked = {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{path}"}
    call = replace(CAUSE, source="sqs.amazonaws.com", name="SetQueueAttributes", request=asked)
    with pytest.raises(EventError, match="which is not the URL of a queue"):
        resources(CONTROL, call)
