from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.network import (
    ALL_PORTS,
    PUBLIC,
    AddressSet,
    Traffic,
    disjoint,
    lies_inside,
    protocol_name,
    public_addresses,
    public_part,
    readable,
    rule_traffic,
)

networks = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
small_networks = st.builds(
    lambda address, prefix: IPv4Network((0x0A000000 + address, prefix), strict=False),
    st.integers(0, 255),
    st.integers(24, 32),
)


def members(addresses: AddressSet) -> set[int]:
    return {n for first, last in addresses.spans for n in range(first, last + 1)}


def addresses_of(networks: list[IPv4Network]) -> set[int]:
    return {int(address) for network in networks for address in network}


@given(st.lists(small_networks))
def test_a_union_has_each_address_once(networks: list[IPv4Network]) -> None:
    union = AddressSet.of(networks)
    assert members(union) == addresses_of(networks)
    assert union.size == len(addresses_of(networks))


@given(st.lists(small_networks))
def test_spans_are_sorted_and_neither_overlap_nor_touch(networks: list[IPv4Network]) -> None:
    spans = AddressSet.of(networks).spans
    assert all(before[1] + 1 < after[0] for before, after in pairwise(spans))


@given(st.lists(small_networks), st.lists(small_networks))
def test_intersection_and_difference_are_those_of_sets(one: list[IPv4Network], other: list[IPv4Network]) -> None:
    a, b = AddressSet.of(one), AddressSet.of(other)
    assert members(a & b) == addresses_of(one) & addresses_of(other)
    assert members(a - b) == addresses_of(one) - addresses_of(other)


def test_a_difference_has_single_addresses_and_no_empty_spans() -> None:
    left = AddressSet(((10, 20),)) - AddressSet(((10, 12), (14, 14), (16, 19)))
    assert left == AddressSet(((13, 13), (15, 15), (20, 20)))
    assert left - AddressSet(((15, 15), (20, 20))) == AddressSet(((13, 13),))
    assert AddressSet(((10, 20),)) - AddressSet(((20, 20),)) == AddressSet(((10, 19),))


@pytest.mark.parametrize(
    ("network", "count"),
    [
        ("0.0.0.0/0", 3_702_258_688),
        ("10.0.0.0/8", 0),
        ("11.0.0.0/8", 2**24),
        ("100.64.0.0/10", 0),
        ("172.0.0.0/11", 2**20),
        ("192.168.0.0/15", 2**16),
        ("8.8.8.8/32", 1),
        ("224.0.0.0/3", 0),
        ("::/0", 2**125 - 2**96 - 2**108),
        ("2000::/3", 2**125 - 2**96 - 2**108),
        ("2001:db8::/32", 0),
        ("fd00::/8", 0),
        ("2600::/32", 2**96),
    ],
)
def test_public_addresses_are_counted_exactly(network: str, count: int) -> None:
    assert public_part(ip_network(network)).size == count


def test_the_public_ipv4_space_is_all_but_the_special_blocks() -> None:
    slash_eights = 3 + 16 + 16  # 0/8, 10/8, 127/8; 224/4; 240/4
    others = 2**22 + 2**20 + 2**17 + 2 * 2**16 + 4 * 2**8
    assert PUBLIC[4].size == 2**32 - slash_eights * 2**24 - others


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0"),
        (16_777_216, "16,777,216"),
        (2**32, "4,294,967,296"),
        (2**32 + 1, "more than 2^32"),
        (2**33 - 1, "more than 2^32"),
        (2**33, "2^33"),
        (2**125 - 2**96, "more than 2^124"),
    ],
)
def test_a_count_beyond_all_of_ipv4_is_told_as_a_power_of_two(count: int, told: str) -> None:
    assert readable(count) == told


def test_a_single_public_address_has_no_plural() -> None:
    assert [public_addresses(count) for count in (1, 2)] == ["1 public address", "2 public addresses"]


@given(networks)
def test_no_network_holds_more_public_addresses_than_addresses(network: IPv4Network) -> None:
    assert 0 <= public_part(network).size <= network.num_addresses


