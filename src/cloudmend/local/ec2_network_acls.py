"""The entries of network ACLs, with EC2's checks. moto keeps the ACLs, and takes entries that EC2 refuses.

AWS's own last entries, which deny all, are shown with each ACL and cannot be changed. Where EC2 publishes no code for a
refusal, the code here is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models import ec2_backends
from moto.ec2.models.network_acls import NetworkAclEntry

from cloudmend.local.ec2.checks import Ec2Error, identifier, invalid, missing
from cloudmend.local.ec2_settings import Answer
from cloudmend.local.ec2_snapshots import page

if TYPE_CHECKING:
    from moto.ec2.models.network_acls import NetworkAcl

_FREE: Final = range(1, 32767)  # AWS's own entries have higher numbers
_MOST: Final = 20  # entries of one direction, by the default quota
_PROTOCOL: Final = re.compile(r"-1|\d{1,2}|1\d\d|2[0-4]\d|25[0-5]", re.ASCII)
_WITH_PORTS: Final = ("6", "17")
_PORTS: Final = range(65536)
_TYPES: Final = range(-1, 256)


def create(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add an entry under a number that is free. Raises Ec2Error."""
    acl, new = _acl(account, region, params), _entry(account, region, params)
    if _found(acl, new):
        message = f"The network acl entry identified by {new.rule_number} already exists."
        raise Ec2Error("NetworkAclEntryAlreadyExists", message)
    if len([each for each in _own(acl) if each.egress == new.egress]) >= _MOST:
        message = f"The maximum number of network acl entries for {acl.id} has been reached."
        raise Ec2Error("NetworkAclEntryLimitExceeded", message)
    acl.network_acl_entries.append(new)
    return {}


