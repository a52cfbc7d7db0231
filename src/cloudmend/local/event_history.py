"""CloudTrail's event history, for LookupEvents: the management events of the last 90 days, with or without a trail."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from cloudmend.local.cloudtrail import record
from cloudmend.local.messages import ApiError

if TYPE_CHECKING:
    from cloudmend.local.cloudtrail import RecordedCall

_KEPT: Final = timedelta(days=90)
_AT_MOST: Final = 20_000  # calls that are kept, of all accounts together
_PAGE: Final = 50
# The resources that an event names, by the keys of its request and its response.
_TYPES: Final = {
    "bucketName": "AWS::S3::Bucket",
    "dBInstanceIdentifier": "AWS::RDS::DBInstance",
    "dBSnapshotIdentifier": "AWS::RDS::DBSnapshot",
    "functionName": "AWS::Lambda::Function",
    "groupId": "AWS::EC2::SecurityGroup",
    "instanceId": "AWS::EC2::Instance",
    "keyId": "AWS::KMS::Key",
    "queueUrl": "AWS::SQS::Queue",
    "roleName": "AWS::IAM::Role",
    "snapshotId": "AWS::EC2::Snapshot",
    "stackName": "AWS::CloudFormation::Stack",
    "tableName": "AWS::DynamoDB::Table",
    "topicArn": "AWS::SNS::Topic",
    "userName": "AWS::IAM::User",
    "vpcId": "AWS::EC2::VPC",
}
_KEYS: Final = frozenset(
    {"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
)


class EventHistory:
    """The newest calls of all accounts and Regions."""

    def __init__(self) -> None:
        self._calls: deque[tuple[int, RecordedCall]] = deque(maxlen=_AT_MOST)
        self._count = 0
        self._lock = Lock()

    def add(self, call: RecordedCall) -> None:
        """Keep a call."""
        with self._lock:
            self._count += 1
            self._calls.append((self._count, call))

    def look_up(self, account: str, region: str, asked: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        """Return LookupEvents' answer, the newest first, with times in seconds. Raises ApiError."""
        size = asked.get("MaxResults", _PAGE)
        if not 0 < size <= _PAGE:
            raise ApiError("InvalidMaxResultsException", f"MaxResults must be between 1 and {_PAGE}.")
        if asked.get("EventCategory"):
            return {"Events": []}  # Insights events, of which there are none
        first = self._first(asked)
        matching = _matching(self._of(account, region, first), asked, now)
        page = [pair for _, pair in zip(range(size + 1), matching, strict=False)]
        more = {"NextToken": _token(page[size][0], asked)} if len(page) > size else {}
        return {"Events": [_row(call) for _, call in page[:size]], **more}

    def _of(self, account: str, region: str, first: int) -> Iterator[tuple[int, RecordedCall]]:
        with self._lock:
            calls = list(self._calls)
        for number, call in reversed(calls):
            if number <= first and (call.account, call.region) == (account, region):
                yield number, call

    def _first(self, asked: Mapping[str, Any]) -> int:
        """Return the number of the newest call that a page may have."""
        token = asked.get("NextToken")
        if token is None:
            return self._count
        try:
            number = int(base64.b64decode(token).partition(b":")[0])
        except ValueError:
            number = 0
        if number < 1 or token != _token(number, asked):
            raise ApiError("InvalidNextTokenException", "NextToken is not of a call with the same parameters.")
        return number


def _token(number: int, asked: Mapping[str, Any]) -> str:
    """Return the token of the page that begins with a call. A call with other parameters cannot use it."""
    kept = {name: asked[name] for name in ("LookupAttributes", "StartTime", "EndTime") if name in asked}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    return base64.b64encode(f"{number}:{digest}".encode()).decode()


def _matching(
    calls: Iterable[tuple[int, RecordedCall]], asked: Mapping[str, Any], now: datetime
) -> Iterator[tuple[int, RecordedCall]]:
    start, end = _time(asked.get("StartTime"), now - _KEPT), _time(asked.get("EndTime"), now)
    if start > end:
        raise ApiError("InvalidTimeRangeException", "StartTime is after EndTime.")
    key, value = _attribute(asked.get("LookupAttributes") or [])
    for number, call in calls:
        if max(start, now - _KEPT) <= call.time <= end and (not key or _has(call, key, value)):
            yield number, call


def _time(given: float | None, fallback: datetime) -> datetime:
    return fallback if given is None else datetime.fromtimestamp(given, UTC)


def _attribute(attributes: list[Mapping[str, str]]) -> tuple[str, str]:
    if not attributes:
        return "", ""
    key, value = attributes[0].get("AttributeKey", ""), attributes[0].get("AttributeValue", "")
    if len(attributes) > 1 or key not in _KEYS or not value:
        raise ApiError("InvalidLookupAttributesException", "LookupAttributes takes one attribute, with its value.")
    return key, value


def _has(call: RecordedCall, key: str, value: str) -> bool:
    row = _told(call)
    if key in ("ResourceName", "ResourceType"):
        return any(each[key] == value for each in row["Resources"])
    return bool(row.get(key) == value)


def _row(call: RecordedCall) -> dict[str, Any]:
    return {**_told(call), "EventTime": call.time.timestamp(), "CloudTrailEvent": json.dumps(record(call))}


def _told(call: RecordedCall) -> dict[str, Any]:
    """Return what an event can be looked up by."""
    told = {
        "AccessKeyId": call.identity.get("accessKeyId"),
        "EventId": call.event_id,
        "EventName": call.name,
        "EventSource": call.source,
        "ReadOnly": str(call.is_read).lower(),
        "Resources": _resources(call),
        "Username": _username(call.identity),
    }
    return {key: value for key, value in told.items() if value is not None}


def _username(identity: Mapping[str, Any]) -> str:
    """Return the name of a user, or of the session of a role; "root" for the root user."""
    resource = str(identity.get("arn", "")).rpartition(":")[2]
    return str(identity.get("userName") or resource.rpartition("/")[2] or identity.get("type", ""))


def _resources(call: RecordedCall) -> list[dict[str, str]]:
    """Return the resources that the request or the response names at their top."""
    named = {**(call.response or {}), **(call.request or {})}
    return [
        {"ResourceType": kind, "ResourceName": named[key]}
        for key, kind in _TYPES.items()
        if isinstance(named.get(key), str)
    ]
