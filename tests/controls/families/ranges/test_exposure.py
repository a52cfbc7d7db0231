"""The arithmetic that several controls share: who is over the limit, in words, and what a source narrows to."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.families.ranges.exposure import all_clear, excesses, exposed, guarded_ports
from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.core.exposure import Opening
from cloudmend.core.network import AddressSet, Family, Traffic

SSH = Traffic("tcp", 22, 22)
TRUSTED: Mapping[Family, AddressSet] = {4: AddressSet.of([ip_network("9.0.0.0/8")]), 6: AddressSet(())}


def opening(*networks: str, traffic: Traffic = SSH, **settings: Any) -> Opening:
    found = [ip_network(each) for each in networks]
    return Opening(traffic, exposed(found, found[0].version, RangeSettings(**settings)))


def told(*openings: Opening, **settings: Any) -> list[tuple[int, bool, str]]:
    found = excesses(openings, 4, RangeSettings(**settings), "the others")
    return [(each.index, each.alone, each.told) for each in found]


def test_an_opening_that_is_over_the_limit_by_itself_is_at_fault_whatever_its_place() -> None:
    assert told(opening("8.8.8.8/32"), opening("9.0.0.0/8")) == [
        (1, True, "opens tcp/22 to 16,777,216 public addresses; the limit is 1,048,576")
    ]


def test_of_openings_that_are_too_wide_together_the_first_goes_and_the_others_are_named() -> None:
    why = "opens tcp/22 to 1,048,576 public addresses, and with the others to 2,097,152; the limit is 1,048,576"
    assert told(opening("9.0.0.0/12"), opening("9.16.0.0/12")) == [(0, False, why)]


def test_openings_that_are_the_limit_together_are_not_at_fault() -> None:
    assert told(opening("9.0.0.0/13"), opening("9.8.0.0/13")) == []


def test_what_is_trusted_exposes_nothing() -> None:
    assert opening("9.0.0.0/8", "8.8.8.8/32", trusted=TRUSTED).addresses.size == 1


def test_what_is_guarded_of_all_traffic_is_named() -> None:
    assert guarded_ports(Traffic("-1", 0, 65535), RangeSettings()) == "tcp/22, tcp/3389, udp/3389"


def test_nothing_at_fault_says_what_was_judged_and_what_was_left_out() -> None:
    judged = "no guarded port (tcp/22) is open to more than 1,048,576 public IPv4 or 2^88 public IPv6 addresses"
    assert all_clear(RangeSettings(guarded=(SSH,))) == judged
    left_out = f"{judged}, not counting trusted networks or aliases"
    assert all_clear(RangeSettings(guarded=(SSH,), trusted=TRUSTED), ["aliases"]) == left_out


@pytest.mark.parametrize(
    ("source", "replacement", "expected"),
    [
        ("0.0.0.0/0", "10.0.0.0/8", (ip_network("10.0.0.0/8"), "")),
        ("9.0.0.0/8", "10.0.0.0/8", (None, "10.0.0.0/8 does not lie inside 9.0.0.0/8")),
        ("0.0.0.0/0", "revoke", (None, "the policy says so")),
        ("0.0.0.0/0", "vpc", (ip_network("10.1.0.0/16"), "")),
        ("9.0.0.0/8", "vpc", (None, "the VPC has no private block inside 9.0.0.0/8")),
    ],
)
def test_a_source_narrows_to_what_lies_inside_it(source: str, replacement: str, expected: Any) -> None:
    word: Any = replacement if replacement in ("revoke", "vpc") else ip_network(replacement)
    settings = RangeSettings(replacement={4: word, 6: "revoke"})
    blocks = [ip_network("8.8.8.0/24"), ip_network("10.1.0.0/16")]
    assert settings.narrowed(ip_network(source), blocks) == expected


def test_blocks_that_cannot_be_read_replace_nothing() -> None:
    settings = RangeSettings(replacement={4: "vpc", 6: "vpc"})
    found = settings.narrowed(ip_network("0.0.0.0/0"), [ip_network("10.1.0.0/16")], "denied")
    assert found == (None, "the VPC's blocks cannot be read: denied")
