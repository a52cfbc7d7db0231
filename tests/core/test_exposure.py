"""The openings that must be mended, held against a plain reading of the definition, and the work that it takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core import exposure
from cloudmend.core.exposure import Opening, at_fault
from cloudmend.core.network import AddressSet, Traffic

SPAN = 24  # addresses and ports of the small world in which everything can be counted

spans = st.tuples(st.integers(0, SPAN - 1), st.integers(0, SPAN - 1)).map(lambda pair: (min(pair), max(pair)))


def addresses(*each: tuple[int, int]) -> AddressSet:
    """The union of some spans, which may overlap."""
    return AddressSet.union(AddressSet((span,)) for span in each)


@st.composite
def openings(draw: st.DrawFn) -> list[Opening]:
    drawn = []
    for _ in range(draw(st.integers(0, 9))):
        protocol = draw(st.sampled_from(["tcp", "tcp", "tcp", "udp", "-1", "50"]))
        ports = draw(spans) if protocol in ("tcp", "udp") else (0, 65535)
        admitted = addresses(*draw(st.lists(spans, min_size=1, max_size=3)))
        drawn.append(Opening(Traffic(protocol, *ports), admitted))
    return drawn


GUARDED = (Traffic("tcp", 2, 2), Traffic("tcp", 5, 9), Traffic("tcp", 14, 20), Traffic("udp", 7, 8))
PORTS = [(part.protocol, port) for part in GUARDED for port in range(part.first, part.last + 1)]


def members(each: AddressSet) -> set[int]:
    return {address for first, last in each.spans for address in range(first, last + 1)}


def admitted(through: Sequence[Opening], mended: Set[int], port: tuple[str, int]) -> int:
    """How many addresses reach a port once some openings are mended: counted one by one."""
    protocol, number = port
    reached = set[int]()
    for index, each in enumerate(through):
        admits = each.traffic.protocol in (protocol, "-1") and each.traffic.first <= number <= each.traffic.last
        if admits and index not in mended:
            reached |= members(each.addresses)
    return len(reached)


def by_definition(through: Sequence[Opening], limit: int) -> dict[int, int]:
    """The docstring of `at_fault`, word by word, port by port."""
    ports_of = {
        index: [
            p
            for p in PORTS
            if each.traffic.protocol in (p[0], "-1") and each.traffic.first <= p[1] <= each.traffic.last
        ]
        for index, each in enumerate(through)
    }
    alone = {index for index, ports in ports_of.items() if ports and len(members(through[index].addresses)) > limit}
    mended = set(alone)
    for port in PORTS:
        for index in range(len(through)):
            if admitted(through, mended, port) > limit and port in ports_of[index]:
                mended.add(index)
    for index in sorted(mended - alone, reverse=True):
        if all(admitted(through, mended - {index}, port) <= limit for port in PORTS):
            mended.remove(index)
    return {index: max(admitted(through, set(), port) for port in ports_of[index]) for index in sorted(mended)}


@given(openings(), st.integers(2, SPAN))
def test_the_openings_to_be_mended_are_those_of_the_definition(through: list[Opening], limit: int) -> None:
    assert at_fault(through, GUARDED, limit) == by_definition(through, limit)


@given(openings(), st.integers(2, SPAN))
def test_all_ports_are_within_the_limit_after_the_mends_and_no_mend_is_superfluous(
    through: list[Opening], limit: int
) -> None:
    mended = set(at_fault(through, GUARDED, limit))
    assert all(admitted(through, mended, port) <= limit for port in PORTS)
    for index in mended:
        assert any(admitted(through, mended - {index}, port) > limit for port in PORTS)


def opening(ports: tuple[int, int], *each: tuple[int, int], protocol: str = "tcp") -> Opening:
    return Opening(Traffic(protocol, *ports), addresses(*each))


def test_nothing_is_at_fault_without_openings_or_without_a_guarded_port() -> None:
    assert at_fault([], GUARDED, 1) == {}
    assert at_fault([opening((3, 4), (0, 9)), opening((10, 13), (0, 9))], GUARDED, 1) == {}
    assert at_fault([opening((0, 65535), (0, 9), protocol="50")], GUARDED, 1) == {}


def test_exactly_the_limit_is_within_it() -> None:
    assert at_fault([opening((2, 2), (0, 3)), opening((2, 2), (4, 7))], GUARDED, 8) == {}
    assert at_fault([opening((2, 2), (0, 3)), opening((2, 2), (4, 8))], GUARDED, 8) == {0: 9}


CHOICES: dict[str, tuple[list[tuple[tuple[int, int], tuple[int, int]]], int, dict[int, int]]] = {
    "wide openings over ports of their own": (
        [((5, 8), (3, 8)), ((19, 19), (1, 8)), ((5, 19), (1, 4))],
        3,
        {0: 8, 1: 8, 2: 8},
    ),
    "the next port is not the last": ([((0, 7), (0, 3)), ((8, 17), (0, 5))], 2, {0: 4, 1: 6}),
    "one that ended counts no more": (
        [((10, 16), (6, 7)), ((16, 16), (4, 5)), ((15, 16), (1, 3)), ((1, 10), (4, 5))],
        3,
        {0: 7, 1: 7},
    ),
    "the rest may be as large as the limit": (
        [((12, 14), (5, 5)), ((7, 17), (3, 5)), ((0, 17), (1, 3))],
        3,
        {0: 5, 1: 5},
    ),
    "the last one is taken out first": (
        [((7, 19), (0, 2)), ((9, 18), (5, 5)), ((8, 17), (3, 4)), ((16, 20), (1, 2))],
        3,
        {0: 6, 2: 6},
    ),
    "what stays counts in its own ports alone": (
        [((3, 8), (0, 3)), ((12, 14), (4, 7)), ((0, 17), (4, 8)), ((12, 19), (1, 4))],
        7,
        {2: 9},
    ),
    "what stays counts in all of its ports": (
        [((6, 12), (0, 2)), ((4, 7), (4, 4)), ((0, 11), (3, 5)), ((6, 17), (0, 1))],
        3,
        {0: 6, 2: 6},
    ),
    "addresses of two that stay count once": (
        [((1, 18), (7, 10)), ((3, 20), (6, 6)), ((3, 18), (0, 0)), ((17, 19), (6, 12))],
        7,
        {2: 8},
    ),
}


@pytest.mark.parametrize(("rows", "limit", "mended"), CHOICES.values(), ids=CHOICES)
def test_of_openings_that_overlap_the_right_ones_are_mended_and_each_has_its_largest_exposure(
    rows: list[tuple[tuple[int, int], tuple[int, int]]], limit: int, mended: dict[int, int]
) -> None:
    through = [opening(ports, span) for ports, span in rows]
    assert at_fault(through, GUARDED, limit) == by_definition(through, limit) == mended


def test_all_protocols_count_with_each_protocol() -> None:
    everything = opening((0, 65535), (0, 3), protocol="-1")
    assert at_fault([opening((7, 7), (4, 7), protocol="udp"), everything], GUARDED, 7) == {0: 8}
    assert at_fault([everything, opening((7, 7), (4, 7), protocol="udp"), opening((2, 2), (4, 7))], GUARDED, 7) == {
        0: 8
    }


def nested(count: int, size: int) -> list[Opening]:
    """Openings of many addresses each, every one with fewer ports than the one before."""
    return [opening((number, 65535 - number), (size * number, size * number + size - 1)) for number in range(count)]


def overlapping(count: int, size: int) -> list[Opening]:
    """Openings whose ports and addresses overlap in every way."""
    return [
        opening((number * 7919 % 60000, 65535 - number * 104729 % 5000), (number * 31 % 977, number * 31 % 977 + size))
        for number in range(count)
    ]


def steps(through: Sequence[Opening], limit: int) -> int:
    """The lines of the module that run while `at_fault` decides."""
    count = 0

    def trace(frame: FrameType, _: str, __: Any) -> Any:
        nonlocal count
        count += 1
        return trace if frame.f_code.co_filename == exposure.__file__ else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert at_fault(through, [Traffic("tcp", 0, 65535)], limit)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(("make", "limit"), [(nested, 40), (nested, 300), (overlapping, 40)])
def test_four_times_the_openings_take_about_four_times_the_steps(make: Any, limit: int) -> None:
    assert steps(make(400, 30), limit) < 6 * steps(make(100, 30), limit)


def test_four_times_the_openings_take_less_than_sixteen_times_the_steps_where_many_can_stay() -> None:
    assert steps(overlapping(400, 30), 300) < 16 * steps(overlapping(100, 30), 300)
