"""The handlers over an account in memory, and what they print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any

import msgspec
import pytest

from cloudmend.controls import by_id
from cloudmend.lambda_ import handlers
from cloudmend.lambda_.telemetry import LogNotifier
from support import Account

CACHES = (handlers._logger, handlers._metrics, handlers._policy, handlers._world)


class Deployed:
    """The handler over an account in memory, and the JSON lines that it printed."""

    def __init__(self, account: Account, log: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self.account = account
        self._log = log
        self._capsys = capsys

    def logged(self, key: str) -> list[dict[str, Any]]:
        """The log lines that hold this key."""
        return [line for text in self._log.getvalue().splitlines() if key in (line := json.loads(text))]

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics printed since the last time."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Deployed]:
    for cached in CACHES:
        cached.cache_clear()
    account = Account()
    logger = handlers._logger()
    assert isinstance(logger.registered_handler, StreamHandler)
    logger.registered_handler.stream = log = StringIO()
    telling = msgspec.structs.replace(account.world, notifier=LogNotifier(handlers._logger, handlers._metrics))
    monkeypatch.setattr(handlers, "_world", lambda: telling)
    monkeypatch.setattr(handlers, "_sweeping", lambda: [by_id("security_group_ingress")])  # all that is in memory
    yield Deployed(account, log, capsys)
    for cached in CACHES:
        cached.cache_clear()
