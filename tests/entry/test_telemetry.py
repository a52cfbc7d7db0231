"""What the Lambda's log and metrics say of notices that did not get out."""

from __future__ import annotations

import json
from io import StringIO
from logging import StreamHandler

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from cloudmend.entry.telemetry import LogNotifier
from records import GROUP, MENDED


def test_a_notice_that_was_not_delivered_is_an_error_line_and_a_metric(capsys: pytest.CaptureFixture[str]) -> None:
    stream = StringIO()
    logger = Logger(service="notices", logger_handler=StreamHandler(stream))
    metrics = Metrics(namespace="cloudmend", service="cloudmend")
    LogNotifier(logger, metrics).undelivered(MENDED, "sns:Publish in eu-west-1: no answer.")
    metrics.flush_metrics()
    line = json.loads(stream.getvalue())
    assert line["level"] == "ERROR"
    assert line["message"] == f"{GROUP}: a notice was not delivered: sns:Publish in eu-west-1: no answer."
    assert json.loads(capsys.readouterr().out)["NoticesUndelivered"] == [1.0]
