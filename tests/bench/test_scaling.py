"""The arithmetic of docs/scaling.md, by hand, and that the page is what it gives."""

from __future__ import annotations

import pytest

import scaling
from bench.test_calls import LOOK, MEND
from costs import Account


def test_the_page_is_the_one_that_the_arithmetic_gives() -> None:
    assert scaling.PAGE.read_text(encoding="utf-8") == scaling.page()


def test_a_mend_has_as_many_calls_as_the_tests_count() -> None:
    assert MEND.total() == scaling.MEND_CALLS
    assert LOOK.total() == scaling.LOOK_CALLS


def test_time_is_waiting_and_computing_on_a_share_of_a_core() -> None:
    assert scaling.seconds(trips=9, cpu_ms=0) == pytest.approx(0.180)
    assert scaling.seconds(trips=0, cpu_ms=10) == pytest.approx(0.010 * 1.769 / 0.5)


def test_an_account_has_seventeen_regions() -> None:
    assert scaling.stacks(1) == 17


def test_the_calls_of_a_month_are_those_of_its_mends_and_its_looks() -> None:
    assert scaling.event_calls(Account("one", calls=1, opened=1)) == 13 + 4  # its own write wakes it once more
    assert scaling.event_calls(Account("more", calls=10, opened=2)) == 2 * 13 + (8 + 2) * 4


def test_calls_and_cost_grow_in_a_straight_line_with_the_accounts() -> None:
    assert scaling.calls_a_month(10_000) == tuple(count * 10_000 for count in scaling.calls_a_month(1))
    assert scaling.dollars_a_month(10_000) == pytest.approx([usd * 10_000 for usd in scaling.dollars_a_month(1)])


def test_what_is_there_before_the_first_event_is_nearly_all_of_the_cost() -> None:
    standing, everything = scaling.dollars_a_month(1)
    assert 0.95 < standing / everything < 1


@pytest.mark.parametrize(("doors", "seconds"), [(1, 0), (50, 0), (51, 0.2), (100, 10)])
def test_the_first_fifty_writes_wait_for_nothing_and_then_five_go_each_second(doors: int, seconds: float) -> None:
    assert scaling.storm_s(doors) == pytest.approx(seconds)
