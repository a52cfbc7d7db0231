"""Telling: over real botocore clients, whose answers are canned or moto's; what fails is told and hides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from threading import Event
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import Session
from moto import mock_aws
from msgspec.structs import replace

from cloudmend.aws.gateway import BRIEFLY, Gateway, connector
from cloudmend.aws.notices import PERMISSIONS, Notices
from cloudmend.aws.world import threads
from cloudmend.core.digest import Digest
from cloudmend.core.model import Record
from cloudmend.core.notice import CHANNELS
from cloudmend.core.notice.wording import NotificationTargets
from records import CLEAN, MENDED, OPEN, RECORDS
from support import ACCOUNT, REGION, Account, StandingClock, event, ipv4

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:cloudmend"
EVERYBODY = NotificationTargets(topic=TOPIC, chat_topic=f"{TOPIC}-chat", security_hub=True, region=REGION)
ALL = ["sns:Publish", "sns:Publish", "events:PutEvents", "securityhub:BatchImportFindings"]


class Log:
    """What was told, in order: records by status, and problems under their record's status."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.problems: list[str] = []

    def publish(self, record: Record) -> None:
        self.records.append(record.status)

    def undelivered(self, record: Record, problem: str) -> None:
        self.problems.append(f"{record.status}: {problem}")

    def publish_digest(self, digest: Digest) -> None:
        self.records.append(f"digest of {digest.control}")

    def digest_undelivered(self, digest: Digest, problem: str) -> None:
        self.problems.append(f"digest of {digest.control}: {problem}")

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        self.problems.append(f"{', '.join(keys)}: {problem}")


