"""How many calls an event costs: figures that docs/performance.md argues, call by call."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from client import event
from contenders import PEERS, PYTHON, ROOT, Contender
from endpoint import Endpoint

Respond = Callable[[Any, Any], object]

LOOK = Counter(
    {
        "DescribeSecurityGroupRules": 1,
        "DescribeSecurityGroups": 1,
        "Query": 2,
    }  # the switch is read twice a minute at most
)
CLOSING = Counter({"Query": 1, "TransactWriteItems": 2, "ModifySecurityGroupRules": 1, "DescribeSecurityGroupRules": 1})
NOTICES = Counter({"PutEvents": 1, "Publish": 2, "BatchImportFindings": 1})
MEND = LOOK + CLOSING + NOTICES
SWITCH = Counter({"GetParameter": 1})
MARK = Counter({"GetItem": 1})  # of the unit: once in the life of a process, and only where something is at fault


def settled(endpoint: Endpoint, expected: Counter[str]) -> Mapping[str, int]:
    """The calls, when those have come that were begun at once and whose answers nobody waited for."""
    for _ in range(20_000):
        told = endpoint.told()
        if told.total >= expected.total():
            break
    return told.calls


def test_a_warm_mend_makes_thirteen_calls(endpoint: Endpoint, respond: Respond) -> None:
    endpoint.reset(groups=2, every=1)
    respond(event(0), None)
    assert endpoint.told().calls == MEND + SWITCH + MARK
    respond(event(1), None)
    told = endpoint.told()
    assert told.calls == MEND + MEND + SWITCH + MARK
    assert (MEND.total(), told.open) == (13, 0)


def test_a_look_that_finds_nothing_makes_four_calls(endpoint: Endpoint, respond: Respond) -> None:
    endpoint.reset(groups=1, every=0)
    respond(event(0), None)
    assert settled(endpoint, LOOK + SWITCH) == LOOK + SWITCH


def test_the_page_lists_the_calls_of_a_cold_mend_one_by_one(endpoint: Endpoint, respond: Respond) -> None:
    endpoint.reset(groups=1, every=1)
    respond(event(0), None)
    listed = re.findall(r"^\| `\w+:(\w+)`(, twice)?", (ROOT / "bench" / "performance.md.in").read_text(), re.MULTILINE)
    assert Counter(name for name, twice in listed for _ in range(2 if twice else 1)) == endpoint.told().calls


def test_the_floor_makes_cloudmends_calls(endpoint: Endpoint, respond: Respond) -> None:
    endpoint.reset(groups=1, every=1)
    respond(event(0), None)
    ours = endpoint.told()
    endpoint.reset(groups=1, every=1)
    floor = Contender("floor", "floor", (PEERS,))
    assert floor.command(0, 1)[0] == PYTHON
    subprocess.run(floor.command(0, 1), env={**endpoint.environment, **floor.environment}, check=True)
    theirs = endpoint.told()
    assert (theirs.calls, theirs.open) == (ours.calls, 0)
