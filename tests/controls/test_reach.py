"""What is behind a security group: its interfaces, and the addresses at which a stranger reaches them."""

from __future__ import annotations

from cloudmend.controls.security_group_ingress.reach import behind
from cloudmend.core.model import Json
from cloudmend.core.reach import Reach


def test_behind_a_group_are_its_interfaces_and_their_public_addresses() -> None:
    association = {"Association": {"PublicIp": "54.1.2.3"}}
    interfaces: list[Json] = [
        {
            "Groups": [{"GroupId": "sg-a"}, {"GroupId": "sg-b"}],
            **association,
            "PrivateIpAddresses": [association, {"Association": {"PublicIp": "54.1.2.4"}}, {}],
            "Ipv6Addresses": [{"Ipv6Address": "2600:1f18::1"}, {"Ipv6Address": "fd00::1"}],
        },
        {"Groups": [{"GroupId": "sg-a"}]},
    ]
    addresses = ("2600:1f18::1", "54.1.2.3", "54.1.2.4")
    assert behind(interfaces) == {
        "sg-a": Reach(users=2, noun="interface", addresses=addresses),
        "sg-b": Reach(users=1, noun="interface", addresses=addresses),
    }
