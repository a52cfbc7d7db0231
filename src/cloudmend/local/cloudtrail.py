"""CloudTrail: the record that a call leaves behind, and its event on the bus. Each service spells its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_READS = ("Describe", "Get", "Head", "List", "Lookup", "Search")


@dataclass(frozen=True)
class RecordedCall:
    """One call as CloudTrail tells it. `identity` is its userIdentity; without `error_code` the call succeeded."""

    source: str
    name: str
    request: Mapping[str, Any] | None
    response: Mapping[str, Any] | None
    error_code: str
    error_message: str
    is_read: bool
    identity: Mapping[str, Any]
    account: str
    region: str
    time: datetime
    source_ip: str
    user_agent: str
    request_id: str
    event_id: str


def is_write(operation: str) -> bool:
    """Return whether CloudTrail marks the operation readOnly: false."""
    return not operation.startswith(_READS)


def event(call: RecordedCall) -> dict[str, Any]:
    """The record as EventBridge delivers it. Its `id` names the delivery, not the call."""
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, call.event_id)),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{call.source.partition('.')[0]}",
        "account": call.account,
        "time": _timestamp(call.time),
        "region": call.region,
        "resources": [],
        "detail": record(call),
    }


def record(call: RecordedCall) -> dict[str, Any]:
    """The CloudTrail record of the call: the event's `detail`."""
    refused = {"errorCode": call.error_code, "errorMessage": call.error_message} if call.error_code else {}
    return {
        "eventVersion": "1.11",
        "userIdentity": dict(call.identity),
        "eventTime": _timestamp(call.time),
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.user_agent,
        **refused,
        "requestParameters": call.request,
        "responseElements": call.response,
        "requestID": call.request_id,
        "eventID": call.event_id,
        "readOnly": call.is_read,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }


def _timestamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
