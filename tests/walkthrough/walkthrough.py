"""What the walkthrough shows, as data, and how a described group is compared with it."""

from __future__ import annotations

import json
from typing import Any

_SHOWN = """
{
    "Description": "testing",
    "GroupName": "testing",
    "IpPermissions": [
        {
            "FromPort": 22,
            "IpProtocol": "tcp",
            "IpRanges": [{"CidrIp": "%(cidr)s"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "ToPort": 22,
            "UserIdGroupPairs": []
        },
        {
            "FromPort": 3389,
            "IpProtocol": "tcp",
            "IpRanges": [{"CidrIp": "%(cidr)s"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "ToPort": 3389,
            "UserIdGroupPairs": []
        }
    ],
    "IpPermissionsEgress": [
        {
            "IpProtocol": "-1",
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": []
        }
    ]
}
"""
OPENED = json.loads(_SHOWN % {"cidr": "0.0.0.0/0"})
MENDED = json.loads(_SHOWN % {"cidr": "10.0.0.0/8"})

# The reader's own values; and what AWS answers today in addition.
OWN = {"OwnerId", "GroupId", "VpcId"}
ADDED = {"SecurityGroupArn", "Tags"}


def comparable(answer: str) -> dict[str, Any]:
    """The one group of a describe-security-groups answer, as the walkthrough shows one."""
    (group,) = json.loads(answer)["SecurityGroups"]
    assert group.keys() - ADDED == OPENED.keys() | OWN
    shown = {key: value for key, value in group.items() if key in OPENED}
    return {**shown, "IpPermissions": sorted(group["IpPermissions"], key=lambda permission: permission["FromPort"])}
