"""The door to AWS: pages, patience, and every error of botocore in a sentence."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.session import Session

from cloudmend.aws.gateway import Gateway, SystemClock, connector
from cloudmend.aws.world import world
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.model import Request
from cloudmend.local.ec2.checks import Ec2Error
from support import REGION, Account, StandingClock, ipv4

ROWS = Request("ec2:DescribeSecurityGroupRules", {"MaxResults": 5})


def test_all_pages_are_read() -> None:
    account = Account()
    account.group(*(ipv4(port, "10.0.0.0/8") for port in range(1, 13)))
    account.calls.clear()
    assert len(account.world.reader.rows(ROWS, "SecurityGroupRules")) == 12 + 1 + default_rules()
    assert len(account.calls) > 2


def test_a_stream_asks_for_the_next_page_while_one_is_used_and_for_no_further_one() -> None:
    account = Account()
    account.group(*(ipv4(port, "10.0.0.0/8") for port in range(1, 23)))
    account.calls.clear()
    second = Event()
    account.groups.before["DescribeSecurityGroupRules"] = lambda params: second.set() if "NextToken" in params else None
    rows = account.world.reader.stream(ROWS, "SecurityGroupRules")
    assert len([next(rows) for _ in range(5)]) == 5
    assert second.wait(timeout=10)
    assert len(account.calls) == 2
    assert len(list(rows)) == 22 - 5 + 1 + default_rules()
    assert len(account.calls) == 5


def test_a_stream_that_is_left_asks_no_more() -> None:
    account = Account()
    account.group(*(ipv4(port, "10.0.0.0/8") for port in range(1, 23)))
    account.calls.clear()
    rows = account.world.reader.stream(ROWS, "SecurityGroupRules")
    assert isinstance(rows, Generator)
    next(rows)
    rows.close()
    assert len(account.calls) <= 2


def test_a_stream_whose_pages_do_not_go_on_ends_in_an_error() -> None:
    account = Account()
    account.group(*(ipv4(port, "10.0.0.0/8") for port in range(1, 13)))

    def forget_the_place(params: Mapping[str, Any]) -> None:
        assert isinstance(params, dict)
        params.pop("NextToken", None)

    account.groups.before["DescribeSecurityGroupRules"] = forget_the_place
    with pytest.raises(AwsError, match="NextToken came twice"):
        list(account.world.reader.stream(ROWS, "SecurityGroupRules"))


def default_rules() -> int:
    return len(Account().rules())


def test_an_answer_that_is_never_enough_is_given_back_after_a_few_reads() -> None:
    account = Account()
    rows = account.world.reader.rows(ROWS, "SecurityGroupRules", enough=lambda _: False)
    assert len(rows) == default_rules()
    assert account.calls.count("ec2:DescribeSecurityGroupRules") == 4


def test_an_answer_that_is_enough_is_read_once() -> None:
    account = Account()
    account.world.reader.rows(ROWS, "SecurityGroupRules", enough=lambda _: True)
    assert len(account.calls) == 1


@pytest.mark.parametrize(
    ("code", "status", "refused", "advice"),
    [
        ("UnauthorizedOperation", 403, True, "Grant the caller that action"),
        ("RequestLimitExceeded", 400, True, "it will be tried again"),
        ("RequestExpired", 400, True, "this machine's clock"),
        ("InvalidParameterValue", 400, True, ""),
        ("InternalError", 500, False, ""),
    ],
)
def test_what_aws_answers_is_told_with_the_call_the_region_and_advice(
    code: str, status: int, refused: bool, advice: str
) -> None:
    account = Account()

    def obstacle(_: Mapping[str, Any]) -> None:
        raise Ec2Error(code, "The reason.", status)

    account.groups.before["DescribeSecurityGroupRules"] = obstacle
    with pytest.raises(AwsError) as caught:
        account.world.reader.rows(ROWS, "SecurityGroupRules")
    error = caught.value
    assert (error.action, error.code, error.refused) == ("ec2:DescribeSecurityGroupRules", code, refused)
    assert str(error).startswith(f"ec2:DescribeSecurityGroupRules in eu-west-1: AWS answered {code} (The reason).")
    assert advice in str(error)
    assert isinstance(error.__cause__, ClientError)


def gateway(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Gateway:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Gateway(REGION, connector(Session(), REGION), StandingClock())


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


def test_without_credentials_the_sentence_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError, match=r"There are no AWS credentials\. Run `aws configure`") as caught:
        gateway(monkeypatch).rows(ROWS, "SecurityGroupRules")
    assert (caught.value.code, caught.value.refused) == ("", True)


def test_an_endpoint_that_does_not_answer_leaves_the_outcome_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    closed_port = "http://127.0.0.1:9"
    with pytest.raises(AwsError, match=r"no answer.*AWS_ENDPOINT_URL") as caught:
        gateway(monkeypatch, AWS_ENDPOINT_URL=closed_port, AWS_MAX_ATTEMPTS="1", **CREDENTIALS).write(
            Request("ec2:RevokeSecurityGroupIngress", {"GroupId": "sg-05fe30eb67c909f27"})
        )
    assert (caught.value.code, caught.value.refused) == ("", False)


def test_a_request_that_botocore_does_not_send_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError, match="not sent") as caught:
        gateway(monkeypatch, **CREDENTIALS).write(Request("ec2:RevokeSecurityGroupIngress", {"Nonsense": 1}))
    assert caught.value.refused


def test_a_world_needs_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    with pytest.raises(CloudmendError, match=r"No AWS Region is set\. Pass --region, or set AWS_REGION"):
        world(ledger=account.ledger, notifier=account)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    assert world(ledger=account.ledger, notifier=account).region == "eu-west-3"
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert world(ledger=account.ledger, notifier=account).region == "eu-west-2"
    assert world(ledger=account.ledger, notifier=account, region="eu-west-1").region == "eu-west-1"


def test_the_machine_s_clock_is_aware_and_goes_forward() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
    assert before.tzinfo is not None


def test_several_threads_get_one_client_of_a_service() -> None:
    connect = connector(Session(), REGION)
    with ThreadPoolExecutor(4) as pool:
        clients = set(pool.map(connect, ["sts"] * 4))
    assert len(clients) == 1


def test_cloudtrail_shows_that_it_was_cloudmend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = connector(Session(), REGION)("ec2")
    told: list[str] = []

    def listen(request: Any, **_: Any) -> None:
        told.append(request.headers["User-Agent"].decode())
        raise ConnectionRefusedError

    client.meta.events.register("before-send.ec2", listen)
    with pytest.raises(ConnectionRefusedError):
        client.describe_regions()
    (agent,) = told
    assert agent.split()[0] == "cloudmend"  # once it is imported, Powertools adds its own name
    assert "Botocore" not in agent


class Raw:
    """A body as urllib3 hands it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


@pytest.mark.parametrize("read", ["stream", "rows"])
def test_an_answer_of_somebody_else_is_told_and_not_taken_for_nothing(
    read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's page, say: to a sweep it must not look as if no group were open."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    connect = connector(Session(), REGION)
    page = AWSResponse("https://example.com", 200, {}, Raw(b"<html><body>busy</body></html>"))
    connect("ec2").meta.events.register("before-send.ec2", lambda **_: page)
    gateway = Gateway(REGION, connect, SystemClock())
    request = Request("ec2:DescribeSecurityGroups", {"MaxResults": 1000})
    with pytest.raises(AwsError, match="without SecurityGroups"):
        list(getattr(gateway, read)(request, "SecurityGroups"))
