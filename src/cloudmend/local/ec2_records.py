"""CloudTrail's records of EC2's calls.

EC2's records come in two encodings. Most operations use the classic one: lowerCamel keys, lists as
{"items": [...]}. Newer ones wrap the request in "<Operation>Request" and carry the XML of the wire,
turned into JSON by content: a list of one is the bare member, an empty one is "", and digits are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from cloudmend.local import cloudtrail
from cloudmend.local.cloudtrail import RecordedCall, is_write
from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.wire import XMLNS, ec2_model, wire_name

_WRAPPED = re.compile(r"ModifySecurityGroupRules|UpdateSecurityGroupRuleDescriptions.*|.*ManagedPrefixList.*")
_ALWAYS_PRESENT = frozenset({"IpPermissions", "UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds"})
"""Lists that a classic record shows as {} where the request leaves them out."""
_ENTRY = re.compile("(Create|Replace)NetworkAclEntryRequest")
_OF_ENTRIES = {"IcmpTypeCode": "icmpTypeCode", "PortRange": "portRange", "Protocol": "aclProtocol"}
"""The members of a network ACL's entry with a name of CloudTrail's own; a structure that is left out is {}."""

_OF_STATES = re.compile("(Start|Stop|Reboot|Terminate)Instances")
"""The calls whose list of instances has a name of CloudTrail's own in the request."""


@dataclass(frozen=True)
class WireCall:
    """A call as the wire saw it: parameters and result in botocore's shapes, or the error.

    `identity` is CloudTrail's userIdentity. Without a result the record's response is null.
    """

    operation: str
    params: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Ec2Error | None
    identity: Mapping[str, Any]
    account: str
    region: str
    time: datetime
    source_ip: str
    user_agent: str
    request_id: str
    event_id: str


def record(call: WireCall) -> dict[str, Any]:
    """The CloudTrail record of the call: the event's `detail`."""
    return cloudtrail.record(recorded(call))


def recorded(call: WireCall) -> RecordedCall:
    """Return the record that CloudTrail writes of the call."""
    code, message = _refusal(call.error)
    return RecordedCall(
        source="ec2.amazonaws.com",
        name=call.operation,
        request=_request(call),
        response=_response(call),
        error_code=code,
        error_message=message,
        is_read=not is_write(call.operation),
        identity=call.identity,
        account=call.account,
        region=call.region,
        time=call.time,
        source_ip=call.source_ip,
        user_agent=call.user_agent,
        request_id=call.request_id,
        event_id=call.event_id,
    )


def _refusal(error: Ec2Error | None) -> tuple[str, str]:
    if error is None:
        return "", ""
    # A throttled call is the client's, though its status is 503.
    side = "Server" if error.status >= 500 and error.code != "RequestLimitExceeded" else "Client"
    return f"{side}.{error.code}", error.message


def _request(call: WireCall) -> dict[str, Any]:
    shape = ec2_model().operation_model(call.operation).input_shape
    if _WRAPPED.fullmatch(call.operation):
        return {f"{call.operation}Request": _wrapped_request(shape, call.params)}
    told = _classic(shape, call.params)
    if _OF_STATES.fullmatch(call.operation) and "instanceIds" in told:
        told["instancesSet"] = told.pop("instanceIds")
    return told


def _response(call: WireCall) -> dict[str, Any] | None:
    """The response of a write that succeeded. Reads leave none."""
    shape = ec2_model().operation_model(call.operation).output_shape
    if call.error or call.result is None or not is_write(call.operation):
        return None
    if shape is None:
        return {"requestId": call.request_id, "_return": True}
    if _WRAPPED.fullmatch(call.operation):
        content = {"xmlns": XMLNS, "requestId": call.request_id, **_wrapped_response(shape, call.result)}
        return {f"{call.operation}Response": content}
    # EC2 answers <return>true</return> here too, though botocore's model does not list it.
    implied = {"_return": True} if call.operation == "CreateSecurityGroup" else {}
    return {"requestId": call.request_id, **implied, **_classic(shape, call.result)}


def _classic(shape: StructureShape, value: Mapping[str, Any]) -> dict[str, Any]:
    if _ENTRY.fullmatch(shape.name):
        return _acl_entry(shape, value)
    found: dict[str, Any] = {}
    for member, inner in shape.members.items():
        if value.get(member) is not None:
            found[_classic_name(member, inner)] = _classic_value(inner, value[member])
        elif member in _ALWAYS_PRESENT:
            found[_classic_name(member, inner)] = {}
    return found


def _acl_entry(shape: StructureShape, value: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a network ACL in the classic encoding."""
    given = {member: inner for member, inner in shape.members.items() if value.get(member) is not None}
    told = {
        _OF_ENTRIES.get(member) or _classic_name(member, inner): _classic_value(inner, value[member])
        for member, inner in given.items()
    }
    return {"icmpTypeCode": {}, "portRange": {}, **told}


def _classic_value(shape: Shape, value: Any) -> Any:
    """A value in the classic encoding, where times are milliseconds since 1970."""
    if isinstance(shape, StructureShape):
        return _tag_specification(value) if shape.name == "TagSpecification" else _classic(shape, value)
    if not isinstance(shape, ListShape):
        return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
    items = [_classic_item(shape, item) for item in value]
    return {"items": items} if items else {}


def _classic_item(shape: ListShape, item: Any) -> Any:
    """A member of a list; a bare id becomes an object: {"securityGroupRuleId": "sgr-1"}."""
    if isinstance(shape.member, StructureShape):
        return _classic_value(shape.member, item)
    return {_lower(shape.serialization.get("name", "item")): item}


def _tag_specification(value: Mapping[str, Any]) -> dict[str, Any]:
    """The one place of a classic request where a list is a plain array."""
    tags = [{_lower(key): text for key, text in tag.items()} for tag in value.get("Tags", ())]
    return {"resourceType": value.get("ResourceType"), "tags": tags}


def _classic_name(member: str, shape: Shape) -> str:
    name = str(shape.serialization.get("name", member))
    if name == "return":
        return "_return"
    if shape.name == "TagSpecificationList":
        return "tagSpecificationSet"
    is_wire_spelling = isinstance(shape, ListShape) and name[0].isupper()
    return _lower(member if is_wire_spelling else name)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _wrapped_request(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return {
            wire_name(name, inner): _wrapped_request(inner, value[name])
            for name, inner in members
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return _wrapped_list([_wrapped_request(shape.member, item) for item in value])
    return _by_content(value)


def _wrapped_list(items: list[Any]) -> Any:
    """Structures carry their place as "tag", counted from one."""
    numbered = [{**item, "tag": place} if isinstance(item, dict) else item for place, item in enumerate(items, 1)]
    return numbered[0] if len(numbered) == 1 else numbered or ""


def _wrapped_response(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            inner.serialization.get("name", name): _wrapped_response(inner, value[name])
            for name, inner in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        items = [_wrapped_response(shape.member, item) for item in value]
        return {"item": items[0] if len(items) == 1 else items} if items else ""
    return _by_content(value)


def _by_content(value: Any) -> Any:
    """Text that looks like a number becomes one, as the conversion from XML guesses."""
    if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]{0,14}", value):
        return int(value)
    return value
