"""The Lambda handler: what it answers, logs and counts, and when it raises so that the event is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any

import msgspec
import pytest

from cloudmend.core.errors import EventError, PolicyError, StillOpen
from cloudmend.core.policy import parse_policy
from cloudmend.entry import handlers
from cloudmend.entry.telemetry import LogLedger, LogNotifier
from cloudmend.local.ec2 import Ec2Error
from support import Account, event, ipv4

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
    logger, metrics = handlers._logger(), handlers._metrics()
    assert isinstance(logger.registered_handler, StreamHandler)
    logger.registered_handler.stream = log = StringIO()
    telling = msgspec.structs.replace(account.world, ledger=LogLedger(logger), notifier=LogNotifier(logger, metrics))
    monkeypatch.setattr(handlers, "_world", lambda: telling)
    yield Deployed(account, log, capsys)
    for cached in CACHES:
        cached.cache_clear()


def test_a_mend_is_answered_logged_and_counted(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    answer = handlers.respond(event(group_id), None)
    sentence = f"{group_id}: narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8."
    assert answer == {"records": [{"status": "mended", "summary": sentence}], "ignored": []}
    (intent,) = deployed.logged("intent")
    assert intent["intent"]["before"]["SecurityGroupRules"]
    (line,) = deployed.logged("record")
    assert (line["level"], line["message"], line["service"]) == ("INFO", sentence, "cloudmend")
    record = line["record"]
    assert record["edits"][0]["before"] == "tcp/22 from 0.0.0.0/0"
    assert record["undo"][0].startswith("aws ec2 modify-security-group-rules")
    (metrics,) = deployed.metrics()
    assert (metrics["Mended"], metrics["SecondsToClosed"]) == ([1.0], [2.0])


def test_nothing_at_fault_is_one_line_and_no_metric(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(443, "0.0.0.0/0"))
    assert handlers.respond(event(group_id), None)["records"][0]["status"] == "clean"
    assert len(deployed.logged("record")) == 1
    assert not deployed.metrics()


def test_a_failed_call_is_ignored_with_a_reason(deployed: Deployed) -> None:
    answer = handlers.respond(event("sg-05fe30eb67c909f27", errorCode="Client.UnauthorizedOperation"), None)
    reason = "AuthorizeSecurityGroupIngress failed with Client.UnauthorizedOperation and changed nothing"
    assert answer == {"records": [], "ignored": [reason]}
    assert deployed.account.calls == []


def test_a_door_that_stays_open_raises_so_that_the_event_is_tried_again(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "no", 403)

    deployed.account.groups.before |= {"ModifySecurityGroupRules": refuse, "RevokeSecurityGroupIngress": refuse}
    with pytest.raises(StillOpen, match="STILL OPEN"):
        handlers.respond(event(group_id), None)
    (line,) = deployed.logged("record")
    assert (line["level"], line["record"]["status"]) == ("ERROR", "open")
    (metrics,) = deployed.metrics()
    assert metrics["StillOpen"] == [1.0]


def test_an_event_that_is_not_understood_is_logged_whole_and_raised(deployed: Deployed) -> None:
    raw = {"detail-type": "hello", "detail": {}}
    with pytest.raises(EventError, match=r"no \"detail\.eventName\""):
        handlers.respond(raw, None)
    (line,) = deployed.logged("unhandled")
    assert line["unhandled"] == raw


def test_a_bad_policy_changes_nothing_and_keeps_the_event(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    deployed.account.calls.clear()
    monkeypatch.setenv("CLOUDMEND_REPLACEMENT_IPV4", "0.0.0.0/0")
    with pytest.raises(PolicyError, match="would itself be at fault"):
        handlers.respond(event(group_id), None)
    assert deployed.account.calls == []
    assert deployed.logged("unhandled")


def test_the_environment_s_settings_are_the_policy_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDMEND_MODE", "observe")
    monkeypatch.setenv("CLOUDMEND_GUARDED_PORTS", "23")
    monkeypatch.setenv("CLOUDMEND_UNRELATED", "x")
    assert handlers.settings() == {"CLOUDMEND_MODE": "observe", "CLOUDMEND_GUARDED_PORTS": "23"}
    assert parse_policy(handlers.settings()).mode.default == "observe"


def test_caller_chosen_text_cannot_break_out_of_its_log_line(deployed: Deployed) -> None:
    group_id = deployed.account.group(ipv4(22, "0.0.0.0/0"))
    hostile = 'x"}\n{"level":"INFO","message":"forged'
    handlers.respond(event(group_id, userAgent=hostile), None)
    (line,) = deployed.logged("record")
    assert line["record"]["actor"]["user_agent"] == hostile
    assert not [line for line in deployed.logged("message") if line["message"] == "forged"]
