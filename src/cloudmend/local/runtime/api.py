"""The Lambda Runtime API, version 2018-06-01: what a runtime asks of its execution environment.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

A request is answered while `serve` runs and waits in the listen queue until then. That is the long poll
of `invocation/next`, without a thread.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from socketserver import StreamRequestHandler, TCPServer
from typing import Any, NamedTuple

from cloudmend.core.loopback import refusal

_ROOT = "/2018-06-01/runtime/"
_STALLED_S = 10.0  # a client that connects and then says nothing


@dataclass(frozen=True)
class NextInvocation:
    """An event on its way to the runtime; `timeout_s` runs from the moment the runtime takes it."""

    request_id: str
    function_arn: str
    timeout_s: float
    event: bytes


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation. `final`: the execution environment cannot take another one.

    `payload` is as Lambda's Invoke answers it: what the handler returned, or Lambda's error document. It
    is parsed, except for a handler that returned bytes which are not JSON.
    """

    payload: Any
    failed: bool = False
    final: bool = False


class Answer(NamedTuple):
    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = {}


class RuntimeApi(TCPServer):
    """The Runtime API of one execution environment, on a loopback port of its own."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.taken_at: float | None = None
        self._next: NextInvocation | None = None
        self._outcome: Outcome | None = None

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()
        return f"{host}:{port}"

    def offer(self, invocation: NextInvocation) -> None:
        """Give the event to whoever asks next; `taken_at` (monotonic seconds) then says when that was."""
        self._next, self._outcome, self.taken_at = invocation, None, None

    def serve(self, wait_s: float) -> Outcome | None:
        """Answer one request if one comes within `wait_s` seconds; what the runtime has reported so far."""
        self.timeout = wait_s
        self.handle_request()
        return self._outcome

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        match method, path.removeprefix(_ROOT).split("/"):
            case "GET", ["invocation", "next"]:
                return self._hand_over()
            case "POST", ["init", "error"]:
                return self._report(Outcome(_parsed(body), failed=True, final=True))
            case "POST", ["invocation", request_id, ("response" | "error") as verb]:
                return self._report(Outcome(_parsed(body), failed=verb == "error"), request_id)
            case _:
                return _refusal(HTTPStatus.NOT_FOUND, "NotFound")

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's signature
        """Raises in `serve` what went wrong here; the base class would print it and go on."""
        self.shutdown_request(request)
        raise

    def _hand_over(self) -> Answer:
        if self._next is None or self.taken_at is not None:
            return _refusal(HTTPStatus.FORBIDDEN, "InvalidStateTransition")
        self.taken_at = time.monotonic()
        return Answer(HTTPStatus.OK, self._next.event, _invocation_headers(self._next))

    def _report(self, outcome: Outcome, request_id: str | None = None) -> Answer:
        if self._next is None or request_id not in (None, self._next.request_id):
            return _refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestID")
        self._outcome = outcome
        return Answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


class _Connection(StreamRequestHandler):
    """One request, one response, in one send.

    Not http.server's handler, which refuses a header line above 64 KiB: the runtime client reports an
    error's whole stack in the header Lambda-Runtime-Function-XRay-Error-Cause, up to 1 MiB.
    """

    disable_nagle_algorithm = True
    timeout = _STALLED_S
    server: RuntimeApi

    def handle(self) -> None:
        try:
            self._exchange()
        except OSError:
            # A connection that breaks is a process that ended, and that is seen by its exit.
            return

    def _exchange(self) -> None:
        method, _, rest = self.rfile.readline().decode("latin-1").partition(" ")
        headers = dict(self._headers())
        if refusal(headers, str(self.server.server_address[1])):
            self.wfile.write(_serialized(_refusal(HTTPStatus.FORBIDDEN, "WebPage")))
            return
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.wfile.write(_serialized(self.server.answer(method, rest.partition(" ")[0], body)))

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _refusal(status: HTTPStatus, error_type: str) -> Answer:
    return Answer(status, json.dumps({"errorMessage": status.phrase, "errorType": error_type}).encode())


def _invocation_headers(invocation: NextInvocation) -> dict[str, str]:
    now = time.time()
    trace = f"Root=1-{int(now):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
    return {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(int((now + invocation.timeout_s) * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        "Lambda-Runtime-Trace-Id": trace,
    }


def _serialized(answer: Answer) -> bytes:
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.body)),
        "Connection": "close",
        **answer.headers,
    }
    lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
