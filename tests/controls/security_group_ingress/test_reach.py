"""What is behind a security group: its interfaces, and the addresses at which a stranger reaches them."""

from __future__ import annotations

from typing import Any

from cloudmend.controls.families.groups import GROUP
from cloudmend.controls.security_group_ingress.reach import behind, reach
from cloudmend.core.contract import Reach
from cloudmend.core.model import Json, Request, Resource


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


class Interfaces:
    """A Reader with interfaces of some groups, and the groups that each request asked for."""

    def __init__(self, *interfaces: Json) -> None:
        self._interfaces = interfaces
        self.asked: list[list[str]] = []

    def rows(self, request: Request, key: str) -> Any:
        assert (request.action, key) == ("ec2:DescribeNetworkInterfaces", "NetworkInterfaces")
        (group_filter,) = request.params["Filters"]
        assert group_filter["Name"] == "group-id"
        self.asked.append(group_filter["Values"])
        return [each for each in self._interfaces if {*group_filter["Values"]} & {g["GroupId"] for g in each["Groups"]}]


def interface(interface_id: str, *groups: str) -> Json:
    return {"NetworkInterfaceId": interface_id, "Groups": [{"GroupId": group} for group in groups]}


def test_many_groups_are_asked_for_in_portions_and_an_interface_of_several_counts_once() -> None:
    groups = [Resource(type=GROUP, id=f"sg-{number}") for number in range(401)]
    reader: Any = Interfaces(interface("eni-1", "sg-0", "sg-200"), interface("eni-2", "sg-400"))
    found = reach(groups, reader)
    assert [len(asked) for asked in reader.asked] == [200, 200, 1]
    assert [group for asked in reader.asked for group in asked] == [group.id for group in groups]
    used = {group: each.users for group, each in found.items() if each.users}
    assert used == {"sg-0": 1, "sg-200": 1, "sg-400": 1}
    assert found["sg-1"] == Reach(noun="interface")
    assert len(found) == 401
