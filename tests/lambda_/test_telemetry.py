"""What the Lambda's log and metrics say of a record, and of notices that did not get out."""

from __future__ import annotations

import json
from io import StringIO
from logging import StreamHandler

import msgspec
import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from cloudmend.lambda_.telemetry import FLAGGED, LogNotifier
from records import GROUP, MENDED


def test_a_notice_that_was_not_delivered_is_an_error_line_and_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    logger = Logger(service="notices", logger_handler=StreamHandler(stream))
    metrics = Metrics(namespace="cloudmend", service="cloudmend")
    LogNotifier(lambda: logger, lambda: metrics).undelivered(MENDED, "sns:Publish in eu-west-1: no answer.")
    metrics.flush_metrics()
    line = json.loads(stream.getvalue())
    assert line["level"] == "ERROR"
    assert line["message"] == f"{GROUP}: a notice was not delivered: sns:Publish in eu-west-1: no answer."
    assert json.loads(capsys.readouterr().out)["NoticesUndelivered"] == [1.0]


@pytest.mark.parametrize(
    ("field", "value", "metric"),
    [
        ("budget_spent", True, "BudgetExhausted"),
        ("missed", True, "Missed"),
        ("flaps", 2, "Flaps"),
        ("exemptions_unreadable", ("exemption x is no JSON",), "LedgerUnreadable"),
        ("ledger_unreadable", ("record y is no JSON",), "LedgerUnreadable"),
    ],
)
def test_a_circumstance_that_somebody_must_know_of_is_a_metric(
    field: str, value: object, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = Logger(service="circumstances", logger_handler=StreamHandler(StringIO()))
    metrics = Metrics(namespace="cloudmend", service="cloudmend")
    LogNotifier(lambda: logger, lambda: metrics).publish(msgspec.structs.replace(MENDED, **{field: value}))
    metrics.flush_metrics()
    published = json.loads(capsys.readouterr().out)
    assert published[metric] == [1.0]
    assert not published.keys() & (FLAGGED.keys() - {metric})
