"""Whom the embedded AWS answers, on the wire: SDKs and CLIs, and no web page, whatever it makes a browser send."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import yaml
from botocore.config import Config
from botocore.session import Session

from cloudmend.local.server import EmbeddedAws
from local.embedded.helpers import aws_cli, client, unheard

SCOPE = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/cloudformation/aws4_request"
SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEMPLATE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "planted"}}}}
BODY = urlencode({"Action": "CreateStack", "StackName": "planted", "TemplateBody": yaml.dump(TEMPLATE)}).encode()


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(log=unheard) as embedded:
        yield embedded


def request(
    aws: EmbeddedAws, method: str = "POST", target: str = "/", body: bytes = BODY, **headers: str | None
) -> bytes:
    """A whole request as bytes: CreateStack, as a CLI would send it, but for the headers given. None leaves one out."""
    host = urlsplit(aws.endpoint).netloc
    fields = {"Host": host, **FORM, **SIGNED, "Content-Length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode() + body


def send(aws: EmbeddedAws, *requests: bytes) -> bytes:
    """All that is answered to these requests, sent at once on one connection, until the server closes it."""
    host, port = urlsplit(aws.endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(b"".join(requests))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def stacks(aws: EmbeddedAws) -> list[str]:
    return [stack["StackName"] for stack in client(aws, "cloudformation").describe_stacks()["Stacks"]]


PAGES: list[dict[str, Any]] = [
    {"Host": "evil.example"},
    {"Host": "localhost:1"},
    {"Host": "123456789012.localhost:1"},
    {"Host": "123456789012.evil.example"},
    {"Host": None},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "null", "Authorization": None, "Content_Type": "text/plain"},  # a form's or a simple request
    {"Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"},
    {"method": "OPTIONS", "body": b"", "Origin": "http://evil.example", "Access_Control_Request_Method": "POST"},
    {"method": "GET", "target": f"/?{BODY.decode()}&X-Amz-{SCOPE}", "body": b"", "Sec_Fetch_Site": "cross-site"},
    {"target": "http://evil.example/"},  # an absolute target comes before Host
]


@pytest.mark.parametrize("sent", PAGES, ids=str)
def test_what_a_page_sends_is_refused_and_not_done(aws: EmbeddedAws, sent: dict[str, Any]) -> None:
    answer = send(aws, request(aws, **sent))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"access-control-" not in answer.lower()
    assert "planted" not in stacks(aws)


def test_two_hosts_are_none(aws: EmbeddedAws) -> None:
    doubled = request(aws).replace(b"Host: ", b"Host: evil.example\r\nHost: ", 1)
    assert send(aws, doubled).startswith(b"HTTP/1.1 403 ")
    assert "planted" not in stacks(aws)


def test_a_refused_request_brings_no_second_one_along(aws: EmbeddedAws) -> None:
    """Neither as the next on the connection, nor hidden in the body that nobody read."""
    refused = request(aws, Origin="null", Connection="keep-alive", body=request(aws))
    for sent in ([refused], [refused, request(aws)], [request(aws, Host="evil.example", body=b""), request(aws)]):
        answer = send(aws, *sent)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert "planted" not in stacks(aws)


def test_a_second_request_on_an_answered_connection_is_not_answered(aws: EmbeddedAws) -> None:
    described = urlencode({"Action": "DescribeStacks"}).encode()
    answer = send(aws, request(aws, body=described, Connection="keep-alive"), request(aws, Origin="null"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "planted" not in stacks(aws)


def test_the_same_request_without_a_page_is_done(aws: EmbeddedAws) -> None:
    """What makes the refusals above mean something."""
    answer = send(aws, request(aws))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"access-control-" not in answer.lower()
    assert "planted" in stacks(aws)
    client(aws, "cloudformation").delete_stack(StackName="planted")


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/data.json", "/nowhere", "/bucket/key"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_answer_has_a_cors_header(aws: EmbeddedAws, method: str, path: str) -> None:
    assert b"access-control-" not in send(aws, request(aws, method, path, b"", Authorization=None)).lower()
    gc.collect()  # moto's dashboard asks Docker and forgets the socket, which would fail whatever test comes next


def test_a_bucket_s_own_cors_rules_grant_nothing_here(aws: EmbeddedAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="shared")
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(Bucket="shared", CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket="shared", Key="key", Body=b"text")
    assert b"access-control-" not in send(aws, request(aws, "GET", "/shared/key", b"", Authorization=None)).lower()
    assert send(aws, request(aws, "GET", "/shared/key", b"", Origin="null")).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_sdks_address_a_bucket_by_path_under_either_name(aws: EmbeddedAws, name: str) -> None:
    endpoint = aws.endpoint.replace("localhost", name)
    s3 = Session().create_client(
        "s3",
        "us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
    )
    s3.create_bucket(Bucket=f"by-{name}")
    s3.put_object(Bucket=f"by-{name}", Key="folder/key", Body=b"text")
    assert s3.get_object(Bucket=f"by-{name}", Key="folder/key")["Body"].read() == b"text"


def test_the_aws_cli_copies_to_a_bucket_and_back(aws: EmbeddedAws, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_text("text")
    for words in (
        ["mb", "s3://copies"],
        ["cp", str(sent), "s3://copies/key"],
        ["cp", "s3://copies/key", f"{sent}-back"],
    ):
        done = aws_cli(aws, "s3", *words)
        assert done.returncode == 0, done.stderr
    assert Path(f"{sent}-back").read_text() == "text"


def test_a_bucket_s_name_as_a_host_name_is_refused_with_the_names_that_work(aws: EmbeddedAws) -> None:
    """A client that was told to: none does so by itself where the endpoint is given."""
    s3 = client(aws, "s3", Config(s3={"addressing_style": "virtual"}))
    url = s3.generate_presigned_url("get_object", {"Bucket": "copies", "Key": "key"})
    answer = send(aws, request(aws, "GET", urlsplit(url).path, b"", Host=urlsplit(url).netloc))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"answers only to the names localhost" in answer


def test_an_account_s_id_before_the_host_is_how_sdks_call_s3_control(aws: EmbeddedAws) -> None:
    """Where the machine takes such a name for itself; and nothing else may stand there."""
    target, host = "/v20180820/configuration/publicAccessBlock", urlsplit(aws.endpoint).netloc
    signed = {"Authorization": SIGNED["Authorization"].replace("cloudformation", "s3"), "Content-Type": None}
    signed["X_Amz_Account_Id"] = "123456789012"

    def answered(name: str, **more: str) -> bytes:
        return send(aws, request(aws, "GET", target, b"", Host=name, **signed, **more))

    assert b"NoSuchPublicAccessBlockConfiguration" in answered(f"123456789012.{host}")
    assert answered(f"12345678901.{host}").startswith(b"HTTP/1.1 403 ")
    assert answered(f"123456789012.123456789012.{host}").startswith(b"HTTP/1.1 403 ")
    assert answered(f"123456789012.{host}", Origin="null").startswith(b"HTTP/1.1 403 ")