def replace(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put an entry in the place of the one with its number. Raises Ec2Error."""
    acl, new = _acl(account, region, params), _entry(account, region, params)
    acl.network_acl_entries.remove(_there(acl, new.rule_number, egress=new.egress))
    acl.network_acl_entries.append(new)
    return {}


def delete(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Remove the entry with a number. Raises Ec2Error."""
    acl = _acl(account, region, params)
    acl.network_acl_entries.remove(_there(acl, _number(params), egress=_egress(params)))
    return {}


def describe(account: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """List network ACLs in pages, by moto's filters. Raises Ec2Error."""
    backend = ec2_backends[account][region]
    for acl_id in params.get("NetworkAclIds", ()):
        _acl(account, region, {"NetworkAclId": acl_id})
    filters = {each["Name"]: each["Values"] for each in params.get("Filters", ())}
    ids = filters.pop("network-acl-id", None)
    asked = set(params.get("NetworkAclIds", ())) or backend.network_acls.keys()
    found = [each for each in backend.describe_network_acls(filters=filters) if each.id in asked]
    rows = [_row(each) for each in found if ids is None or each.id in ids]
    return page("NetworkAcls", rows, params)


OPERATIONS: Mapping[str, Answer] = {
    "CreateNetworkAclEntry": create,
    "DeleteNetworkAclEntry": delete,
    "DescribeNetworkAcls": describe,
    "ReplaceNetworkAclEntry": replace,
}


def _acl(account: str, region: str, params: Mapping[str, Any]) -> NetworkAcl:
    acl_id = params.get("NetworkAclId", "")
    identifier(acl_id, "acl", "InvalidNetworkAclId.Malformed")
    acl: NetworkAcl | None = ec2_backends[account][region].network_acls.get(acl_id)
    if acl is None:
        raise Ec2Error("InvalidNetworkAclID.NotFound", f"The networkAcl ID '{acl_id}' does not exist")
    return acl


def _own(acl: NetworkAcl) -> list[NetworkAclEntry]:
    """Return the entries that somebody made; moto keeps some of AWS's own among them."""
    return [each for each in acl.network_acl_entries if each.rule_number in _FREE]


def _found(acl: NetworkAcl, wanted: NetworkAclEntry) -> bool:
    return any((each.rule_number, each.egress) == (wanted.rule_number, wanted.egress) for each in _own(acl))


def _there(acl: NetworkAcl, number: int, *, egress: bool) -> NetworkAclEntry:
    for each in _own(acl):
        if (each.rule_number, each.egress) == (number, egress):
            return each
    message = f"The network acl entry identified by {number} does not exist."
    raise Ec2Error("InvalidNetworkAclEntry.NotFound", message)


def _number(params: Mapping[str, Any]) -> int:
    if "RuleNumber" not in params:
        raise missing("ruleNumber")
    number = int(params["RuleNumber"])
    if number not in _FREE:
        raise invalid(f"Value ({number}) for parameter ruleNumber is invalid. Numbers are 1 to {_FREE[-1]}.")
    return number


def _egress(params: Mapping[str, Any]) -> bool:
    if "Egress" not in params:
        raise missing("egress")
    return bool(params["Egress"])


def _entry(account: str, region: str, params: Mapping[str, Any]) -> NetworkAclEntry:
    number, egress, protocol = _number(params), _egress(params), str(params.get("Protocol", ""))
    if params.get("RuleAction") not in ("allow", "deny"):
        raise invalid(f"Value ({params.get('RuleAction')}) for parameter ruleAction is invalid. It is allow or deny.")
    if not _PROTOCOL.fullmatch(protocol):
        raise invalid(f"Value ({protocol}) for parameter protocol is invalid. It is a number, or -1.")
    ipv4, ipv6 = _network(params)
    first, last = _ports(params, protocol)
    kind, code = _icmp(params, protocol, is_ipv6=bool(ipv6))
    return NetworkAclEntry(
        ec2_backends[account][region],
        network_acl_id=params["NetworkAclId"],
        rule_number=number,
        protocol=protocol,
        rule_action=params["RuleAction"],
        egress=egress,
        cidr_block=ipv4,  # type: ignore[arg-type] # moto leaves out what is None
        icmp_code=code,
        icmp_type=kind,
        port_range_from=first,
        port_range_to=last,
        ipv6_cidr_block=ipv6,
    )


def _network(params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the IPv4 or the IPv6 range, as EC2 writes it."""
    given = [(key, params[key]) for key in ("CidrBlock", "Ipv6CidrBlock") if params.get(key)]
    if not given:
        raise missing("cidrBlock")
    if len(given) > 1:
        raise Ec2Error("InvalidParameterCombination", "Specify either cidrBlock or ipv6CidrBlock, not both.")
    ((key, text),) = given
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or "/" not in text or (network.version == 4) is not (key == "CidrBlock"):
        raise invalid(f"Value ({text}) for parameter {key} is invalid. This is not a valid CIDR block.")
    return (str(network), None) if network.version == 4 else (None, str(network))


def _ports(params: Mapping[str, Any], protocol: str) -> tuple[int | None, int | None]:
    if protocol not in _WITH_PORTS:
        return None, None
    ports = params.get("PortRange") or {}
    if "From" not in ports or "To" not in ports:
        raise missing("portRange")
    if ports["From"] not in _PORTS or ports["To"] not in _PORTS or ports["From"] > ports["To"]:
        raise invalid(f"Value ({ports['From']}-{ports['To']}) for parameter portRange is invalid.")
    return ports["From"], ports["To"]


def _icmp(params: Mapping[str, Any], protocol: str, *, is_ipv6: bool) -> tuple[int | None, int | None]:
    if protocol != "1" and not (protocol == "58" and is_ipv6):
        return None, None
    icmp = params.get("IcmpTypeCode") or {}
    if "Type" not in icmp or "Code" not in icmp:
        raise missing("icmpTypeCode")
    if icmp["Type"] not in _TYPES or icmp["Code"] not in _TYPES:
        raise invalid(f"Value ({icmp['Type']}/{icmp['Code']}) for parameter icmpTypeCode is invalid.")
    return icmp["Type"], icmp["Code"]


def _row(acl: NetworkAcl) -> Mapping[str, Any]:
    entries = [*map(_entry_row, _own(acl)), *_of_aws(acl)]
    return {
        "Associations": [
            {"NetworkAclAssociationId": each.id, "NetworkAclId": acl.id, "SubnetId": each.subnet_id}
            for each in acl.associations
        ],
        "Entries": sorted(entries, key=lambda each: (not each["Egress"], each["RuleNumber"])),
        "IsDefault": acl.default,
        "NetworkAclId": acl.id,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in acl.get_tags()],
        "VpcId": acl.vpc_id,
        "OwnerId": acl.owner_id,
    }


def _entry_row(entry: NetworkAclEntry) -> dict[str, Any]:
    row = {
        "CidrBlock": entry.cidr_block,
        "Egress": bool(entry.egress),
        "IcmpTypeCode": entry.icmp_type_code,
        "Ipv6CidrBlock": entry.ipv6_cidr_block,
        "PortRange": entry.port_range,
        "Protocol": str(entry.protocol),
        "RuleAction": entry.rule_action,
        "RuleNumber": int(entry.rule_number),
    }
    return {name: value for name, value in row.items() if value is not None}


def _of_aws(acl: NetworkAcl) -> Iterator[dict[str, Any]]:
    """Yield the last entries, which deny what no other entry matches; IPv6 ones if the VPC has such a block."""
    vpc = ec2_backends[acl.owner_id][acl.ec2_backend.region_name].vpcs.get(acl.vpc_id)
    has_ipv6 = vpc is not None and bool(vpc.get_cidr_block_association_set(ipv6=True))
    for egress in (True, False):
        last = {"Egress": egress, "Protocol": "-1", "RuleAction": "deny"}
        yield {**last, "CidrBlock": "0.0.0.0/0", "RuleNumber": _FREE.stop}
        if has_ipv6:
            yield {**last, "Ipv6CidrBlock": "::/0", "RuleNumber": _FREE.stop + 1}
