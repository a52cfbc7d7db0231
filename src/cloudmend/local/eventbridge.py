"""EventBridge's default buses: the rules that moto keeps, evaluated and delivered as AWS does.

moto 5.2.5 matches disabled rules, ignores Input and InputPath, and cannot deliver to Lambda. An event that its target
does not take for want of permission, or because the target is gone, goes to the dead-letter queue without a retry, as
on AWS. There are no other delivery failures here, so a RetryPolicy never comes into play: a function that fails is
Lambda's to retry (`asynchronous`).
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from cloudmend.core.resource_policy import ServiceUse, allows
from cloudmend.local import event_buses, queues
from cloudmend.local.asynchronous import AsynchronousRun, run_asynchronously
from cloudmend.local.functions import find_function
from cloudmend.local.patterns.compiler import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from moto.awslambda.models import LambdaFunction
    from moto.events.models import Rule

    from cloudmend.local.functions import Functions
    from cloudmend.local.runtime.function import Invocation
    from cloudmend.local.worker import Worker

_SERVICE = "events.amazonaws.com"
_compiled = lru_cache(compile_pattern)
_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_STRING_OR_PLACEHOLDER = re.compile(r'"(?:[^"\\]|\\.)*"|<[\w.-]+>')


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one event at one target of one rule that matched it.

    `error` is why the target did not take it (NO_PERMISSIONS, NO_RESOURCE), or the error type of the function's
    last try; None if all went well. `ended_in` is the ARN of the queue that has the event or the failure's record:
    None for an event that succeeded, or was lost. Its queue is the rule's own where `dead_lettered`.
    """

    rule: str
    target: str
    event_id: str
    invocations: tuple[Invocation, ...] = ()
    error: str | None = None
    dead_lettered: bool = False
    ended_in: str | None = None

    @property
    def attempts(self) -> int:
        """The number of times that the function was tried."""
        return len(self.invocations)


class EventBus:
    """Takes events, and delivers them on the worker's threads."""

    def __init__(self, functions: Functions, worker: Worker) -> None:
        self._functions = functions
        self._worker = worker
        self._events: list[Mapping[str, Any]] = []
        self._deliveries: list[Delivery] = []

    @property
    def events(self) -> tuple[Mapping[str, Any], ...]:
        """The events that were put, in order."""
        return tuple(self._events)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The deliveries that have ended, in order."""
        return tuple(self._deliveries)

    def put(self, event: Mapping[str, Any]) -> None:
        """Take an event, with its envelope, for the account and the Region that the envelope names."""
        self._events.append(event)
        self._worker.submit(partial(self._route, event, event["region"]))

    def wake(self, rule: Rule, due: datetime) -> None:
        """Deliver to the targets of a rule with a schedule, at a moment at which it is due."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": rule.account_id,
            "time": f"{due:%Y-%m-%dT%H:%M:%SZ}",
            "region": rule.region_name,
            "resources": [rule.arn],
            "detail": {},
        }
        self._worker.submit(partial(self._deliver_to_targets, rule, event, rule.region_name))

    def note(self, delivery: Delivery) -> None:
        """Keep a delivery that ended elsewhere."""
        self._deliveries.append(delivery)

    def _route(self, event: Mapping[str, Any], region: str) -> None:
        """Deliver an event by the rules of a Region. It came from another one if its envelope names that."""
        for rule in _matching_rules(event, region):
            self._deliver_to_targets(rule, event, region)

    def _deliver_to_targets(self, rule: Rule, event: Mapping[str, Any], region: str) -> None:
        for target in list(rule.targets):
            self._deliveries.append(self._deliver(rule, target, event, region))

    def _deliver(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], region: str) -> Delivery:
        arn, payload = target["Arn"], target_input(target, event)
        outcome = partial(Delivery, rule.arn, arn, event["id"])
        if event_buses.is_bus(arn):
            function, error = None, event_buses.refusal(rule, target, region, has_hopped=event["region"] != region)
            if not error:
                self._worker.submit(partial(self._route, event_buses.arrived(payload), event_buses.region_of(arn)))
                return outcome()
        else:
            function, error = _permitted(rule, arn)
        if function is not None:
            run = run_asynchronously(self._functions, function, payload)
            return outcome(run.invocations, error=last_error(run), ended_in=run.destination)
        queue = _dead_letter(rule, target, payload, error)
        return outcome(error=error, dead_lettered=queue is not None, ended_in=queue)


def _matching_rules(event: Mapping[str, Any], region: str) -> Iterator[Rule]:
    bus = events_backends[event["account"]][region].event_buses["default"]
    for rule in list(bus.rules.values()):
        pattern = rule.event_pattern.dump()
        if rule.state == "ENABLED" and pattern and _compiled(pattern).matches(event):
            yield rule


def _permitted(rule: Rule, arn: str) -> tuple[LambdaFunction | None, str]:
    """The function if EventBridge can invoke it for this rule; else EventBridge's error code."""
    if queues.parse_arn(arn).service != "lambda":
        return None, "NO_RESOURCE"
    function = find_function(arn, rule.account_id, rule.region_name)
    if function is None:
        return None, "NO_RESOURCE"
    use = ServiceUse(_SERVICE, "lambda:InvokeFunction", rule.arn, rule.account_id)
    allowed = allows({"Statement": function.policy.statements}, use)
    return (function, "") if allowed else (None, "NO_PERMISSIONS")


def last_error(run: AsynchronousRun) -> str | None:
    """Return the type of the error of the last try; None if it succeeded."""
    if run.succeeded:
        return None
    error = run.invocations[-1].error if run.invocations else None
    return error.type if error else "ZeroReservedConcurrency"


def _dead_letter(rule: Rule, target: Mapping[str, Any], payload: Any, error: str) -> str | None:
    """Send to the target's dead-letter queue, if there is one that lets EventBridge; return its ARN."""
    arn: str = target.get("DeadLetterConfig", {}).get("Arn", "")
    queue = queues.find_queue(arn)
    if queue is None or not queues.accepts(queue, source_arn=rule.arn, source_account=rule.account_id):
        return None
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": error,
        "ERROR_MESSAGE": f"EventBridge could not invoke {target['Arn']}: {error}",
    }
    queues.send(arn, payload, attributes)
    return arn


def target_input(target: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The payload, as JSON. Paths go through objects only; a path that leads nowhere gives null."""
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        return _at(event, target["InputPath"])
    if "InputTransformer" in target:
        return _transform(target["InputTransformer"], event)
    return event


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for key in path.split(".")[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _transform(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The template, JSON once its placeholders are values: alone they keep their type, in a string they are text."""
    values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values["aws.events.event.json"] = event

    def fill(token: re.Match[str]) -> str:
        if token[0].startswith("<"):
            return json.dumps(values.get(token[0][1:-1]))
        return _PLACEHOLDER.sub(lambda name: _text(values.get(name[1])), token[0])

    return json.loads(_STRING_OR_PLACEHOLDER.sub(fill, transformer["InputTemplate"]))


def _text(value: Any) -> str:
    """A value inside a JSON string, escaped."""
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]
