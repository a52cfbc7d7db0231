"""Some of the prefix lists that AWS manages: their names, weights in the quota, and a few of their ranges.

Source: AWS-managed prefix lists, in the VPC user guide. An id is the same in every Region; AWS's own are not.
"""

from __future__ import annotations

from cloudmend.local.ec2.model import AWS, Entry, Family, PrefixList

_LISTS: tuple[tuple[str, str, Family, int, tuple[str, ...]], ...] = (
    ("pl-63a5400a", "com.amazonaws.{region}.s3", "IPv4", 1, ("3.5.0.0/19", "52.216.0.0/15", "54.231.0.0/16")),
    ("pl-02cd2c6b", "com.amazonaws.{region}.dynamodb", "IPv4", 1, ("3.218.180.0/23", "52.94.0.0/22")),
    (
        "pl-3b927c52",
        "com.amazonaws.global.cloudfront.origin-facing",
        "IPv4",
        55,
        ("13.124.199.0/24", "18.68.0.0/16", "64.252.64.0/18", "130.176.0.0/18"),
    ),
    ("pl-0dbb3a5e", "com.amazonaws.{region}.ipv6.vpc-lattice", "IPv6", 10, ("fd00:ec2:80::/64",)),
)


def aws_lists(region: str) -> dict[str, PrefixList]:
    """By id. Each counts as its weight, whatever it holds."""
    return {
        list_id: PrefixList(list_id, name.format(region=region), family, AWS, weight, (tuple(map(Entry, cidrs)),))
        for list_id, name, family, weight, cidrs in _LISTS
    }
