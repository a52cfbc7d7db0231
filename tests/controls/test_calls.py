"""What each control of one file asks AWS, what it finds in the answer, and what it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.controls import s3_bucket_block_public_access, sqs_policy_public
from cloudmend.core.contract import Control, Finding, Parts, State, View
from cloudmend.core.errors import EventError
from cloudmend.core.model import ApiCall, Json, Resource
from cloudmend.core.ports import Call
from cloudmend.core.target import resources
from support import ACCOUNT, NOW, REGION

S3, SQS = s3_bucket_block_public_access.CONTROL, sqs_policy_public.CONTROL
CAUSE = ApiCall(event_id="e", source="", name="", time=None, account=ACCOUNT, region=REGION)
URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/a-queue"
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
READ_BUCKET = Call("s3", "GetPublicAccessBlock", {"Bucket": "one"}, right="s3:GetBucketPublicAccessBlock")
FIND_QUEUE = Call("sqs", "GetQueueUrl", {"QueueName": "one", "QueueOwnerAWSAccountId": ACCOUNT})
READ_QUEUE = Call("sqs", "GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["Policy"]})
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}
BOUND = {**ANYBODY, "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}


class Answers:
    """A Reader that gives each call its answer; a call without one meets the error code that is `refused`."""

    def __init__(self, answers: Sequence[tuple[Call, Any]], refused: str = "") -> None:
        self._answers = answers
        self._refused = refused
        self.keys: list[str] = []

    def get(self, call: Call, absent: Mapping[str, Json | None]) -> Any:
        found = [answer for asked, answer in self._answers if asked == call]
        return found[0] if found else absent[self._refused]

    def rows(self, call: Call, key: str) -> Any:
        self.keys.append(key)
        return self.get(call, {})


def resource(control: Control[Any]) -> Resource:
    return Resource(type=control.resource.type, id="one", account=ACCOUNT, region=REGION)


def read(control: Control[Any], *answers: tuple[Call, Any], refused: str = "") -> State | None:
    reader: Any = Answers(answers, refused)
    return control.read(resource(control), reader, control.settings())


def view(control: Control[Any], parts: Parts) -> View:
    return View(resource=resource(control), state=State(parts), cause=CAUSE, now=NOW)


def policy(*statements: Any) -> dict[str, str]:
    return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


@pytest.mark.parametrize(
    ("control", "answers", "state"),
    [
        (S3, [(READ_BUCKET, {"PublicAccessBlockConfiguration": {FLAGS[0]: True}})], State({FLAGS[0]: True})),
        (SQS, [(FIND_QUEUE, {"QueueUrl": URL}), (READ_QUEUE, {})], State({}, context=URL)),
        (
            SQS,
            [(FIND_QUEUE, {"QueueUrl": URL}), (READ_QUEUE, {"Attributes": policy(ANYBODY)})],
            State(policy(ANYBODY), context=URL),
        ),
    ],
)
def test_an_answer_is_read_as_parts(control: Control[Any], answers: list[tuple[Call, Any]], state: State) -> None:
    assert read(control, *answers) == state


@pytest.mark.parametrize(
    ("control", "code", "before"),
    [
        (S3, "NoSuchBucket", []),
        (SQS, "AWS.SimpleQueueService.NonExistentQueue", []),
        (SQS, "QueueDoesNotExist", []),
        (SQS, "QueueDoesNotExist", [(FIND_QUEUE, {"QueueUrl": URL})]),
    ],
)
def test_what_aws_does_not_know_is_gone(control: Control[Any], code: str, before: list[tuple[Call, Any]]) -> None:
    assert read(control, *before, refused=code) is None


def test_a_bucket_without_the_block_has_none_of_its_flags() -> None:
    assert read(S3, refused="NoSuchPublicAccessBlockConfiguration") == State({})


@pytest.mark.parametrize(
    ("control", "parts", "found"),
    [
        (S3, dict.fromkeys(FLAGS, True), []),
        (
            S3,
            {FLAGS[0]: True, FLAGS[1]: False, FLAGS[3]: True},
            [Finding(part=flag, why=f"{flag} is off", mended=True) for flag in FLAGS[1:3]],
        ),
        (SQS, {}, []),
    ],
)
def test_what_is_at_fault_is_found_with_its_reason(control: Control[Any], parts: Parts, found: list[Finding]) -> None:
    assert list(control.judge(view(control, parts), control.settings())) == found


PUT_BUCKET, PUT_QUEUE = "s3:PutBucketPublicAccessBlock", "SetQueueAttributes"


@pytest.mark.parametrize(
    ("control", "now", "then", "calls"),
    [
        (
            S3,
            {},
            {FLAGS[1]: True},
            [
                Call(
                    "s3",
                    "PutPublicAccessBlock",
                    {"Bucket": "one", "PublicAccessBlockConfiguration": {flag: flag == FLAGS[1] for flag in FLAGS}},
                    right=PUT_BUCKET,
                )
            ],
        ),
        (S3, {FLAGS[1]: True}, {}, [Call("s3", "DeletePublicAccessBlock", {"Bucket": "one"}, right=PUT_BUCKET)]),
        (
            SQS,
            policy(ANYBODY),
            policy(BOUND),
            [Call("sqs", PUT_QUEUE, {"QueueUrl": URL, "Attributes": policy(BOUND)})],
        ),
        (SQS, policy(ANYBODY), {}, [Call("sqs", PUT_QUEUE, {"QueueUrl": URL, "Attributes": {"Policy": ""}})]),
    ],
)
def test_a_put_leads_from_the_parts_to_others(
    control: Control[Any], now: Parts, then: Parts, calls: list[Call]
) -> None:
    assert control.put
    assert list(control.put(resource(control), State(now, context=URL), then)) == calls


LISTED = Call("s3", "ListBuckets", {"BucketRegion": REGION}, right="s3:ListAllMyBuckets")


@pytest.mark.parametrize(
    ("control", "call", "key", "rows", "ids"),
    [
        (S3, LISTED, "Buckets", [{"Name": "one"}], ["one"]),
        (SQS, Call("sqs", "ListQueues", {"MaxResults": 1000}), "QueueUrls", [URL], ["a-queue"]),
    ],
)
def test_a_sweep_lists_what_can_be_at_fault(
    control: Control[Any], call: Call, key: str, rows: list[Any], ids: list[str]
) -> None:
    reader: Any = Answers([(call, rows)])
    assert control.every
    assert list(control.every(resource(control), reader, control.settings())) == ids
    assert reader.keys == [key]


def test_a_queue_is_shown_by_its_attributes() -> None:
    assert SQS.shown_by
    assert list(SQS.shown_by(resource(SQS))) == [
        Call("sqs", "GetQueueAttributes", {**READ_QUEUE.params, "QueueUrl": URL.replace("a-queue", "one")})
    ]


@pytest.mark.parametrize(
    ("request_", "response", "names"),
    [
        ({"queueUrl": URL}, {}, ["a-queue"]),
        ({}, {"queueUrl": URL}, ["a-queue"]),
        ({"queueUrl": URL}, {"queueUrl": f"{URL}-of-the-answer"}, ["a-queue"]),
        ({}, {}, [""]),  # the whole Region
        ({"queueUrl": ""}, {}, [""]),
    ],
)
def test_an_event_names_a_queue_by_its_url(request_: Json, response: Json, names: list[str]) -> None:
    call = replace(CAUSE, source="sqs.amazonaws.com", name="CreateQueue", request=request_, response=response)
    assert list(resources(SQS, call)) == [replace(resource(SQS), id=name) for name in names]


def test_a_queue_of_another_account_is_that_accounts() -> None:
    asked = {"queueUrl": URL.replace(ACCOUNT, "123456789012")}
    (named,) = resources(SQS, replace(CAUSE, source="sqs.amazonaws.com", name="CreateQueue", request=asked))
    assert (named.account, named.id) == ("123456789012", "a-queue")


def test_what_is_no_url_of_a_queue_is_refused_with_its_event() -> None:
    call = replace(CAUSE, source="sqs.amazonaws.com", name="CreateQueue", request={"queueUrl": "a-queue"})
    with pytest.raises(
        EventError, match=r"^Event e \(CreateQueue\) names 'a-queue', which is not the URL of a queue\.$"
    ):
        resources(SQS, call)
