"""EC2's errors, in its own codes and words, and its checks of a single value: ids, names, ports, CIDRs, tags.

The words were collected from published answers of EC2 (provider issues, SDK issues, its documentation of error codes);
where none was found the code is documented and the words are ours. Each check returns the value as EC2 stores it, or
raises Ec2Error.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from cloudmend.local.ec2.model import ALL_PROTOCOLS, Params, Traffic

_SPELLINGS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_CHARACTERS = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
_TEXT = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_MAX_PORT = 65535
_MAX_ICMP = 255


class Ec2Error(Exception):
    """A call that EC2 refuses. `status` is the HTTP status of the answer."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Ec2Error:
    return Ec2Error("InvalidParameterValue", message)


def missing(parameter: str) -> Ec2Error:
    return Ec2Error("MissingParameter", f"The request must contain the parameter {parameter}")


def unsupported(parameter: str) -> Ec2Error:
    return Ec2Error("UnsupportedOperation", f"The parameter {parameter} is not supported by this operation.")


def combined(parameter: str, other: str) -> Ec2Error:
    return Ec2Error(
        "InvalidParameterCombination",
        f"The parameter {parameter} cannot be used with the parameter {other}",
    )


def group_not_found(group: str) -> Ec2Error:
    return Ec2Error("InvalidGroup.NotFound", f"The security group '{group}' does not exist")


def rule_id_not_found(rule_id: str) -> Ec2Error:
    return Ec2Error("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")


def permission_not_found() -> Ec2Error:
    return Ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")


def prefix_list_not_found(prefix_list_id: str) -> Ec2Error:
    return Ec2Error("InvalidPrefixListID.NotFound", f"The prefix list ID '{prefix_list_id}' does not exist")


def not_authorized() -> Ec2Error:
    return Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", status=403)


def dry_run() -> Ec2Error:
    return Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)


def identifier(value: str, prefix: str, code: str) -> str:
    """An id as EC2 makes them: the prefix and 8 or 17 hexadecimal digits."""
    if not re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", value):
        raise Ec2Error(code, f'Invalid id: "{value}" (expecting "{prefix}-...")')
    return value


def group_id(value: str) -> str:
    return identifier(value, "sg", "InvalidGroupId.Malformed")


def rule_id(value: str) -> str:
    return identifier(value, "sgr", "InvalidSecurityGroupRuleId.Malformed")


def prefix_list_id(value: str) -> str:
    return identifier(value, "pl", "InvalidPrefixListId.Malformed")


def peering_id(value: str) -> str:
    return identifier(value, "pcx", "InvalidVpcPeeringConnectionId.Malformed")


def vpc_id(value: str) -> str:
    return identifier(value, "vpc", "InvalidVpcID.Malformed")


def group_name(value: str) -> str:
    if value.startswith("sg-"):
        raise invalid(f"Value ({value}) for parameter GroupName is invalid. Group names may not be in the format sg-*.")
    if value == "default":
        raise invalid("Cannot use reserved security group name: default")
    return _group_text(value, "GroupName", "name")


def group_description(value: str) -> str:
    return _group_text(value, "GroupDescription", "description")


def _group_text(value: str, parameter: str, noun: str) -> str:
    if not value.isascii():
        raise invalid(
            f"Value ({value}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported."
        )
    if not _TEXT.fullmatch(value):
        raise invalid(
            f"Invalid security group {noun}. Valid {noun}s are strings less than 256 characters "
            f"from the following set:  {_CHARACTERS}"
        )
    return value


def rule_description(value: str | None) -> str | None:
    """The description, None for an empty one: EC2 shows none then."""
    if value and not _TEXT.fullmatch(value):
        raise invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters "
            f"from the following set:  {_CHARACTERS}"
        )
    return value or None


def ipv4_cidr(value: str) -> str:
    """The network that the block names: host bits are cut off (100.68.0.18/18 -> 100.68.0.0/18)."""
    if not re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value):
        raise _malformed_cidr(value)
    try:
        return str(ipaddress.IPv4Network(value, strict=False))
    except ValueError:
        raise _malformed_cidr(value) from None


def ipv6_cidr(value: str) -> str:
    """The network that the block names, in the short form (2001:DB8:0::1/32 -> 2001:db8::/32)."""
    if not re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]{1,3}", value):
        raise _malformed_cidr(value)
    try:
        return str(ipaddress.IPv6Network(value, strict=False))
    except ValueError:
        raise _malformed_cidr(value) from None


def _malformed_cidr(value: str) -> Ec2Error:
    return invalid(f"CIDR block {value} is malformed")


def protocol(value: str | None) -> str:
    """The protocol in EC2's spelling: a name for tcp, udp, icmp and icmpv6, else its number."""
    if not value:
        raise invalid("Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
    lowered = value.lower()
    if lowered == ALL_PROTOCOLS or lowered in _SPELLINGS.values():
        return lowered
    if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) > 255:
        raise invalid(f"Invalid value '{value}' for IP protocol. Unknown protocol.")
    number = str(int(value))
    return _SPELLINGS.get(number, number)


def traffic(permission: Params) -> Traffic:
    """Protocol and ports of an IpPermission or a SecurityGroupRuleRequest."""
    name = protocol(permission.get("IpProtocol"))
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if name in {"tcp", "udp"}:
        return Traffic(name, *_ports(low, high))
    if name in {"icmp", "icmpv6"}:
        return Traffic(name, *_type_and_code(name, low, high))
    return Traffic(name)


def _ports(low: int | None, high: int | None) -> tuple[int, int]:
    if low is None or high is None:
        raise invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    for end, port in (("from", low), ("to", high)):
        if not 0 <= port <= _MAX_PORT:
            raise invalid(f"TCP/UDP ({end}) port ({port}) out of range")
    if low > high:
        raise invalid(f"Invalid TCP/UDP port range ({low}:{high})")
    return low, high


def _type_and_code(name: str, kind: int | None, code: int | None) -> tuple[int, int]:
    """ICMP's type and code; -1 is all of them. For icmpv6 both may be left out."""
    if name == "icmpv6" and kind is None and code is None:
        return -1, -1
    if kind is None or code is None:
        raise invalid("Invalid value for portRange. Must specify both type and code with ICMP.")
    for noun, number in (("type", kind), ("code", code)):
        if not -1 <= number <= _MAX_ICMP:
            raise invalid(f"ICMP {noun} ({number}) out of range")
    if kind == -1 and code != -1:
        raise invalid("Invalid value for portRange. ICMP code must be -1 when the type is -1.")
    return kind, code


def tags(specifications: Sequence[Params], resource_type: str) -> dict[str, str]:
    """The tags of TagSpecifications, which may name no other type of resource."""
    for specification in specifications:
        if specification.get("ResourceType") != resource_type:
            raise invalid(
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation."
            )
    return tag_map([tag for specification in specifications for tag in specification.get("Tags", ())])


def tag_map(pairs: Sequence[Params]) -> dict[str, str]:
    """[{Key, Value}] as a mapping."""
    found: dict[str, str] = {}
    for pair in pairs:
        key = pair.get("Key", "")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
        if key in found:
            raise invalid(f"Duplicate tag key '{key}' specified.")
        found[key] = pair.get("Value", "")
    return found


def exclusive(params: Params, *names: str) -> str | None:
    """The one parameter of these that the request holds; None where it holds none of them."""
    present = [name for name in names if _is_given(params.get(name))]
    if len(present) > 1:
        raise combined(present[1], present[0])
    return present[0] if present else None


def _is_given(value: Any) -> bool:
    return value is not None and value != []
