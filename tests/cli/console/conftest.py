"""The console over an account in memory, and somebody who looks at it without a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from cli.scan.test_scan import WithInterfaces
from cloudmend.cli.console.pages import ConsoleContext
from cloudmend.cli.console.serve import create_app
from cloudmend.cli.ledgers import StackNotifier
from cloudmend.controls.security_group_ingress.contract import CONTROL
from support import REGION, Account, event, policy
from undoing import ALICE

TOKEN = "a-token"  # noqa: S105 - as guessable as a test may be
ORIGIN = "http://127.0.0.1:8765"
FOR_2H = {"duration": "2h", "reason": "The vendor has no VPN yet", "owner": "network-team"}


class Visitor:
    """Asks for pages as a browser does that was given the address. Paths are below the token."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str = "", **headers: str) -> TestResponse:
        return self._client.get(f"/{TOKEN}/{path}", base_url=ORIGIN, headers=headers)

    def post(self, path: str, **form: str) -> TestResponse:
        return self._client.post(f"/{TOKEN}/{path}", base_url=ORIGIN, headers={"Origin": ORIGIN}, data=form)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def context(account: Account) -> ConsoleContext:
    """Alice's credentials; the one Region is looked at, and any other is as this one."""
    return ConsoleContext(
        readers={REGION: WithInterfaces(account)},
        controls=[CONTROL],
        policy=policy(),
        ledger=account.world.ledger,
        clock=account.clock,
        world=lambda region: replace(account.world, region=region),
        caller=lambda: ALICE,
        stack=StackNotifier("", REGION),
        account=account.world.account,
    )


@pytest.fixture
def client(context: ConsoleContext) -> FlaskClient:
    return create_app(context, TOKEN).test_client()


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def said(response: TestResponse, status: int = 200) -> str:
    """The page's text, without the marks that keep an id on one line; held to its status."""
    assert response.status_code == status, response.text
    return re.sub('<span class="keep">([^<]*)</span>', r"\1", response.text)


def hostile_event(group_id: str, text: str) -> dict[str, Any]:
    """An event of somebody whose every own text is this one."""
    identity = {"type": "AssumedRole", "arn": text, "userName": text, "accountId": text}
    return event(group_id, userIdentity=identity, userAgent=text, sourceIPAddress=text)
