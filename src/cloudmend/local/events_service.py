"""EventBridge's part of the front: what moto takes without a look, and what it would not deliver."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from cloudmend.local.clock import CLOCK
from cloudmend.local.messages import ApiError, ApiResponse, json_answer
from cloudmend.local.patterns.compiler import InvalidPattern, Pattern, compile_pattern
from cloudmend.local.stored_policies import BUS, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudmend.local.eventbridge import EventBus
    from cloudmend.local.front import Exchange

_DEFAULT_BUS = "default"
_EVERYBODY = "*"


class EventsService:
    """Refuses invalid patterns, and puts events on the default bus; rules and targets are moto's."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._operations = {
            "PutPermission": _put_permission,
            "PutRule": _put_rule,
            "PutEvents": self._put_events,
            "TestEventPattern": _test_event_pattern,
        }

    def __call__(self, exchange: Exchange) -> ApiResponse:
        answer = self._operations.get(exchange.request.operation)
        return exchange.forward() if answer is None else answer(exchange)

    def _put_events(self, exchange: Exchange) -> ApiResponse:
        """Entries for the default bus; a call that names another bus is moto's."""
        entries = json.loads(exchange.request.body)["Entries"]
        if any(entry.get("EventBusName", _DEFAULT_BUS) != _DEFAULT_BUS for entry in entries):
            return exchange.forward()
        results = [self._put(entry, exchange) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return json_answer({"FailedEntryCount": failed, "Entries": results})

    def _put(self, entry: Mapping[str, Any], exchange: Exchange) -> Mapping[str, str]:
        try:
            event = _event(entry, exchange)
        except ApiError as error:
            return {"ErrorCode": error.code, "ErrorMessage": error.message}
        self._bus.put(event)
        return {"EventId": event["id"]}


def _put_permission(exchange: Exchange) -> ApiResponse:
    """Take a whole policy in the place of the one before, to which moto would add it."""
    asked = json.loads(exchange.request.body)
    buses = events_backends[exchange.principal.account][exchange.request.region].event_buses
    bus = buses.get(asked.get("EventBusName", _DEFAULT_BUS))
    if "Policy" in asked:
        statements = check(asked["Policy"], BUS)
        if any(name not in each for each in statements for name in ("Sid", "Resource")):
            raise ApiError(BUS.code, "A statement of an event bus has a Sid, and names the bus.")
        if bus:
            bus.remove_statements()
        asked["Policy"] = json.dumps({"Statement": statements})
    response = exchange.forward(json.dumps(asked).encode())
    if bus and asked.get("Principal") == _EVERYBODY and response.error_code is None:
        vars(bus._statements[asked["StatementId"]])["principal"] = _EVERYBODY  # noqa: SLF001 - moto makes an ARN of it
    return response


def _put_rule(exchange: Exchange) -> ApiResponse:
    pattern = json.loads(exchange.request.body).get("EventPattern")
    if pattern is not None:
        _compiled(pattern)
    return exchange.forward()


def _test_event_pattern(exchange: Exchange) -> ApiResponse:
    """moto has no TestEventPattern."""
    request = json.loads(exchange.request.body)
    pattern = _compiled(request["EventPattern"])
    try:
        event = json.loads(request["Event"])
    except ValueError as error:
        raise ApiError("ValidationException", "Parameter Event is not valid.") from error
    return json_answer({"Result": pattern.matches(event)})


def _compiled(pattern: str) -> Pattern:
    try:
        return compile_pattern(pattern)
    except InvalidPattern as error:
        reason = f"Event pattern is not valid. Reason: {error}"
        raise ApiError("InvalidEventPatternException", reason) from error


def _event(entry: Mapping[str, Any], exchange: Exchange) -> Mapping[str, Any]:
    """The entry in its envelope; raises ApiError for an entry that EventBridge does not take."""
    source = entry.get("Source", "")
    if source.startswith("aws."):
        raise ApiError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry.get("Detail", ""))
    except ValueError as error:
        raise ApiError("MalformedDetail", "Detail is malformed.") from error
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry.get("DetailType", ""),
        "source": source,
        "account": exchange.principal.account,
        "time": CLOCK.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": exchange.request.region,
        "resources": entry.get("Resources", []),
        "detail": detail,
    }
