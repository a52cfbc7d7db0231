"""What a function's environment makes of its world."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from cloudmend.aws.ledger import DynamoDbLedger
from cloudmend.aws.world import Connection
from cloudmend.core.errors import CloudmendError
from cloudmend.core.world import World
from cloudmend.disk.ledger import SqliteLedger
from cloudmend.lambda_.telemetry import LogNotifier
from cloudmend.lambda_.world import deployed_world, stack_settings

STACK = {"CLOUDMEND_LEDGER_TABLE": "LedgerTable", "CLOUDMEND_MODE_PARAMETER": "/cloudmend/mode"}


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def made(settings: dict[str, str]) -> World:
    """The world of an environment."""
    logger = Logger(service="world")
    metrics = Metrics(namespace="cloudmend", service="cloudmend")
    return deployed_world(stack_settings(settings), logger.warning, LogNotifier(lambda: logger, lambda: metrics))


def test_a_deployed_function_keeps_its_records_in_the_table(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(made(STACK).ledger, DynamoDbLedger)
    assert not caplog.messages


@pytest.mark.parametrize("settings", [{}, {"CLOUDMEND_LEDGER_TABLE": ""}, {**STACK, "AWS_SAM_LOCAL": "true"}])
def test_without_a_stack_they_are_kept_on_the_machine_with_a_warning(
    settings: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    world = made(settings)
    assert isinstance(world.ledger, SqliteLedger)
    assert [sentence.partition(":")[0] for sentence in caplog.messages] == ["CLOUDMEND_LEDGER_TABLE is not set"]
    assert world.switch.mode() is None


@pytest.mark.parametrize("budget", ["0", "-1", "many", "1.5"])
def test_a_budget_that_makes_no_sense_is_refused(budget: str) -> None:
    with pytest.raises(CloudmendError, match=r"CLOUDMEND_BUDGET \(template parameter Budget\)"):
        made({**STACK, "CLOUDMEND_BUDGET": budget})


def test_a_deployed_function_knows_its_account_from_its_stack_and_sam_s_own_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "account", lambda _: "444455556666")
    stack = {**STACK, "CLOUDMEND_ACCOUNT": "111122223333"}
    assert made(stack).account() == "111122223333"
    assert made({**stack, "AWS_SAM_LOCAL": "true"}).account() == "444455556666"
