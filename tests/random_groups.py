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
    "12.0.0.0/8",
    "11.0.0.0/9",
    "11.128.0.0/9",
    "13.0.0.0/9",
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
    "2600::/31",
    "2600::/32",
    "2600::/33",
    "2600:8000::/33",
    "2601::/33",
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
    )
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **source}


groups = st.lists(permissions(), max_size=8)


def make(account: Account, permissions: list[dict[str, Any]]) -> str:
    """A group with these permissions, duplicates left out; its id."""
    group_id = account.group()
    for permission in permissions:
        for pair in permission.get("UserIdGroupPairs", []):
            pair["GroupId"] = group_id
        try:
            account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidPermission.Duplicate":
                raise
    return group_id
