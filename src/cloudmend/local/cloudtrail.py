"""CloudTrail: the record that a call leaves behind, and its event on the bus. EC2's records have a module of their own.

A structure's keys begin with a small letter, a map's keys are as they came. What the model calls sensitive is hidden.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from cloudmend.local.clock import CLOCK

if TYPE_CHECKING:
    from cloudmend.local.api_calls import ModelledCall
    from cloudmend.local.identity import Principal
    from cloudmend.local.messages import ApiRequest, ApiResponse

_READS = ("Describe", "Get", "Head", "List", "Lookup", "Search")
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
# Data events: nobody gets them from a trail of management events. By the model's name, as a regular expression.
_DATA = {
    "dynamodb": r"(Batch|Execute|Transact).*|(Put|Update|Delete)Item",
    "events": r"PutEvents|PutPartnerEvents",
    "lambda": r"Invoke.*",
    "logs": r"PutLogEvents|StartQuery|StopQuery",
    "s3": r".*Object(s|Acl|Tagging|LegalHold|Retention|Torrent)?|.*Upload(Part.*)?|.*Session",
    "sns": r"Publish.*",
    "sqs": r"(Send|Delete|Receive)Message.*|ChangeMessageVisibility.*",
    "sts": r".*",  # of no interest to a control, and readOnly
}
_CONFIGURATION = "PutObjectLockConfiguration"  # of a bucket, whatever its name says
# Lambda's calls carry the date of their API version; these are the ones that controls and deployments send.
_LAMBDA_DATES = {
    "AddLayerVersionPermission": "20181031",
    "AddPermission": "20150331v2",
    "CreateAlias": "20150331",
    "CreateEventSourceMapping": "20150331",
    "CreateFunction": "20150331",
    "DeleteFunction": "20150331",
    "DeleteFunctionConcurrency": "20171031",
    "PublishVersion": "20150331",
    "PutFunctionConcurrency": "20171031",
    "RemovePermission": "20150331v2",
    "TagResource": "20170331v2",
    "UpdateFunctionCode": "20150331v2",
    "UpdateFunctionConfiguration": "20150331v2",
}
_S3_NAMES = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_GLOBAL = frozenset({"cloudfront", "iam", "organizations", "route53"})  # recorded in us-east-1 alone
_UNWRAPPED = frozenset({"rds", "redshift"})  # their responses stand without the structure around them


@dataclass(frozen=True)
class RecordedCall:
    """A call as CloudTrail records it. `identity` is its userIdentity; without `error_code` the call succeeded.

    `details` make it an event of a service, which nobody called for: its serviceEventDetails.
    """

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
    details: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        """Its eventType."""
        return "AwsServiceEvent" if self.details else "AwsApiCall"


def is_write(operation: str) -> bool:
    """Return whether CloudTrail marks the operation readOnly: false."""
    return not operation.startswith(_READS)


def event(call: RecordedCall) -> dict[str, Any]:
    """The record as EventBridge delivers it. Its `id` names the delivery, not the call."""
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, call.event_id)),
        "detail-type": f"AWS {'Service Event' if call.details else 'API Call'} via CloudTrail",
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
        "eventType": call.kind,
        **({"serviceEventDetails": call.details} if call.details else {}),
        "managementEvent": True,
        "recipientAccountId": call.account,
        "eventCategory": "Management",
    }


def _timestamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def recorded(
    request: ApiRequest, principal: Principal, call: ModelledCall, response: ApiResponse
) -> RecordedCall | None:
    """Return the record that CloudTrail writes of a call; None for data events."""
    name = call.model.name
    if name != _CONFIGURATION and re.fullmatch(_DATA.get(call.service, ""), name):
        return None
    return RecordedCall(
        source=f"{call.model.service_model.signing_name.removeprefix('api.')}.amazonaws.com",
        name=_name(call.service, name),
        request=_request(call, request.headers.get("host", "")) or None,
        response=_response(call, response),
        error_code=response.error_code or "",
        error_message=_message(response),
        is_read=not is_write(name),
        identity=principal.user_identity,
        account=principal.account,
        region="us-east-1" if call.service in _GLOBAL else request.region,
        time=CLOCK.now(),
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", ""),
        request_id=str(uuid.uuid4()),
        event_id=str(uuid.uuid4()),
    )


def _name(service: str, operation: str) -> str:
    if service == "lambda":
        return operation + _LAMBDA_DATES.get(operation, "")
    if service == "s3control":
        return re.sub("PublicAccessBlock$", "AccountPublicAccessBlock", operation)
    return _S3_NAMES.get(operation, operation) if service == "s3" else operation


def _request(call: ModelledCall, host: str) -> dict[str, Any]:
    shape = call.model.input_shape
    if shape is None:
        return {}
    if call.service in ("s3", "s3control"):
        return _s3_request(call, shape, host)
    return dict(_spelled(shape, call.params))


def _s3_request(call: ModelledCall, shape: StructureShape, host: str) -> dict[str, Any]:
    """S3 tells the bucket, the host, headers and query by their own names, and a body as the XML or JSON that it is."""
    told: dict[str, Any] = {"Host": host}
    query = call.model.http["requestUri"].partition("?")[2]
    if query:
        told[query.partition("=")[0]] = ""
    for member, value in call.params.items():
        inner = shape.members[member]
        if member == "Bucket":
            told["bucketName"] = value
        elif member == "Policy":
            told["bucketPolicy"] = _json(value)
        elif inner.serialization.get("location") in ("header", "querystring"):
            told[inner.serialization["name"]] = value
        elif isinstance(inner, StructureShape):
            told[inner.serialization.get("locationName", member)] = {"xmlns": _xmlns(inner), **_as_xml(inner, value)}
    return told


def _as_xml(shape: Shape, value: Any) -> Any:
    """Return a value as the XML that it was: a list is its one item, or has the items under their name."""
    if isinstance(shape, StructureShape):
        inner = shape.members
        return {inner[name].serialization.get("name", name): _as_xml(inner[name], each) for name, each in value.items()}
    if isinstance(shape, ListShape):
        found = [_as_xml(shape.member, each) for each in value]
        listed = found[0] if len(found) == 1 else found
        return listed if shape.serialization.get("flattened") else {shape.member.serialization.get("name"): listed}
    return value


def _xmlns(shape: Shape) -> str:
    return str(shape.serialization.get("xmlNamespace", {}).get("uri", "http://s3.amazonaws.com/doc/2006-03-01/"))


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _response(call: ModelledCall, response: ApiResponse) -> dict[str, Any] | None:
    """The response of a write that succeeded, if it holds anything. Reads leave none, and S3 tells none."""
    shape = call.model.output_shape
    if shape is None or not is_write(call.model.name) or call.service in ("s3", "s3control"):
        return None
    told = _spelled(shape, call.result(response) or {})
    if call.service in _UNWRAPPED and len(told) == 1:
        (told,) = told.values()
    return dict(told) or None


def _message(response: ApiResponse) -> str:
    if response.error_code is None:
        return ""
    found = re.search(rb'<Message>([^<]*)</Message>|"[mM]essage":\s*"([^"]*)"', response.body)
    return (found[1] or found[2] or b"").decode(errors="replace") if found else ""


def _spelled(shape: Shape, value: Any) -> Any:
    if shape.metadata.get("sensitive"):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {_lower(name): _spelled(members[name], each) for name, each in value.items() if name in members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_spelled(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _spelled(shape.value, each) for name, each in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%b %-d, %Y, %-I:%M:%S %p")
    return {} if isinstance(value, bytes) else value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
