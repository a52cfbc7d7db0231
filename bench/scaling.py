"""docs/scaling.md: what 1 to 10,000 accounts cost, call and take, from measured figures and AWS's published prices.

python bench/scaling.py      writes the page
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

from contenders import ROOT
from tables import table

PAGE = ROOT / "docs" / "scaling.md"
TEMPLATE = Path(__file__).with_name("scaling.md.in")

REGIONS = 17
ACCOUNTS = (1, 100, 1_000, 10_000)
DAYS = 30


@dataclass(frozen=True)
class Load:
    """What one account does in one Region in a day: an assumption, to be replaced by your own figures."""

    waking_events: int = 50
    mends: int = 1
    groups: int = 200
    sweeps: int = 4


@dataclass(frozen=True)
class Measured:
    """From docs/performance.md, on a whole core, and from tests/bench/test_calls.py."""

    mend_calls: int = 13
    mend_trips: int = 9  # one after the other
    look_calls: int = 1
    cpu_ms_a_call: float = 0.8
    sweep_cpu_ms_a_group: float = 0.3
    groups_a_page: int = 166  # of six rules, where a page is 1,000 rules
    latency_ms: float = 20
    log_bytes: int = 4_000  # a record's line


@dataclass(frozen=True)
class Prices:
    """US dollars in us-east-1, arm64, as published in mid 2026; without free tiers, which only make it less."""

    gigabyte_second: float = 0.0000133334
    million_invocations: float = 0.20
    million_dynamodb_writes: float = 0.625
    million_dynamodb_reads: float = 0.125
    million_custom_events: float = 1.00
    million_schedules: float = 1.00
    million_publishes: float = 0.50
    log_gigabyte: float = 0.50
    key_month: float = 1.00
    alarm_month: float = 0.10
    dashboard_month: float = 3.00


@dataclass(frozen=True)
class Stack:
    """What a stack costs though nothing happens, counted in template.yaml."""

    keys: int = 1
    alarms: int = 7
    dashboards: int = 1
    memory_gb: float = 0.5


LOAD, MEASURED, PRICES, STACK = Load(), Measured(), Prices(), Stack()
FULL_CORE_GB = 1.769  # of memory at which Lambda gives a function one whole core
# Units of a mend: a write in a transaction counts twice; an entry takes up to 2 KB, the others up to 1 KB.
WRITE_UNITS = 2 * (1 + 1 + 2 + 1) + 2 * (2 + 1 + 1)
READ_UNITS = 3
# EC2's own limits, for an account and Region: a bucket of 50 for each writing API, refilled by 5 a second.
BUCKET, REFILL_PER_S = 50, 5


def seconds(trips: float, cpu_ms: float) -> float:
    """Of a function's time: waiting for answers, and computing on its share of a core."""
    share = STACK.memory_gb / FULL_CORE_GB
    return (trips * MEASURED.latency_ms + cpu_ms / share) / 1000


def mend_s() -> float:
    return seconds(MEASURED.mend_trips, MEASURED.mend_calls * MEASURED.cpu_ms_a_call)


def look_s() -> float:
    return seconds(MEASURED.look_calls, MEASURED.look_calls * MEASURED.cpu_ms_a_call)


def sweep_pages() -> int:
    return math.ceil(LOAD.groups / MEASURED.groups_a_page)


def sweep_s() -> float:
    return seconds(sweep_pages(), LOAD.groups * MEASURED.sweep_cpu_ms_a_group)


def places(accounts: int) -> int:
    """Pairs of an account and a Region, each with a stack of its own."""
    return accounts * REGIONS


def calls_a_day(accounts: int) -> tuple[int, int]:
    """Of the events, and of the sweeps that find nothing."""
    looks = LOAD.waking_events - LOAD.mends
    events = looks * MEASURED.look_calls + LOAD.mends * MEASURED.mend_calls
    return places(accounts) * events, places(accounts) * LOAD.sweeps * (sweep_pages() + 1)


def running_month(accounts: int) -> tuple[float, float, float]:
    """Dollars of a month: events, sweeps, and what stands still."""
    looks = LOAD.waking_events - LOAD.mends
    computing = _computing(looks, looks * look_s()) + _computing(LOAD.mends, LOAD.mends * mend_s())
    events = computing + LOAD.mends * _mend_services()
    sweeps = _computing(LOAD.sweeps, LOAD.sweeps * sweep_s()) + LOAD.sweeps * PRICES.million_schedules / 1e6
    still = (
        STACK.keys * PRICES.key_month + STACK.alarms * PRICES.alarm_month + STACK.dashboards * PRICES.dashboard_month
    )
    return places(accounts) * DAYS * events, places(accounts) * DAYS * sweeps, places(accounts) * still


def _computing(invocations: float, duration_s: float) -> float:
    """Dollars of Lambda."""
    return invocations * PRICES.million_invocations / 1e6 + duration_s * STACK.memory_gb * PRICES.gigabyte_second


def _mend_services() -> float:
    """Dollars that a mend costs besides Lambda."""
    per_million = (
        WRITE_UNITS * PRICES.million_dynamodb_writes
        + READ_UNITS * PRICES.million_dynamodb_reads
        + PRICES.million_custom_events
        + 2 * PRICES.million_publishes
    )
    return per_million / 1e6 + MEASURED.log_bytes / 1e9 * PRICES.log_gigabyte


def storm_s(doors: int) -> float:
    """How long AWS itself takes to let so many doors be closed in one account and Region."""
    return max(0, doors - BUCKET) / REFILL_PER_S


def page() -> str:
    calls = [(f"{n:,}", f"{places(n):,}", *(f"{count:,}" for count in calls_a_day(n))) for n in ACCOUNTS]
    costs = []
    for accounts in ACCOUNTS:
        month = running_month(accounts)
        costs.append((f"{accounts:,}", *(f"{dollars:,.2f}" for dollars in (*month, sum(month)))))
    storms = [(f"{doors:,}", f"{storm_s(doors):,.0f}") for doors in (10, 50, 100, 1_000, 10_000)]
    mends = 1000 * (_mend_services() + _computing(1, mend_s()))
    told = {
        "calls": table(("accounts", "stacks", "calls of events a day", "calls of sweeps a day"), calls),
        "costs": table(("accounts", "events $", "sweeps $", "standing $", "a month $"), costs),
        "storms": table(("doors opened at once", "seconds until EC2 took the last write"), storms),
        "mend_ms": f"{mend_s() * 1000:.0f}",
        "look_ms": f"{look_s() * 1000:.0f}",
        "sweep_ms": f"{sweep_s() * 1000:.0f}",
        "share": f"{STACK.memory_gb / FULL_CORE_GB:.2f}",
        "units": f"{WRITE_UNITS}",
        "thousand_mends": f"{mends:.3f}",
        **{f"load_{name}": str(value) for name, value in vars(LOAD).items()},
        **{f"measured_{name}": f"{value:,}" for name, value in vars(MEASURED).items()},
        **{f"price_{name}": f"{value:.10f}".rstrip("0").rstrip(".") for name, value in vars(PRICES).items()},
        **{f"stack_{name}": str(value) for name, value in vars(STACK).items()},
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(told)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}.\n")


if __name__ == "__main__":
    main()
