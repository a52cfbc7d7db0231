"""EventBridge Scheduler: the targets of its schedules. moto keeps the schedules themselves.

Scheduler assumes the role of the target for all that it does: to invoke a function, to send to a queue, and to keep
what did not arrive in the dead-letter queue. Here it tries once, and a flexible window is never used.
"""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cloudmend.local import queues
from cloudmend.local.asynchronous import run_asynchronously
from cloudmend.local.eventbridge import Delivery, last_error
from cloudmend.local.functions import find_function
from cloudmend.local.iam.enforce import can_assume
from cloudmend.local.iam.resources_described import ApiCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from moto.scheduler.models import Schedule

    from cloudmend.local.functions import Functions
    from cloudmend.local.worker import Worker

_SERVICE: Final = "scheduler.amazonaws.com"


class Scheduler:
    """Delivers what schedules say, on the worker's threads."""

    def __init__(self, functions: Functions, worker: Worker, on_delivery: Callable[[Delivery], None]) -> None:
        self._functions = functions
        self._worker = worker
        self._on_delivery = on_delivery

    def wake(self, schedule: Schedule, due: datetime) -> None:
        """Deliver to the target of a schedule, at a moment at which it is due."""
        self._worker.submit(lambda: self._on_delivery(self._deliver(schedule, due)))

    def _deliver(self, schedule: Schedule, due: datetime) -> Delivery:
        target, event_id = schedule.target, str(uuid.uuid4())
        outcome = partial(Delivery, schedule.arn, target["Arn"], event_id)
        payload = json.loads(target["Input"]) if target.get("Input") else _event(schedule, due, event_id)
        arn = queues.parse_arn(target["Arn"])
        if arn.service == "sqs":
            error = self._send(schedule, target["Arn"], payload)
        else:
            function, error = find_function(target["Arn"], arn.account, arn.region), ""
            if function is None:
                error = "ResourceNotFoundException"
            elif not self._acts(schedule, "lambda", "Invoke", {"FunctionName": target["Arn"]}):
                error = "AccessDeniedException"
            else:
                run = run_asynchronously(self._functions, function, payload)
                return outcome(run.invocations, error=last_error(run), ended_in=run.destination)
        dead_letters = target.get("DeadLetterConfig", {}).get("Arn", "") if error else ""
        kept = bool(dead_letters) and not self._send(schedule, dead_letters, payload)
        return outcome(error=error or None, dead_lettered=kept, ended_in=dead_letters if kept else None)

    def _send(self, schedule: Schedule, queue: str, payload: Any) -> str:
        """Send to a queue. Return the code of the error; empty if there was none."""
        if queues.find_queue(queue) is None:
            return "ResourceNotFoundException"
        if not self._acts(schedule, "sqs", "SendMessage", queues.named(queue)):
            return "AccessDeniedException"
        queues.send(queue, payload)
        return ""

    def _acts(self, schedule: Schedule, service: str, operation: str, params: Mapping[str, Any]) -> bool:
        """Return whether Scheduler can assume the role of the target, and the role allows a call."""
        own, role = queues.parse_arn(schedule.arn), schedule.target["RoleArn"]
        group = schedule.arn.rpartition("/")[0].replace(":schedule/", ":schedule-group/")
        if not can_assume(_SERVICE, role, {"aws:SourceAccount": own.account, "aws:SourceArn": group}):
            return False
        return self._functions.role_acts(
            role, schedule.name, ApiCall(service, operation, params, own.account, own.region)
        )


def _event(schedule: Schedule, due: datetime, event_id: str) -> Mapping[str, Any]:
    """Return what Scheduler sends to a function if the schedule has no input of its own."""
    own = queues.parse_arn(schedule.arn)
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": own.account,
        "time": f"{due:%Y-%m-%dT%H:%M:%SZ}",
        "region": own.region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