class Services:
    """Real clients that check each request against botocore's model, and get a canned answer."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.clock = StandingClock()
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self._session = Session()
        self._session.set_credentials("AKIAIOSFODNN7EXAMPLE", "example")

    def connect(self, service: str) -> Any:
        def answer(model: Any, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
            action = f"{service}:{model.name}"
            self.calls.append(action)
            self.bodies.append(params["body"])
            self.clock.sleep(0.001)
            status, parsed = self.answers.get(action, (HTTPStatus.OK, {}))
            return AWSResponse("", status, {}, None), parsed

        client = self._session.create_client(service, region_name=REGION)
        client.meta.events.register("before-call", answer)
        return client

    def refuse(self, action: str, code: str) -> None:
        self.answers[action] = (HTTPStatus.BAD_REQUEST, {"Error": {"Code": code, "Message": "no"}})


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def log() -> Log:
    return Log()


def notices(log: Log, services: Services, audience: NotificationTargets = EVERYBODY) -> Notices:
    return Notices(log, Gateway(REGION, services.connect, services.clock), audience, services.clock)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_botocore_accepts_every_request_of_every_status(record: Record, log: Log, services: Services) -> None:
    notices(log, services).publish(record)
    assert log.problems == []
    assert log.records == [record.status]


def test_each_channel_is_called_once_for_a_record(log: Log, services: Services) -> None:
    notices(log, services).publish(MENDED)
    assert services.calls == ALL


def test_the_permissions_are_the_actions_that_are_called(log: Log, services: Services) -> None:
    notices(log, services).publish(MENDED)
    assert set(services.calls) == PERMISSIONS


def test_no_client_is_made_for_a_channel_that_is_not_used(log: Log, services: Services) -> None:
    notices(log, services, NotificationTargets()).publish(CLEAN)
    assert services.calls == []


@pytest.mark.parametrize("action", sorted(PERMISSIONS))
def test_a_channel_that_refuses_is_told_and_the_others_go_on(action: str, log: Log, services: Services) -> None:
    services.refuse(action, "AuthorizationError")
    notices(log, services).publish(MENDED)
    assert services.calls == ALL
    assert log.records == ["mended"]
    assert len(log.problems) == ALL.count(action)
    assert log.problems[0] == f"mended: {action} in eu-west-1: AWS answered AuthorizationError (no)."


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("events:PutEvents", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled", "ErrorMessage": "slow"}]}),
        (
            "securityhub:BatchImportFindings",
            {"FailedCount": 1, "FailedFindings": [{"Id": "x", "ErrorCode": "Throttled", "ErrorMessage": "slow"}]},
        ),
    ],
)
def test_a_refusal_inside_a_good_answer_is_told(
    action: str, answer: Mapping[str, Any], log: Log, services: Services
) -> None:
    services.answers[action] = (HTTPStatus.OK, dict(answer))
    notices(log, services).publish(MENDED)
    assert log.problems == [f"mended: {action}: AWS did not accept it: Throttled (slow)."]


def test_several_records_share_a_call_and_a_refusal_names_its_own(log: Log, services: Services) -> None:
    refused = {"ErrorCode": "Throttled", "ErrorMessage": "slow"}
    services.answers["events:PutEvents"] = (HTTPStatus.OK, {"Entries": [{"EventId": "1"}, refused, {"EventId": "3"}]})
    notices(log, services, NotificationTargets()).publish_all([MENDED, OPEN, CLEAN, MENDED])
    assert log.records == ["mended", "open", "clean", "mended"]
    assert services.calls == ["events:PutEvents"]
    assert log.problems == ["open: events:PutEvents: AWS did not accept it: Throttled (slow)."]


def test_of_two_records_of_a_group_security_hub_gets_the_last_one_last_and_with_a_later_time(
    log: Log, services: Services
) -> None:
    notices(log, services, NotificationTargets(security_hub=True, region=REGION)).publish_all([OPEN, MENDED])
    found = [json.loads(body)["Findings"][0] for body in services.bodies if b"Findings" in body]
    assert [finding["Compliance"]["Status"] for finding in found] == ["FAILED", "PASSED"]
    assert found[0]["UpdatedAt"] < found[1]["UpdatedAt"]


def test_a_call_for_several_records_that_fails_is_told_of_each(log: Log, services: Services) -> None:
    services.refuse("events:PutEvents", "InternalException")
    notices(log, services, NotificationTargets()).publish_all([MENDED, OPEN])
    assert [problem.split(":")[0] for problem in log.problems] == ["mended", "open"]


def test_a_notice_that_cannot_be_written_does_not_stop_the_next(
    log: Log, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> Iterator[Any]:
        raise ValueError("a bug")

    monkeypatch.setattr("cloudmend.aws.notices.CHANNELS", (crash, *CHANNELS))
    notices(log, services).publish(MENDED)
    assert services.calls == ALL
    assert log.problems == ["mended: cloudmend crashed while notifying: ValueError: a bug"]


def test_a_mend_is_done_and_recorded_when_nobody_can_be_told(log: Log, services: Services) -> None:
    for action in PERMISSIONS:
        services.refuse(action, "InternalError")
    account = Account()
    group_id = account.group(ipv4(22, "0.0.0.0/0"))
    account.world = replace(account.world, notifier=notices(log, services))
    record = account.respond(event(group_id))
    assert record.status == "mended"
    assert [row["CidrIpv4"] for row in account.rules(group_id) if not row["IsEgress"]] == ["10.0.0.0/8"]
    assert len(log.problems) == len(ALL)


@pytest.fixture
def sns() -> Iterator[Gateway]:
    """moto's services: they deliver from topics to queues, and filter by attributes."""
    with mock_aws():
        session = Session()
        session.set_credentials("AKIAIOSFODNN7EXAMPLE", "example")
        yield Gateway(REGION, connector(session, REGION, BRIEFLY), StandingClock())


def test_a_subscription_to_open_doors_gets_no_other_notice(sns: Gateway, log: Log) -> None:
    session = Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "example")
    topics, queues = (session.create_client(name, region_name=REGION) for name in ("sns", "sqs"))
    topic = topics.create_topic(Name="cloudmend")["TopicArn"]
    url = queues.create_queue(QueueName="pager")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    only_open = {"FilterPolicy": json.dumps({"status": ["open", "failed"]})}
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=only_open)
    told = Notices(log, sns, NotificationTargets(topic=topic), StandingClock())
    for record in (MENDED, OPEN):
        told.publish(record)
    messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    assert [json.loads(message["Body"])["Subject"] for message in messages] == [
        f"HIGH: STILL OPEN, act now: {OPEN.resource.id} (111122223333, eu-west-1)"
    ]
    assert log.problems == []


def test_all_channels_are_told_at_once(log: Log) -> None:
    """Mail waits here until the chat was told; one after the other, it would wait for ever."""
    chat_was_told = Event()

    class Services:
        def publish(self, **params: Any) -> dict[str, Any]:
            if params["TopicArn"] == EVERYBODY.chat_topic:
                chat_was_told.set()
            else:
                assert chat_was_told.wait(timeout=30), "the channels wait for each other"
            return {}

        def __getattr__(self, name: str) -> Any:
            return lambda **_: {}

    clock = StandingClock()
    gateway = Gateway(REGION, lambda _: Services(), clock)
    Notices(log, gateway, EVERYBODY, clock, threads()).publish(MENDED)
    assert log.problems == []
