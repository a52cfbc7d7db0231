"""Random security groups, drawn where mistakes live: around the limits, the guarded ports and the replacements."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from support import Account

IPV4 = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "0.0.0.0/2",
    "64.0.0.0/2",
    "8.0.0.0/5",
    "10.0.0.0/7",
    "12.0.0.0/7",
    "10.0.0.0/8",
    "11.0.0.0/8",
    "11.0.0.0/11",
    "11.0.0.0/12",
    "11.16.0.0/12",
    "11.0.0.0/13",
    "11.8.0.0/13",
    "13.0.0.0/13",
    "10.1.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/8",
    "240.0.0.0/4",
    "8.8.8.0/24",
    "8.8.8.8/32",
]
IPV6 = [
    "::/0",
    "2000::/3",
    "8000::/1",
    "fc00::/7",
    "fd00::/8",
    "2600::/39",
    "2600::/40",
    "2600:100::/40",
    "2600::/41",
    "2600:80::/41",
    "2601::/41",
    "2001:db8::/32",
    "fe80::/10",
]
PORTS = [0, 21, 22, 23, 443, 3388, 3389, 3390, 65535]

ports = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(lambda pair: (min(pair), max(pair)))
ipv4_ranges = st.sampled_from(IPV4) | st.builds(
    lambda base, prefix: str(IPv4Network((base, prefix), strict=False)), st.integers(0, 2**32 - 1), st.integers(0, 32)
)
ipv6_ranges = st.sampled_from(IPV6) | st.builds(
    lambda base, prefix: str(IPv6Network((base, prefix), strict=False)), st.integers(0, 2**128 - 1), st.integers(0, 64)
)
prefix_lists = st.lists(ipv4_ranges, min_size=1, max_size=3, unique=True) | st.lists(
    ipv6_ranges, min_size=1, max_size=3, unique=True
)
descriptions = st.text("abc XYZ0189._-:/()#,@[]+=&;{}!$*", max_size=20)


@st.composite
def permissions(draw: st.DrawFn) -> dict[str, Any]:
    """One IpPermission with one source."""
    protocol = draw(st.sampled_from(["tcp", "tcp", "tcp", "6", "udp", "17", "-1", "icmp", "50"]))
    first, last = draw(ports) if protocol in ("tcp", "6", "udp", "17") else (-1, -1)
    described = {"Description": text} if (text := draw(descriptions)) else {}
    source: dict[str, Any] = draw(
        st.builds(lambda cidr: {"IpRanges": [{"CidrIp": cidr, **described}]}, ipv4_ranges)
        | st.builds(lambda cidr: {"Ipv6Ranges": [{"CidrIpv6": cidr, **described}]}, ipv6_ranges)
        | st.just({"UserIdGroupPairs": [{"GroupId": "itself", **described}]})
        | st.builds(lambda cidrs: {"PrefixListIds": [{"Entries": cidrs, **described}]}, prefix_lists)
    )
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **source}


groups = st.lists(permissions(), max_size=8)


def make(account: Account, permissions: list[dict[str, Any]]) -> str:
    """A group with these permissions, duplicates left out; its id."""
    group_id = account.group()
    for permission in permissions:
        authorize(account, group_id, permission)
    return group_id


def authorize(account: Account, group_id: str, permission: dict[str, Any]) -> list[str]:
    """Adds a permission, with the prefix list that it wants; the ids of its rules: none for a duplicate."""
    try:
        answer = account.ec2.authorize_security_group_ingress(
            GroupId=group_id, IpPermissions=[_with_ids(account, group_id, permission)]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidPermission.Duplicate":
            raise
        return []
    return [row["SecurityGroupRuleId"] for row in answer["SecurityGroupRules"]]


def _with_ids(account: Account, group_id: str, permission: dict[str, Any]) -> dict[str, Any]:
    pairs = [{**pair, "GroupId": group_id} for pair in permission.get("UserIdGroupPairs", [])]
    lists = [_list(account, **source) for source in permission.get("PrefixListIds", [])]
    return {**permission, "UserIdGroupPairs": pairs, "PrefixListIds": lists}


def _list(account: Account, Entries: list[str], **described: str) -> dict[str, str]:  # noqa: N803 - EC2's name
    made = account.ec2.create_managed_prefix_list(
        PrefixListName="random",
        AddressFamily="IPv6" if ":" in Entries[0] else "IPv4",
        MaxEntries=len(Entries),
        Entries=[{"Cidr": cidr} for cidr in Entries],
    )
    return {"PrefixListId": made["PrefixList"]["PrefixListId"], **described}


def resolved(account: Account, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with one row for each entry of a prefix list in place of the row that refers to it."""
    return [each for row in rows for each in _entries(account, row)]


def _entries(account: Account, row: dict[str, Any]) -> list[dict[str, Any]]:
    if "PrefixListId" not in row:
        return [row]
    request = {"PrefixListId": row["PrefixListId"]}
    entries = account.groups.unhindered("GetManagedPrefixListEntries", request)["Entries"]
    field = {True: "CidrIpv6", False: "CidrIpv4"}
    return [{**row, field[":" in entry["Cidr"]]: entry["Cidr"]} for entry in entries]
