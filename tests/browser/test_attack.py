"""A stranger's page, in a real browser, against `cloudmend local`: it must not run code on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from browser.chromium import Browser
from cloudmend.local.runtime.process import RUNTIME, architecture
from walkthrough.conftest import REGION

pytestmark = pytest.mark.browser

REBOUND = "rebound.example"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": TRUST}},
}


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Browser]:
    """The browser of somebody who visits a stranger's page; one of its names points to this machine."""
    browser = Browser(tmp_path / "profile", rebound=REBOUND)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture
def page() -> Iterator[str]:
    """The address of attack.html, of another origin than the embedded AWS."""
    handler = partial(_Quiet, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/attack.html"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: pytest's output is for what goes wrong."""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The file that exists once the stranger's code has run."""
    return tmp_path / "ran"


@pytest.fixture
def template(marker: Path) -> str:
    """A function whose code makes that file."""
    code = f"def handler(event, context):\n    open({str(marker)!r}, 'w').close()\n"
    properties = {
        "FunctionName": "planted",
        "Handler": "index.handler",
        "Runtime": RUNTIME,
        "Architectures": [architecture()],
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": code},
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"Resources": {"Role": ROLE, "Function": function}})


def client(service: str, environment: dict[str, str]) -> Any:
    return Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def cloudformation(aws_environment: dict[str, str]) -> Iterator[Any]:
    made = client("cloudformation", aws_environment)
    yield made
    made.delete_stack(StackName="planted")


def attack(browser: Browser, page: str, target: str, template: str) -> int:
    """Opens the page, and waits until it has tried everything; how much that was."""
    browser.driver.get(f"{page}#{urlencode({'target': target, 'template': template})}")
    browser.wait(lambda: browser.driver.title.startswith("over: "))
    return int(re.findall(r"\d+", browser.driver.title)[0])


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_page_of_another_origin_creates_no_stack(
    stranger: Browser, page: str, template: str, aws_environment: dict[str, str], cloudformation: Any, name: str
) -> None:
    target = aws_environment["AWS_ENDPOINT_URL"].replace("localhost", name)
    tried = attack(stranger, page, target, template)
    server = urlsplit(target).netloc
    # Each was sent: no defence of the browser's own hides what the server does. Of a frame without an origin, which is
    # a process of its own, the browser tells nothing; of the WebSocket, only in a complaint.
    stranger.wait(lambda: len(stranger.statuses(server)) >= tried - 2)
    assert set(stranger.statuses(server)) == {403}
    assert any("WebSocket handshake: Unexpected response code: 403" in each for each in stranger.complaints())
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="planted")


def test_a_page_of_another_origin_runs_no_function_that_is_there(
    stranger: Browser,
    page: str,
    template: str,
    marker: Path,
    aws_environment: dict[str, str],
    cloudformation: Any,
) -> None:
    cloudformation.create_stack(StackName="planted", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    attack(stranger, page, aws_environment["AWS_ENDPOINT_URL"], template)
    assert not marker.exists()
    client("lambda", aws_environment).invoke(FunctionName="planted", Payload=b"{}")
    assert marker.exists()  # an SDK may, and so the page would have


def test_a_name_that_was_made_to_point_here_is_no_way_in(
    stranger: Browser, template: str, marker: Path, aws_environment: dict[str, str], cloudformation: Any
) -> None:
    cloudformation.create_stack(StackName="planted", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    port = urlsplit(aws_environment["AWS_ENDPOINT_URL"]).port
    stranger.driver.get(f"http://{REBOUND}:{port}/")
    assert "Refused, and nothing was done: this server answers only to the names" in stranger.text("body")
    invoke = "/2015-03-31/functions/planted/invocations"
    for request in (
        {"method": "POST", "body": "{}"},
        {"method": "GET"},
    ):  # its own origin: no preflight, all is readable
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=A/20260101/{REGION}/lambda/aws4_request"}
        script = "fetch(arguments[0], arguments[1]).then(answer => answer.status).then(arguments[2])"
        assert stranger.driver.execute_async_script(script, invoke, {**request, "headers": headers}) == 403
    assert not marker.exists()


@pytest.fixture
def shared(aws_environment: dict[str, str]) -> Iterator[str]:
    """The path of an object that is shared with everybody."""
    s3 = client("s3", aws_environment)
    s3.create_bucket(Bucket="shared")
    s3.delete_public_access_block(Bucket="shared")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": everybody}))
    s3.put_object(Bucket="shared", Key="hello", Body=b"Hello, reader.", ContentType="text/plain")
    yield "/shared/hello"
    s3.delete_object(Bucket="shared", Key="hello")
    s3.delete_bucket(Bucket="shared")


def test_an_address_that_somebody_types_is_answered(
    stranger: Browser, aws_environment: dict[str, str], shared: str
) -> None:
    """As AWS answers what nobody signed."""
    stranger.driver.get(f"{aws_environment['AWS_ENDPOINT_URL']}{shared}")
    assert stranger.statuses(urlsplit(aws_environment["AWS_ENDPOINT_URL"]).netloc)[0] == 200
    assert stranger.text("body") == "Hello, reader."