@pytest.mark.parametrize(
    ("inner", "outer", "inside"),
    [
        ("10.0.0.0/8", "0.0.0.0/0", True),
        ("10.0.0.0/8", "10.0.0.0/8", True),
        ("10.0.0.0/8", "0.0.0.0/1", True),
        ("10.0.0.0/8", "128.0.0.0/1", False),
        ("0.0.0.0/0", "10.0.0.0/8", False),
        ("fd00::/8", "::/0", True),
        ("fd00::/8", "2000::/3", False),
        ("10.0.0.0/8", "::/0", False),
    ],
)
def test_inside_means_every_address(inner: str, outer: str, inside: bool) -> None:
    assert lies_inside(ip_network(inner), ip_network(outer)) is inside


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("tcp", "tcp"),
        ("TCP", "tcp"),
        ("6", "tcp"),
        (6, "tcp"),
        ("17", "udp"),
        ("1", "icmp"),
        ("58", "icmpv6"),
        ("-1", "-1"),
        (-1, "-1"),
        ("all", "-1"),
        ("50", "50"),
    ],
)
def test_a_protocol_has_one_name(written: str | int, name: str) -> None:
    assert protocol_name(written) == name


@pytest.mark.parametrize(
    ("protocol", "first", "last", "opens"),
    [
        ("tcp", 22, 22, True),
        ("tcp", 20, 25, True),
        ("tcp", 22, 3389, True),
        ("tcp", 0, 65535, True),
        ("tcp", -1, -1, True),
        ("-1", -1, -1, True),
        ("-1", 0, 0, True),
        ("tcp", 23, 65535, False),
        ("tcp", 0, 21, False),
        ("udp", 22, 22, False),
        ("icmp", -1, -1, False),
        ("icmp", 22, 22, False),
        ("50", -1, -1, False),
    ],
)
def test_what_opens_tcp_22(protocol: str, first: int, last: int, opens: bool) -> None:
    assert bool(rule_traffic(protocol, first, last) & Traffic("tcp", 22, 22)) is opens


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_tcp_and_udp_rules_admit_their_own_ports_only(protocol: str) -> None:
    assert rule_traffic(protocol, 0, 53) == Traffic(protocol, 0, 53)


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        (Traffic("tcp", 22, 22), "tcp/22"),
        (Traffic("udp", 20, 25), "udp/20-25"),
        (Traffic("-1", 0, 65535), "all traffic"),
        (Traffic("icmp", 0, 65535), "icmp"),
        (Traffic("50", 0, 65535), "protocol 50"),
    ],
)
def test_traffic_is_told_in_the_field_s_terms(traffic: Traffic, words: str) -> None:
    assert str(traffic) == words


def test_common_traffic_names_the_protocol_that_is_known() -> None:
    assert Traffic("-1", 0, 65535) & Traffic("tcp", 22, 22) == Traffic("tcp", 22, 22)
    assert Traffic("tcp", 22, 22) & Traffic("-1", 0, 65535) == Traffic("tcp", 22, 22)


def test_the_data_agree_with_addresses_everybody_knows() -> None:
    public = AddressSet.of([ip_network("8.8.8.8/32"), ip_network("1.1.1.1/32")])
    assert (public & PUBLIC[4]).size == 2
    assert not (AddressSet.of([IPv4Network(IPv4Address("127.0.0.1"))]) & PUBLIC[4]).size
    assert not (AddressSet.of([IPv6Network("fe80::/10")]) & PUBLIC[6]).size


def test_sets_are_united_with_what_touches_or_overlaps_as_one_span() -> None:
    def of(*cidrs: str) -> AddressSet:
        return AddressSet.of(map(ip_network, cidrs))

    one, next_to_it, inside, apart = of("10.0.0.0/24"), of("10.0.1.0/24"), of("10.0.0.128/25"), of("10.0.2.1/32")
    assert AddressSet.union([one]) == one
    assert AddressSet.union([one, next_to_it, inside]) == of("10.0.0.0/23")
    assert AddressSet.union([next_to_it, apart, one]).spans == (*of("10.0.0.0/23").spans, *apart.spans)
    assert AddressSet.union([inside, one]) == one
    assert AddressSet.union([]) == AddressSet(())
    assert bool(one) is True
    assert bool(AddressSet(())) is False


def test_traffic_of_several_kinds_is_told_by_protocol_without_overlaps() -> None:
    given = [
        Traffic("udp", 5, 6),
        Traffic("tcp", 10, 12),
        Traffic("tcp", 3, 4),
        Traffic("tcp", 1, 2),
        Traffic("tcp", 2, 3),
    ]
    assert disjoint(given) == (Traffic("tcp", 1, 4), Traffic("tcp", 10, 12), Traffic("udp", 5, 6))


def test_port_zero_is_a_port() -> None:
    assert rule_traffic("tcp", 0, 0) == Traffic("tcp", 0, 0)
    assert rule_traffic("udp", 0, 1) == Traffic("udp", 0, 1)
    assert rule_traffic("tcp", -1, 0) == rule_traffic("tcp", 0, -1) == Traffic("tcp", *ALL_PORTS)
