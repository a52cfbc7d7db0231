"""The Runtime API on the wire, asked by a plain HTTP client."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from cloudmend.local.runtime.api import NextInvocation, Outcome, RuntimeApi

INVOCATION = NextInvocation(
    request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd",
    function_arn="arn:aws:lambda:eu-west-1:111122223333:function:mend",
    timeout_s=3.0,
    event=b'{"detail": {}}',
)
OF_INVOCATION = f"invocation/{INVOCATION.request_id}"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as server:
        server.offer(INVOCATION)
        yield server


def ask(
    api: RuntimeApi, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes, Outcome | None]:
    """Asks first and serves then: the request waits in the listen queue."""
    with closing(HTTPConnection(api.address, timeout=10)) as connection:
        connection.request(method, f"/2018-06-01/runtime/{path}", body, headers or {})
        outcome = api.serve(10)
        response = connection.getresponse()
        return response, response.read(), outcome


def connected(api: RuntimeApi) -> socket.socket:
    host, port = api.address.split(":")
    return socket.create_connection((host, int(port)))


def error_type(body: bytes) -> str:
    return str(json.loads(body)["errorType"])


def test_the_next_invocation_carries_the_event_and_what_lambda_says_about_it(api: RuntimeApi) -> None:
    response, body, outcome = ask(api, "GET", "invocation/next")

    assert (response.status, body, outcome) == (200, INVOCATION.event, None)
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Lambda-Runtime-Aws-Request-Id"] == INVOCATION.request_id
    assert response.headers["Lambda-Runtime-Invoked-Function-Arn"] == INVOCATION.function_arn
    assert response.headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")


def test_the_deadline_runs_from_the_moment_the_event_is_taken(api: RuntimeApi) -> None:
    before_ms = time.time() * 1000
    response, _, _ = ask(api, "GET", "invocation/next")
    after_ms = time.time() * 1000

    deadline_ms = int(response.headers["Lambda-Runtime-Deadline-Ms"])
    assert before_ms - 1 <= deadline_ms - INVOCATION.timeout_s * 1000 <= after_ms
    assert api.taken_at is not None


def test_an_event_is_handed_over_once(api: RuntimeApi) -> None:
    ask(api, "GET", "invocation/next")
    response, body, _ = ask(api, "GET", "invocation/next")

    assert (response.status, error_type(body)) == (403, "InvalidStateTransition")


def test_a_response_is_parsed(api: RuntimeApi) -> None:
    response, _, outcome = ask(api, "POST", f"{OF_INVOCATION}/response", b'{"mended": 1}')

    assert (response.status, outcome) == (202, Outcome({"mended": 1}))


def test_a_response_that_is_not_json_stays_bytes(api: RuntimeApi) -> None:
    _, _, outcome = ask(api, "POST", f"{OF_INVOCATION}/response", b"\x89PNG")

    assert outcome == Outcome(b"\x89PNG")


def test_an_error_leaves_the_environment_usable(api: RuntimeApi) -> None:
    _, _, outcome = ask(api, "POST", f"{OF_INVOCATION}/error", b'{"errorType": "KeyError"}')

    assert outcome == Outcome({"errorType": "KeyError"}, failed=True, final=False)


def test_an_init_error_is_the_end_of_the_environment(api: RuntimeApi) -> None:
    _, _, outcome = ask(api, "POST", "init/error", b'{"errorType": "Runtime.ImportModuleError"}')

    assert outcome == Outcome({"errorType": "Runtime.ImportModuleError"}, failed=True, final=True)


@pytest.mark.parametrize("verb", ["response", "error"])
def test_a_report_on_another_invocation_is_refused(api: RuntimeApi, verb: str) -> None:
    response, body, outcome = ask(api, "POST", f"invocation/another/{verb}", b"{}")

    assert (response.status, error_type(body), outcome) == (400, "InvalidRequestID", None)


@pytest.mark.parametrize(("method", "path"), [("GET", "init/error"), ("POST", "invocation/next"), ("GET", "x")])
def test_what_the_runtime_api_does_not_know_is_not_found(api: RuntimeApi, method: str, path: str) -> None:
    response, _, outcome = ask(api, method, path)

    assert (response.status, outcome) == (404, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Content-Length": "x"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "invocation/next"), ("POST", "init/error")])
def test_a_web_page_takes_no_event_and_reports_no_error(
    api: RuntimeApi, method: str, path: str, headers: dict[str, str]
) -> None:
    response, body, outcome = ask(api, method, path, headers=headers)

    assert (response.status, error_type(body), outcome, api.taken_at) == (403, "WebPage", None, None)


def test_a_stack_in_a_header_may_be_longer_than_64_kib(api: RuntimeApi) -> None:
    cause = {"Lambda-Runtime-Function-XRay-Error-Cause": "x" * 1_000_000}
    response, _, outcome = ask(api, "POST", f"{OF_INVOCATION}/error", b"{}", cause)

    assert (response.status, outcome) == (202, Outcome({}, failed=True))


def test_a_client_that_hangs_up_is_passed_over(api: RuntimeApi) -> None:
    with connected(api):
        pass

    assert api.serve(10) is None
    assert ask(api, "GET", "invocation/next")[0].status == 200


def test_a_client_that_dies_is_passed_over(api: RuntimeApi) -> None:
    with connected(api) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends a reset

    assert api.serve(10) is None
    assert ask(api, "GET", "invocation/next")[0].status == 200


def test_a_request_that_is_not_http_is_raised_and_not_swallowed(api: RuntimeApi) -> None:
    with pytest.raises(ValueError, match="many"):
        ask(api, "POST", "init/error", headers={"Content-Length": "many"})


def test_without_a_request_the_server_waits_no_longer_than_told(api: RuntimeApi) -> None:
    assert api.serve(0) is None


def test_a_new_offer_forgets_the_outcome_before(api: RuntimeApi) -> None:
    ask(api, "POST", f"{OF_INVOCATION}/response", b"1")
    api.offer(INVOCATION)

    assert api.serve(0) is None
