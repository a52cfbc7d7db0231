"""Containers of this machine: the embedded AWS answers them where it is asked to, and only what the function calls."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest

from cloudmend.cli.local.run import serve
from cloudmend.core.errors import CloudmendError
from cloudmend.local.listener import NAME, Containers, checked_address
from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import client, unheard

# A second address of this machine, as a bridge's is.
ADDRESS = "127.0.0.2"
OPERATIONS = frozenset({"ec2:DescribeVpcs"})
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(params=[ADDRESS, "127.0.0.1"])
def address(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def aws(address: str) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard, containers=Containers(address, OPERATIONS)) as embedded:
        yield embedded


def port(aws: EmbeddedAws) -> int:
    return urlsplit(aws.endpoint).port or 0


def ask(
    aws: EmbeddedAws, address: str, action: str = "DescribeVpcs", *, service: str = "ec2", **headers: str
) -> tuple[int, str]:
    """The status and the text of an answer to a request as a container would send it, but for the headers given."""
    scope = f"Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/{service}/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0", "Content-Type": FORM}
    named = {"Host": f"{NAME}:{port(aws)}"}
    body = urlencode({"Action": action, "Version": "2016-11-15"})
    connection = http.client.HTTPConnection(address, port(aws), timeout=20)
    try:
        connection.request("POST", "/", body, {**signed, **named, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_container_is_answered_what_it_may_ask(aws: EmbeddedAws, address: str) -> None:
    status, text = ask(aws, address)
    assert (status, "DescribeVpcsResponse" in text) == (200, True)
    assert [call.operation for call in aws.calls] == ["DescribeVpcs"]


@pytest.mark.parametrize(
    ("service", "action"),
    [("cloudformation", "CreateStack"), ("lambda", "CreateFunction"), ("ec2", "CreateVpc"), ("s3", "")],
)
def test_whatever_else_it_asks_is_refused_and_not_done(
    aws: EmbeddedAws, address: str, service: str, action: str
) -> None:
    status, text = ask(aws, address, action, service=service)
    assert status == 403
    assert text.startswith("Refused, and nothing was done: ")
    assert "is not among the calls that containers may make here: ec2:DescribeVpcs." in text
    assert aws.calls == ()


@pytest.mark.parametrize("headers", [{"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}])
def test_a_page_is_refused_here_too(aws: EmbeddedAws, address: str, headers: dict[str, str]) -> None:
    assert ask(aws, address, **headers)[0] == 403
    assert aws.calls == ()


def test_the_machine_s_own_names_mean_nothing_at_the_containers_address() -> None:
    with EmbeddedAws(log=unheard, containers=Containers(ADDRESS, OPERATIONS)) as aws:
        for name in ("localhost", "127.0.0.1", ADDRESS):
            assert ask(aws, ADDRESS, Host=f"{name}:{port(aws)}")[0] == 403
        assert ask(aws, "127.0.0.1")[0] == 403
        assert aws.calls == ()


def test_this_machine_s_programs_are_answered_as_ever(aws: EmbeddedAws) -> None:
    client(aws, "sqs").create_queue(QueueName="mine")
    assert client(aws, "sqs").list_queues()["QueueUrls"]


def test_nobody_is_answered_unasked() -> None:
    with EmbeddedAws(log=unheard) as aws:
        assert ask(aws, "127.0.0.1")[0] == 403
        with pytest.raises(ConnectionRefusedError):
            ask(aws, ADDRESS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0.0.0.0", "would let other machines in"),  # noqa: S104 refused
        ("203.0.113.7", "is no address of this machine"),
        ("8.8.8.8", "would let other machines in"),
        ("224.0.0.1", "would let other machines in"),
        ("docker0", "is not an IPv4 address"),
        ("::1", "is not an IPv4 address"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_one_that_does(text: str, sentence: str) -> None:
    with pytest.raises(CloudmendError, match=sentence) as refused:
        serve(0, "us-east-1", text)
    assert "127.0.0.1" in str(refused.value)


def test_an_address_of_a_bridge_is_taken() -> None:
    assert checked_address("172.17.0.1") == "172.17.0.1"
