"""The guard of every server on this machine: which requests it refuses, and what it takes out of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from cloudmend.core.loopback import NAMES, Guarded, refusal

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PORT = "4566"
OURS = "localhost:4566"
BASE = f"http://{OURS}"
PAGE = "a web page sent this request, and this server answers programs only."
OTHER_PAGE = "another page sent this request. Paste the printed address into the browser's address bar."


class Application:
    """It counts what reaches it, reads the body, and grants everything to every page."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.bodies.append(Request(environ).get_data())
        allowed = {"Access-Control-Allow-Origin": "*", "access-control-allow-headers": "*", "Vary": "Origin"}
        return Response("answered", headers=allowed)(environ, start_response)


@pytest.mark.parametrize("host", ["localhost:4566", "127.0.0.1:4566", "[::1]:4566", "LOCALHOST:4566"])
def test_a_program_of_this_machine_is_answered(host: str) -> None:
    assert refusal({"host": host}, PORT) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "localhost:80",
        "localhost:45660",
        "evil.example:4566",
        "localhost.:4566",
        "localhost.evil.example:4566",
        "127.0.0.1.nip.io:4566",
        "bucket.localhost:4566",
        "2130706433:4566",
        "0.0.0.0:4566",
        "::1:4566",
        "localhost:4566,evil.example:4566",
        "user@localhost:4566",
    ],
)
def test_every_other_host_is_refused(host: str) -> None:
    assert "answers only to the names localhost, 127.0.0.1, [::1], with port 4566" in (
        refusal({"host": host}, PORT) or ""
    )


def test_a_request_without_a_host_is_refused() -> None:
    assert refusal({}, PORT) == (
        "this server answers only to the names localhost, 127.0.0.1, [::1], with port 4566. Use the printed address."
    )


def test_clients_leave_out_the_port_that_is_http_s_own() -> None:
    assert [refusal({"host": host}, "80") for host in NAMES] == [None] * 3
    assert refusal({"host": "localhost:80"}, "80") is None


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", f"http://{OURS}"])
def test_whatever_carries_an_origin_comes_from_a_page(origin: str) -> None:
    assert refusal({"host": OURS, "origin": origin}, PORT) == PAGE


@pytest.mark.parametrize("site", ["", "cross-site", "same-site", "same-origin", "anything"])
def test_whatever_a_page_makes_a_browser_fetch_is_refused(site: str) -> None:
    assert refusal({"host": OURS, "sec-fetch-site": site}, PORT) == PAGE


def test_what_somebody_typed_into_the_address_bar_is_answered() -> None:
    assert refusal({"host": OURS, "sec-fetch-site": "none"}, PORT) is None


def test_a_server_with_pages_answers_its_own_and_no_others() -> None:
    own = {"host": OURS, "origin": BASE, "sec-fetch-site": "same-origin"}
    assert refusal(own, PORT, own_pages=True) is None
    assert refusal(own | {"host": OURS.upper()}, PORT, own_pages=True) is None
    for typed in ({"host": OURS}, {"host": OURS, "sec-fetch-site": "none"}):
        assert refusal(typed, PORT, own_pages=True) is None
    for foreign in ({"origin": "null"}, {"origin": "http://127.0.0.1:4566"}, {"sec-fetch-site": "same-site"}):
        assert refusal(own | foreign, PORT, own_pages=True) == OTHER_PAGE


def test_one_more_name_can_be_allowed_for_one_more_address() -> None:
    allowed = (*NAMES, "host.docker.internal")
    assert refusal({"host": "host.docker.internal:4566"}, PORT, names=allowed) is None
    assert "host.docker.internal" in (refusal({"host": "evil.example:4566"}, PORT, names=allowed) or "")
    assert refusal({"host": "host.docker.internal:4566"}, PORT)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:4566"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_is_refused_never_reaches_the_application(method: str, headers: dict[str, str]) -> None:
    app = Application()
    answer = Client(Guarded(app)).open("/", method=method, base_url=BASE, headers=headers, data=b"body")
    assert answer.status_code == 403
    assert app.bodies == []
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_no_answer_grants_a_page_anything() -> None:
    app = Application()
    answer = Client(Guarded(app)).post("/", base_url=BASE, data=b"body")
    assert (answer.status_code, answer.text, app.bodies) == (200, "answered", [b"body"])
    assert {name for name, _ in answer.headers} == {"Vary", "Content-Type", "Content-Length"}


ASKED = {"SERVER_PORT": PORT, "HTTP_HOST": OURS}
PAGE_S = {**ASKED, "HTTP_ORIGIN": BASE, "HTTP_SEC_FETCH_SITE": "same-origin"}
FOREIGN = {**ASKED, "HTTP_HOST": "host.example:4566"}
KEPT = [("Vary", "Origin")]
NOT_NAMED = "this server answers only to the names {}, with port 4566. Use the printed address."


def refused(why: str) -> tuple[list[Any], list[bytes]]:
    body = f"Refused, and nothing was done: {why}\n".encode()
    fields = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Content-Length", str(len(body))),
    ]
    return [("403 Forbidden", fields)], [body]


def answered(environ: dict[str, str], **rules: Any) -> tuple[list[Any], list[bytes]]:
    """What a guarded application starts its answer with, and the body."""
    started: list[Any] = []

    def application(_: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [*KEPT, ("Access-Control-Allow-Origin", "*")], "error")  # type: ignore[arg-type]
        return [b"answered"]

    body = Guarded(application, **rules)(environ, lambda *start: started.append(start))  # type: ignore[arg-type]
    return started, list(body)


ANSWERED: tuple[list[Any], list[bytes]] = ([("200 OK", KEPT, "error")], [b"answered"])


@pytest.mark.parametrize(
    ("environ", "rules", "wanted"),
    [
        (ASKED, {}, ANSWERED),
        (PAGE_S, {}, refused(PAGE)),
        (PAGE_S, {"own_pages": True}, ANSWERED),
        ({**PAGE_S, "HTTP_ORIGIN": "null"}, {"own_pages": True}, refused(OTHER_PAGE)),
        (FOREIGN, {}, refused(NOT_NAMED.format("localhost, 127.0.0.1, [::1]"))),
        (FOREIGN, {"names": ("host.example",)}, ANSWERED),
        (ASKED, {"names": ("host.example",)}, refused(NOT_NAMED.format("host.example"))),
    ],
)
def test_an_answer_is_passed_on_without_its_grants_and_a_refusal_says_why(
    environ: dict[str, str], rules: dict[str, Any], wanted: tuple[list[Any], list[bytes]]
) -> None:
    assert answered(environ, **rules) == wanted
