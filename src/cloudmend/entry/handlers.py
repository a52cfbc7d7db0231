"""The Lambda functions. An exception is how one keeps an event: Lambda tries it again, then stores it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cloudmend import engine
from cloudmend.controls import CONTROLS
from cloudmend.core.errors import CloudmendError, StillOpen
from cloudmend.core.model import Ignored, Record, Request, Resource
from cloudmend.core.policy import PARAMETERS, Policy
from cloudmend.core.world import World
from cloudmend.entry.continuation import messages, resources
from cloudmend.entry.deployed import CONTINUATION_QUEUE, deployed_world, stack_settings
from cloudmend.entry.policy_file import read_policy
from cloudmend.entry.telemetry import LogNotifier

if TYPE_CHECKING:  # powertools are imported when there is something to tell, which is after the door is closed
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.metrics import Metrics

# What a sweep keeps of its time: for the mend that is under way when it stops, and for what it leaves to the next.
_MARGIN: Final = timedelta(seconds=60)


def respond(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Mends what one EventBridge event reports; gives its records' statuses and sentences.

    Raises CloudmendError for an event that cannot be understood, a bad policy, and a door that is not
    proved closed.
    """
    with _telling(event):
        answer = engine.handle(event, controls=CONTROLS, policy=_policy(), world=_world())
    for ignored in (each for each in answer if isinstance(each, Ignored)):
        _logger().info(f"Ignored: {ignored.reason}", extra={"event_id": ignored.event_id})
    return _result(answer)


def sweep(event: Any, context: Any) -> dict[str, Any]:
    """Mends what is open in the whole Region; what it does not reach in time, it leaves to itself in its queue.

    `event` is the schedule's, or such a message. Gives what `respond` gives, without what is clean, and how many
    resources are left; raises as `respond` does.
    """
    with _telling(event):
        swept = engine.sweep(
            controls=CONTROLS, policy=_policy(), world=_world(), until=_until(context), only=resources(event)
        )
        _leave(swept.left)
    return {**_result(tuple(each for each in swept.records if each.status != "clean")), "left": len(swept.left)}


def _until(context: Any) -> datetime | None:
    """When a sweep has to stop; None where nobody ends it, as outside Lambda."""
    if context is None:
        return None
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return _world().clock.now() + remaining - _MARGIN


def _leave(left: tuple[Resource, ...]) -> None:
    queue = stack_settings(os.environ).get(CONTINUATION_QUEUE)
    if queue is None:
        if left:
            _logger().warning(f"{len(left)} resources were not reached in time, and {CONTINUATION_QUEUE} is not set.")
        return
    for body in messages(left):
        _world().writer.write(Request("sqs:SendMessage", {"QueueUrl": queue, "MessageBody": body}))


@contextmanager
def _telling(event: Any) -> Iterator[None]:
    """Logs an event that could not be handled, whole, and publishes the metrics in any case."""
    try:
        yield
    except CloudmendError as error:
        _logger().error(str(error), extra={"unhandled": event})
        raise
    finally:
        if _metrics().metric_set:
            _metrics().flush_metrics()


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
    from aws_lambda_powertools import Logger

    return Logger(service="cloudmend")


@cache
def _metrics() -> Metrics:
    from aws_lambda_powertools.metrics import Metrics

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
    return deployed_world(stack_settings(os.environ), _warn, LogNotifier(_logger, _metrics))


def _warn(text: str) -> None:
    _logger().warning(text)
