"""The pure code: how long the detector and the parsing of events take, and how they grow."""

from __future__ import annotations

import json
import time

from client import event
from cloudmend.core.wrappings import parse_events
from contenders import ROOT
from exposure import SIZES, findings, milliseconds
from measured import Figure
from tables import table

RUNS = 200


def exposure() -> str:
    rows = []
    for kind, sizes in SIZES.items():
        for size in sizes:
            taken = Figure.of(milliseconds(size, kind))
            per_second = 1000 / taken.median
            rows.append([kind, str(size), taken.text(1, 2), f"{per_second:,.0f}", str(findings(size, kind))])
    return table(("rules", "how many", "ms", "groups a second", "findings"), rows)


def parsing() -> str:
    """Of one event as EventBridge delivers it, and of many in messages of a queue."""
    whole = json.loads((ROOT / "events" / "event.json").read_text())
    raws = {"1": whole, "1, short": event(0), **{f"{many} in SQS": _queued(whole, many) for many in (10, 100, 1000)}}
    rows = []
    for name, raw in raws.items():
        many = len(raw.get("Records", [raw]))
        taken = Figure.of([_seconds(raw) for _ in range(RUNS)])
        rows.append([name, taken.text(1_000_000 / many, 1), f"{many / taken.median:,.0f}"])
    return table(("events", "µs an event", "events a second"), rows)


def _queued(raw: object, many: int) -> dict[str, list[dict[str, str]]]:
    record = {"eventSource": "aws:sqs", "body": json.dumps(raw)}
    return {"Records": [record] * many}


def _seconds(raw: object) -> float:
    started = time.perf_counter()
    for answer in parse_events(raw):
        if isinstance(answer, Exception):
            raise answer
    return time.perf_counter() - started
