"""The Lambda functions. An exception is how one keeps an event: Lambda tries it again, then stores it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics

from cloudmend import engine
from cloudmend.aws.world import world
from cloudmend.controls import CONTROLS
from cloudmend.core.errors import CloudmendError, StillOpen
from cloudmend.core.model import Ignored, Record
from cloudmend.core.policy import PARAMETERS, Policy
from cloudmend.core.ports import World
from cloudmend.entry.policy_file import read_policy
from cloudmend.entry.telemetry import LogLedger, LogNotifier


def respond(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Mends what one EventBridge event reports; gives its records' statuses and sentences.

    Raises CloudmendError for an event that cannot be understood, a bad policy, and a door that is not
    proved closed.
    """
    logger = _logger()
    try:
        answer = engine.handle(event, controls=CONTROLS, policy=_policy(), world=_world())
    except CloudmendError as error:
        logger.error(str(error), extra={"unhandled": event})  # noqa: TRY400 - a sentence, no traceback
        raise
    finally:
        if _metrics().metric_set:
            _metrics().flush_metrics()
    for ignored in (each for each in answer if isinstance(each, Ignored)):
        logger.info(f"Ignored: {ignored.reason}", extra={"event_id": ignored.event_id})
    return _result(answer)


def _result(answer: tuple[Record | Ignored, ...]) -> dict[str, Any]:
    """What the handler answers; raises StillOpen where a record is not a good end."""
    records = [each for each in answer if isinstance(each, Record)]
    problems = [record.summary for record in records if record.status in ("open", "failed")]
    if problems:
        raise StillOpen(" ".join(problems))
    return {
        "records": [{"status": record.status, "summary": record.summary} for record in records],
        "ignored": [each.reason for each in answer if isinstance(each, Ignored)],
    }


@cache
def _logger() -> Logger:
    return Logger(service="cloudmend")


@cache
def _metrics() -> Metrics:
    return Metrics(namespace="cloudmend", service="cloudmend")


@cache
def _policy() -> Policy:
    return read_policy(settings())


def settings() -> dict[str, str]:
    """The policy's settings that the environment holds."""
    names = [parameter.variable for parameter in PARAMETERS]
    return {name: os.environ[name] for name in names if name in os.environ}


@cache
def _world() -> World:
    return world(ledger=LogLedger(_logger()), notifier=LogNotifier(_logger(), _metrics()))
