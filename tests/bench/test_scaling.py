"""The arithmetic of docs/scaling.md, by hand, and that the page is what it gives."""

from __future__ import annotations

import pytest

import scaling
from bench.test_calls import MEND
from walkthrough.template import GLOBALS, of_type


def test_the_page_is_the_one_that_the_arithmetic_gives() -> None:
    assert scaling.PAGE.read_text(encoding="utf-8") == scaling.page()


def test_a_mend_has_as_many_calls_as_the_tests_count() -> None:
    assert scaling.MEASURED.mend_calls == MEND.total()


def test_what_stands_still_is_what_the_template_makes() -> None:
    stack = scaling.STACK
    kinds = ("AWS::KMS::Key", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard")
    assert (stack.keys, stack.alarms, stack.dashboards) == tuple(len(of_type(kind)) for kind in kinds)
    assert stack.memory_gb * 1024 == GLOBALS["MemorySize"]


def test_time_is_waiting_and_computing_on_a_share_of_a_core() -> None:
    assert scaling.seconds(trips=9, cpu_ms=0) == pytest.approx(0.180)
    assert scaling.seconds(trips=0, cpu_ms=10) == pytest.approx(0.010 * 1.769 / 0.5)


def test_calls_and_cost_grow_in_a_straight_line_with_the_accounts() -> None:
    assert scaling.calls_a_day(10_000) == tuple(count * 10_000 for count in scaling.calls_a_day(1))
    assert scaling.running_month(10_000) == pytest.approx([dollars * 10_000 for dollars in scaling.running_month(1)])


def test_the_calls_of_a_day_are_those_of_its_mends_and_its_looks() -> None:
    assert scaling.calls_a_day(1)[0] == 17 * (1 * 13 + 49 * 1)


def test_a_months_standing_cost_is_the_key_the_alarms_and_the_dashboard() -> None:
    assert scaling.running_month(1)[2] == pytest.approx(17 * (1.00 + 7 * 0.10 + 3.00))


@pytest.mark.parametrize(("doors", "seconds"), [(1, 0), (50, 0), (51, 0.2), (100, 10)])
def test_the_first_fifty_writes_wait_for_nothing_and_then_five_go_each_second(doors: int, seconds: float) -> None:
    assert scaling.storm_s(doors) == pytest.approx(seconds)
