"""Who gets no page: whoever has not the whole address, comes under another name, or from another page."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from cli.console.conftest import FOR_2H, ORIGIN, TOKEN, Visitor, said
from cloudmend.cli.console.serve import HEADERS
from support import Account
from undoing import exemptions, mended_group

HOME = f"/{TOKEN}/"


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/static/console.css", "/another/", f"/{TOKEN}x/", "/x/a-token/"]
)
def test_without_the_token_there_is_nothing(client: FlaskClient, path: str) -> None:
    text = said(client.get(path, base_url=ORIGIN), 404)
    assert text == "There is nothing here. Use the whole address that cloudmend console printed.\n"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8765"],
)
def test_a_name_that_was_made_to_point_here_is_refused(client: FlaskClient, host: str) -> None:
    text = said(client.get(HOME, base_url=ORIGIN, headers={"Host": host}), 403)
    assert text.startswith("Refused, and nothing was done: this server answers only to the names localhost, ")
    assert text.endswith(" with port 8765. Use the printed address.\n")


def test_localhost_is_the_same_machine(client: FlaskClient) -> None:
    said(client.get(HOME, base_url="http://localhost:8765"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "https://127.0.0.1:8765"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_another_page_changes_nothing(
    client: FlaskClient, account: Account, headers: dict[str, str]
) -> None:
    group_id, record_id = mended_group(account)
    before = account.rules(group_id)
    form = {**FOR_2H, "step": "undo"}
    answer = client.post(f"/{TOKEN}/records/{record_id}", base_url=ORIGIN, headers=headers, data=form)
    assert "page" in said(answer, 403)
    assert (account.rules(group_id), exemptions(account)) == (before, ())


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_makes_the_browser_ask_for_is_refused(client: FlaskClient, site: str) -> None:
    text = said(client.get(HOME, base_url=ORIGIN, headers={"Sec-Fetch-Site": site}), 403)
    assert "another page sent this request. Paste the printed address into the browser's address bar." in text


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_typed_address_and_a_page_of_our_own_are_answered(client: FlaskClient, site: str) -> None:
    said(client.get(HOME, base_url=ORIGIN, headers={"Sec-Fetch-Site": site}))


def test_a_form_without_the_token_changes_nothing(client: FlaskClient, account: Account) -> None:
    _, record_id = mended_group(account)
    form = {**FOR_2H, "step": "undo"}
    said(client.post(f"/guess/records/{record_id}", base_url=ORIGIN, headers={"Origin": ORIGIN}, data=form), 404)
    assert exemptions(account) == ()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_there_are_no_other_ways_to_change_something(client: FlaskClient, method: str) -> None:
    said(client.open(f"/{TOKEN}/exemptions", method=method, base_url=ORIGIN), 405)


@pytest.mark.parametrize("path", ["/", HOME, f"/{TOKEN}/static/live.js", f"/{TOKEN}/style.css", f"/{TOKEN}/nowhere"])
def test_every_answer_lets_a_browser_load_and_show_nothing_else(client: FlaskClient, path: str) -> None:
    answer = client.get(path, base_url=ORIGIN, buffered=True)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Set-Cookie" not in answer.headers


def test_the_policy_of_the_pages_allows_no_inline_script_or_style_and_no_frame() -> None:
    directives = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert directives["default-src"] == directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    rest = {value for name, value in directives.items() if value != "'none'"}
    assert rest == {"'self'"}


def test_pages_name_no_other_machine(visitor: Visitor, account: Account) -> None:
    _, record_id = mended_group(account)
    for path in ("", f"records/{record_id}", "exemptions"):
        addresses = re.findall(r'(?:href|src|action|data-from)="([^"]*)"', said(visitor.get(path)))
        assert addresses
        assert all(address.startswith((HOME, "#")) for address in addresses)
