"""Counts in words."""

from __future__ import annotations

import pytest

from cloudmend.core.escaping import counted, plural, shares


@pytest.mark.parametrize(("count", "said"), [(0, "0 rules"), (1, "1 rule"), (2, "2 rules"), (1234, "1,234 rules")])
def test_one_is_told_without_an_s(count: int, said: str) -> None:
    assert plural(count, "rule") == said


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ("", ""),
        ("queue", "1 queue"),
        ("queue group", "1 queue and 1 group"),
        ("queue group bucket", "1 queue, 1 group and 1 bucket"),
        ("queue group bucket snapshot", "4 resources"),
    ],
)
def test_up_to_three_kinds_are_told_one_by_one(kinds: str, said: str) -> None:
    assert counted((kind, 1) for kind in kinds.split()) == said


def test_what_is_named_twice_counts_once() -> None:
    assert counted([("queue", "a"), ("queue", "b"), ("queue", "a")]) == "2 queues"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ("", ""),
        ("queue", "1 of 1 queue"),
        ("queue group", "1 of 1 queue and 1 of 1 group"),
        ("queue group bucket", "1 of 1 queue, 1 of 1 group and 1 of 1 bucket"),
        ("queue group bucket snapshot", "4 of 4 resources"),
    ],
)
def test_a_share_is_told_kind_by_kind_as_well(kinds: str, said: str) -> None:
    assert shares((kind, 1, True) for kind in kinds.split()) == said


def test_of_something_that_is_named_twice_it_holds_if_it_does_each_time() -> None:
    twice = [("queue", "a", True), ("queue", "a", False), ("queue", "b", False), ("queue", "b", True)]
    assert shares([*twice, ("queue", "c", True), ("queue", "c", True), ("group", "a", False)]) == (
        "1 of 3 queues and 0 of 1 group"
    )
    four = [(kind, number, number % 2 == 0) for kind in "abcd" for number in range(500)]
    assert shares(four) == "1,000 of 2,000 resources"
    assert shares(("queue", number, number != 0) for number in range(1235)) == "1,234 of 1,235 queues"
