"""Lists of sources: which are at fault, and what is left of a list."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from cloudmend.controls.families.ranges.settings import RangeSettings
from cloudmend.controls.families.ranges.sources import Source, exposes, narrowed, only_narrows, too_wide
from cloudmend.core.network import Traffic

SSH, WEB = Traffic("tcp", 22, 22), Traffic("tcp", 443, 443)
DEFAULTS = RangeSettings()


def at_fault(*sources: Source) -> list[str]:
    return [source.mark for source, _ in too_wide(sources, DEFAULTS, "its others")]


def test_each_family_is_judged_by_its_own_limit_and_an_address_without_a_mask_is_one() -> None:
    sources = [Source("a", SSH, "0.0.0.0/0"), Source("a", SSH, "2600::/32"), Source("b", SSH, "8.8.8.8")]
    assert at_fault(*sources) == ["a from 0.0.0.0/0", "a from 2600::/32"]


def test_what_is_not_guarded_is_not_judged() -> None:
    assert at_fault(Source("a", WEB, "0.0.0.0/0")) == []
    assert not exposes([Source("a", WEB, "0.0.0.0/0")], DEFAULTS)


def test_of_sources_that_are_too_wide_together_the_widest_goes_and_the_text_decides_between_equals() -> None:
    wide, other, small = (Source("a", SSH, each) for each in ("9.16.0.0/12", "9.0.0.0/12", "8.8.8.8/32"))
    assert at_fault(small, wide) == ["a from 9.16.0.0/12"]
    assert at_fault(wide, other) == ["a from 9.0.0.0/12"]
    ((_, why),) = too_wide([small, wide], DEFAULTS, "its others")
    assert why == (
        "a from 9.16.0.0/12 opens tcp/22 to 1,048,576 public addresses, and with its others to 1,048,577; "
        "the limit is 1,048,576"
    )


def test_what_holds_no_public_address_exposes_nothing() -> None:
    assert not exposes([Source("a", SSH, "10.0.0.0/8")], DEFAULTS)
    assert exposes([Source("a", SSH, "10.0.0.0/8"), Source("a", SSH, "8.8.8.8/32")], DEFAULTS)


@pytest.mark.parametrize(
    ("listed", "faults", "replacements", "expected"),
    [
        (["a", "0.0.0.0/0", "b"], ["0.0.0.0/0"], ["10.0.0.0/8"], ["a", "10.0.0.0/8", "b"]),
        (["0.0.0.0/0", "a", "8.0.0.0/6"], ["8.0.0.0/6", "0.0.0.0/0"], ["10.0.0.0/8"] * 2, ["10.0.0.0/8", "a"]),
        (["0.0.0.0/0", "10.0.0.0/8"], ["0.0.0.0/0"], ["10.0.0.0/8"], ["10.0.0.0/8"]),
        (["10.0.0.0/8", "0.0.0.0/0"], ["0.0.0.0/0"], ["10.0.0.0/8"], ["10.0.0.0/8"]),
        (["0.0.0.0/0"], ["0.0.0.0/0"], [], []),
        (["a", "b"], [], [], ["a", "b"]),
    ],
)
def test_a_fault_gives_its_place_to_its_replacement_and_each_range_stands_once(
    listed: list[str], faults: list[str], replacements: list[str], expected: list[str]
) -> None:
    assert narrowed(listed, faults, map(ip_network, replacements)) == expected


@pytest.mark.parametrize(
    ("now", "then", "narrows"),
    [
        (["0.0.0.0/0"], ["10.0.0.0/8"], True),
        (["10.0.0.0/8"], [], True),
        (["10.0.0.0/8"], ["10.0.0.0/8"], True),
        (["10.0.0.0/8", "192.0.2.44"], ["192.0.2.44/32"], True),
        (["10.0.0.0/8"], ["0.0.0.0/0"], False),
        (["10.0.0.0/8"], ["10.0.0.0/8", "8.8.8.8/32"], False),
        (["0.0.0.0/0"], ["::/0"], False),
        ([], ["10.0.0.0/8"], False),
        (["10.1.2.3/8"], ["10.9.9.9/16"], True),
    ],
)
def test_a_list_narrows_if_each_range_lies_inside_one_that_was_there(
    now: list[str], then: list[str], narrows: bool
) -> None:
    assert only_narrows(now, then) is narrows
