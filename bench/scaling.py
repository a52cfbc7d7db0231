"""docs/scaling.md: what 1 to 10,000 accounts cost, call and take, from measured figures and from scripts/costs.py.

python bench/scaling.py      writes the page
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from string import Template
from typing import Final

from contenders import ROOT
from costs import ACCOUNTS as BILLED
from costs import MEMORY_GB, SWEEPS, Account, bill, total
from tables import table

PAGE = ROOT / "docs" / "scaling.md"
TEMPLATE = Path(__file__).with_name("scaling.md.in")

# Assumed of an account: how many of its Regions are like each of these of scripts/costs.py, and the groups of each.
QUIET, USUAL, _ = BILLED
REGIONS: Final = ((QUIET, 15), (USUAL, 2))
GROUPS: Final = 200
ACCOUNTS: Final = (1, 100, 1_000, 10_000)

# Measured: tests/bench/test_calls.py, and docs/performance.md on a whole core.
MEND_CALLS: Final = 13
LOOK_CALLS: Final = 4  # all at once
MEND_TRIPS: Final = 6  # one after the other
CPU_MS_A_CALL: Final = 1.5  # where an answer takes 20 ms; less where it comes at once
SWEEP_CPU_MS_A_GROUP: Final = 0.1
SWEEP_CALLS: Final = 4  # besides the pages: what a crash left behind; the units, what stands, and when it was read
PAGE_GROUPS: Final = 1000

LATENCY_MS: Final = 20
FULL_CORE_GB: Final = 1.769  # the memory at which Lambda gives a function one whole core
# EC2's own limits, for an account and Region: a bucket of 50 for each writing API, refilled by 5 a second.
BUCKET, REFILL_PER_S = 50, 5


def seconds(trips: float, cpu_ms: float) -> float:
    """Return the seconds of a warm function: its wait for answers, and the computation on its share of a core."""
    return (trips * LATENCY_MS + cpu_ms * FULL_CORE_GB / MEMORY_GB) / 1000


def mend_s() -> float:
    return seconds(MEND_TRIPS, MEND_CALLS * CPU_MS_A_CALL)


def look_s() -> float:
    """Return the seconds of a look that finds nothing."""
    return seconds(1, LOOK_CALLS * CPU_MS_A_CALL)


def sweep_calls() -> int:
    return SWEEP_CALLS + math.ceil(GROUPS / PAGE_GROUPS)


def sweep_s() -> float:
    """Return the seconds of a sweep that finds nothing."""
    return seconds(sweep_calls(), GROUPS * SWEEP_CPU_MS_A_GROUP)


def event_calls(place: Account) -> int:
    """Return the calls of a month: a look for each call, also for those of mends, and the other calls of each mend."""
    return place.opened * MEND_CALLS + (place.invocations - place.opened) * LOOK_CALLS


def per_account(of: dict[str, float]) -> float:
    """Return the sum of a figure over the Regions of an account; each kind of Region has its own figure."""
    return sum(count * of[place.name] for place, count in REGIONS)


def stacks(accounts: int) -> int:
    """Return the number of stacks: one for each account and Region."""
    return accounts * sum(count for _, count in REGIONS)


def calls_a_month(accounts: int) -> tuple[int, int]:
    """Return the calls of the events, and the calls of the sweeps that find nothing."""
    events = per_account({place.name: event_calls(place) for place, _ in REGIONS})
    return round(accounts * events), round(stacks(accounts) * SWEEPS * sweep_calls())


def dollars_a_month(accounts: int) -> tuple[float, float]:
    """Return the cost in dollars without any event, and the whole cost."""
    idle = Account("idle", calls=0, opened=0)
    everything = per_account({place.name: total(place) for place, _ in REGIONS})
    return stacks(accounts) * total(idle), accounts * everything


def storm_s(doors: int) -> float:
    """Return the seconds for which AWS's request limit delays `doors` mends in one account and Region."""
    return max(0, doors - BUCKET) / REFILL_PER_S


def page() -> str:
    calls = [(f"{n:,}", f"{stacks(n):,}", *(f"{count:,}" for count in calls_a_month(n))) for n in ACCOUNTS]
    costs = [(f"{n:,}", *(f"{dollars:,.0f}" for dollars in dollars_a_month(n))) for n in ACCOUNTS]
    storms = [(f"{doors:,}", f"{storm_s(doors):,.0f}") for doors in (10, 50, 100, 1_000, 10_000)]
    standing = ", ".join(f"{line.what} ${line.usd:.2f}" for line in bill(QUIET)[:4])
    regions = " and ".join(
        f"{count} {place.name} Regions ({place.calls:,} calls a month; {place.opened} open something)"
        for place, count in REGIONS
    )
    told = {
        "regions": regions,
        "groups": GROUPS,
        "latency": LATENCY_MS,
        "look_calls": LOOK_CALLS,
        "share": f"{MEMORY_GB / FULL_CORE_GB:.2f}",
        "memory": MEMORY_GB,
        "mend_calls": MEND_CALLS,
        "mend_trips": MEND_TRIPS,
        "sweep_calls": sweep_calls(),
        "cpu_call": CPU_MS_A_CALL,
        "cpu_group": SWEEP_CPU_MS_A_GROUP,
        "mend_ms": f"{mend_s() * 1000:.0f}",
        "look_ms": f"{look_s() * 1000:.0f}",
        "sweep_ms": f"{sweep_s() * 1000:.0f}",
        "standing": standing,
        "calls": table(("accounts", "stacks", "calls of events a month", "calls of sweeps a month"), calls),
        "costs": table(("accounts", "before the first event, USD a month", "in all, USD a month"), costs),
        "storms": table(("ports opened at once", "seconds until EC2 took the last write"), storms),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(told)


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}.\n")


if __name__ == "__main__":
    main()
