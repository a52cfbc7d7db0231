"""Counts in words."""

from __future__ import annotations

import pytest

from cloudmend.core.escaping import counted, plural


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
