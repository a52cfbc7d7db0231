"""What is a queue's own: its URL, and the calls that change its policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls.sqs_policy_public import CONTROL
from cloudmend.core.contract import State, View
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

QUEUE = Resource(type="AWS::SQS::Queue", id="a-queue", account=ACCOUNT, region=REGION)
CAUSE = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
OTHER = "arn:aws:iam::123456789012:root"


@pytest.mark.parametrize(
    "path", ["111122223333/a;b", "111122223333/a/../b?c=d", "\u0661\u0662/a-queue", "a-queue", "111122223333/"]
)
def test_what_is_no_url_of_a_queue_is_refused(path: str) -> None:
    asked = {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{path}"}
    call = replace(CAUSE, source="sqs.amazonaws.com", name="SetQueueAttributes", request=asked)
    with pytest.raises(EventError, match="which is not the URL of a queue"):
        resources(CONTROL, call)


ALL = {"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
MINE = {"Sid": "mine", "Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sqs:*", "Resource": "*"}


def called(name: str, **request: Any) -> ApiCall:
    return replace(CAUSE, event_id="e-1", source="sqs.amazonaws.com", name=name, request=request)


def sets(*statements: Any) -> ApiCall:
    return called("SetQueueAttributes", attributes={"Policy": json.dumps({"Statement": statements})})


def followed(*calls: ApiCall) -> list[str]:
    """The reasons why the queue is at fault after these calls, by their records."""
    assert CONTROL.follow
    state: State | None = None
    for call in calls:
        state = CONTROL.follow.step(state, QUEUE, call, NOW).state
    seen = state and View(resource=QUEUE, state=state, cause=CAUSE, now=NOW)
    return [each.why for each in CONTROL.judge(seen, CONTROL.settings())] if seen else []


@pytest.mark.parametrize(
    ("calls", "is_open"),
    [
        ([sets(ALL)], True),
        ([called("CreateQueue", attribute={"Policy": json.dumps({"Statement": ALL})})], True),
        ([called("SetQueueAttributes", attributes={"Policy": {"Statement": [ALL]}})], True),
        ([sets(ALL, MINE), called("SetQueueAttributes", attributes={"DelaySeconds": "5"})], True),
        (
            [sets(ALL), called("AddPermission", label="mine", aWSAccountIds=["123456789012"], actions=["SendMessage"])],
            True,
        ),
        ([sets(ALL, MINE), called("RemovePermission", label="mine")], True),
        ([called("AddPermission", label="all", aWSAccountIds=["*"], actions=["SendMessage"])], True),
        ([called("AddPermission", label="all", aWSAccountIds=["*"])], True),
        ([called("AddPermission", label="mine", aWSAccountIds=["123456789012"], actions=["SendMessage"])], False),
        ([sets(ALL, MINE), called("RemovePermission", label="open")], False),
        ([sets(ALL), called("RemovePermission", label="open")], False),
        ([sets(ALL), sets(MINE)], False),
        ([sets(ALL), called("SetQueueAttributes", attributes={"Policy": ""})], False),
        ([sets(ALL), called("DeleteQueue")], False),
        ([called("DeleteQueue")], False),
    ],
)
def test_records_tell_what_is_open(calls: list[ApiCall], is_open: bool) -> None:
    assert bool(followed(*calls)) is is_open


@pytest.mark.parametrize("policy", ["invalid-json-policy", "[]", '{"Statement": ["open"]}', ["open"]])
def test_a_policy_that_no_queue_takes_is_refused(policy: Any) -> None:
    with pytest.raises(EventError, match=r"Event e-1 \(SetQueueAttributes\) sets a policy that cannot be read"):
        followed(called("SetQueueAttributes", attributes={"Policy": policy}))


NAMED = {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": OTHER}}
OPEN = {"Sid": "open", "Effect": "Allow", "Principal": "*"}
ADDED = {
    "Sid": "b",
    "Effect": "Allow",
    "Principal": {"AWS": ["123456789012", "*"]},
    "Action": ["SQS:SendMessage", "SQS:ReceiveMessage"],
}
ADDS = {"label": "b", "aWSAccountIds": ["123456789012", "*"], "actions": ["SendMessage", "ReceiveMessage"]}


def whole(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("name", "request_", "before", "left"),
    [
        ("SetQueueAttributes", {"attributes": {"Policy": json.dumps(whole(OPEN))}}, None, whole(OPEN)),
        ("CreateQueue", {"attribute": {"Policy": whole(OPEN)}}, None, whole(OPEN)),
        ("SetQueueAttributes", {"attributes": {"Policy": ""}}, whole(OPEN), None),
        ("SetQueueAttributes", {"attributes": {"DelaySeconds": "5"}}, whole(OPEN), whole(OPEN)),
        ("SetQueueAttributes", {"attributes": {"DelaySeconds": "5"}}, None, None),
        ("DeleteQueue", {}, whole(OPEN), None),
        ("RemovePermission", {"label": "open"}, whole(NAMED, OPEN), whole(NAMED)),
        ("RemovePermission", {"label": "open"}, whole(OPEN), None),
        ("RemovePermission", {"label": "open"}, None, None),
        ("AddPermission", ADDS, whole(NAMED), whole(NAMED, ADDED)),
        ("AddPermission", ADDS, None, {"Statement": [ADDED]}),
        ("AddPermission", ADDS, whole(NAMED, {**NAMED, "Sid": "b"}), whole(NAMED, ADDED)),
        ("AddPermission", {**ADDS, "actions": None}, None, {"Statement": [{**ADDED, "Action": "SQS:*"}]}),
    ],
)
def test_a_call_leaves_the_policy_that_its_record_says(name: str, request_: Any, before: Any, left: Any) -> None:
    assert CONTROL.follow
    state = None if before is None else State({"Policy": json.dumps(before)})
    followed = CONTROL.follow.step(state, QUEUE, replace(CAUSE, name=name, request=request_), NOW)
    assert followed.older == ()
    assert (json.loads(followed.state.parts["Policy"]) if followed.state else None) == left
