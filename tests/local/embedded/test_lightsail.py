"""Lightsail's instances and firewalls as the embedded AWS has them: moto has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.embedded.helpers import client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudmend.local.server import EmbeddedAws

SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22}
WORLD = {"cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"], "cidrListAliases": []}


@pytest.fixture
def lightsail(aws: EmbeddedAws) -> Any:
    return client(aws, "lightsail")


def create(lightsail: Any, *names: str, blueprint: str = "debian_12") -> None:
    machine = {"availabilityZone": "us-east-1a", "blueprintId": blueprint, "bundleId": "nano_3_0"}
    lightsail.create_instances(instanceNames=list(names), **machine)


def shown(lightsail: Any, name: str = "web-1") -> Any:
    return lightsail.get_instance(instanceName=name)["instance"]


def running(lightsail: Any) -> Any:
    create(lightsail, "web-1")
    assert [shown(lightsail)["state"]["name"] for _ in range(2)] == ["pending", "running"]
    return lightsail


def ports(lightsail: Any, name: str = "web-1") -> list[tuple[int, Any]]:
    states = lightsail.get_instance_port_states(instanceName=name)["portStates"]
    assert {each["state"] for each in states} == {"open"}
    return [(each["fromPort"], {list_: each[list_] for list_ in WORLD}) for each in states]


@pytest.mark.parametrize(("blueprint", "first"), [("debian_12", 22), ("windows_server_2022", 3389)])
def test_a_new_instance_opens_its_first_ports_to_everybody(lightsail: Any, blueprint: str, first: int) -> None:
    create(lightsail, "web-1", blueprint=blueprint)
    assert ports(lightsail) == [(first, WORLD), (80, WORLD)]


def test_an_instance_shows_the_ports_of_its_firewall_with_all_who_may_connect(lightsail: Any) -> None:
    create(lightsail, "web-1")
    rows = shown(lightsail)["networking"]["ports"]
    assert [(each["fromPort"], {list_: each[list_] for list_ in WORLD}) for each in rows] == ports(lightsail)


def test_a_pending_instance_is_not_changed(lightsail: Any) -> None:
    create(lightsail, "web-1")
    with pytest.raises(lightsail.exceptions.OperationFailureException, match="pending"):
        lightsail.put_instance_public_ports(instanceName="web-1", portInfos=[])
    assert len(ports(lightsail)) == 2


def test_a_put_closes_all_ports_that_it_does_not_name(lightsail: Any) -> None:
    office = {**SSH, "cidrs": ["203.0.113.7"], "cidrListAliases": ["lightsail-connect"]}
    running(lightsail).put_instance_public_ports(instanceName="web-1", portInfos=[office])
    left = {"cidrs": ["203.0.113.7/32"], "ipv6Cidrs": [], "cidrListAliases": ["lightsail-connect"]}
    assert ports(lightsail) == [(22, left)]


def test_ports_are_opened_and_closed_one_range_at_a_time(lightsail: Any) -> None:
    running(lightsail)
    lightsail.close_instance_public_ports(instanceName="web-1", portInfo=SSH)
    assert [port for port, _ in ports(lightsail)] == [80]
    lightsail.open_instance_public_ports(instanceName="web-1", portInfo={**SSH, "cidrs": ["203.0.113.7/32"]})
    lightsail.open_instance_public_ports(instanceName="web-1", portInfo=SSH)
    both = {"cidrs": ["203.0.113.7/32", "0.0.0.0/0"], "ipv6Cidrs": ["::/0"], "cidrListAliases": []}
    assert ports(lightsail) == [(80, WORLD), (22, both)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "esp"},
        {"fromPort": 23},
        {"toPort": 65536},
        {"protocol": "icmp", "fromPort": 256},
        {"protocol": "icmpv6", "toPort": 256},
        {"cidrs": ["0.0.0.0/0", "everybody"]},
        {"cidrs": ["10.0.0.1/8"]},
        {"cidrs": ["::/0"]},
        {"ipv6Cidrs": ["0.0.0.0/0"]},
        {"cidrListAliases": ["office"]},
    ],
)
def test_what_is_no_entry_of_a_firewall_is_refused_and_nothing_changes(lightsail: Any, wrong: Any) -> None:
    running(lightsail)
    with pytest.raises(lightsail.exceptions.InvalidInputException):
        lightsail.put_instance_public_ports(instanceName="web-1", portInfos=[SSH, {**SSH, **wrong}])
    assert len(ports(lightsail)) == 2


def test_names_are_of_one_account_and_region_and_used_once(aws: EmbeddedAws, lightsail: Any) -> None:
    create(lightsail, "web-1")
    with pytest.raises(lightsail.exceptions.InvalidInputException, match="web-1"):
        create(lightsail, "web-2", "web-1")
    other = client(aws, "lightsail", region="eu-west-1")
    assert other.get_instances()["instances"] == []
    create(other, "web-1")


def test_what_is_deleted_or_was_never_there_is_not_found(lightsail: Any) -> None:
    create(lightsail, "web-1")
    lightsail.delete_instance(instanceName="web-1")
    for call in (lightsail.get_instance, lightsail.delete_instance, lightsail.get_instance_port_states):
        with pytest.raises(lightsail.exceptions.NotFoundException):
            call(instanceName="web-1")


def test_instances_are_listed_in_pages(lightsail: Any) -> None:
    names = [f"web-{number}" for number in range(101)]
    create(lightsail, *names)
    pages: Sequence[Any] = list(lightsail.get_paginator("get_instances").paginate())
    assert [len(page["instances"]) for page in pages] == [100, 1]
    assert [row["name"] for page in pages for row in page["instances"]] == names


def test_a_call_that_is_not_kept_here_says_so(lightsail: Any) -> None:
    with pytest.raises(lightsail.exceptions.ClientError):
        lightsail.get_disks()
