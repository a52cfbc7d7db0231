"""The whole Region: `custodian run` beside cloudmend's sweep."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contenders import PEERS, custodian_run, sweeper
from endpoint import Endpoint
from measured import Run, figure, interleaved, run
from tables import ratio, table

LATENCY_MS = 20
EVERY = 20  # one group in so many is at fault: 5 %
HEADS = (
    "groups",
    "program",
    "rounds",
    "wall s",
    "of Custodian",
    "reading and deciding s",
    "CPU s",
    "of Custodian",
    "CPU ms a group",
    "peak MB",
    "calls",
)


def sweeps(endpoint: Endpoint, rounds_by_size: Sequence[tuple[int, int]]) -> str:
    rows = [row for size, rounds in rounds_by_size for row in _size(endpoint, size, rounds)]
    return table(HEADS, rows)


def throttled(endpoint: Endpoint, size: int) -> str:
    """One run of each with EC2's bucket for writes: 50, then 5 a second, for each API."""
    rows = []
    for name, measured in (("cloudmend", _cloudmend(endpoint, size, throttled=True)), ("Custodian", None)):
        done = measured or _custodian(endpoint, size, throttled=True)
        told = done.told
        rows.append([name, f"{size:,}", f"{done.ended_s:.1f}", str(told.refused), str(told.open), str(told.total)])
    return table(("throttled", "groups", "wall s", "writes refused", "doors left open", "calls"), rows)


def _size(endpoint: Endpoint, size: int, rounds: int) -> list[list[str]]:
    sys.stderr.write(f"sweep of {size:,} groups, {LATENCY_MS} ms a call, {rounds} rounds ...\n")
    runs = interleaved(
        rounds, {"cloudmend": lambda: _cloudmend(endpoint, size), "Custodian": lambda: _custodian(endpoint, size)}
    )
    reading = {"cloudmend": _cloudmend(endpoint, size, every=0), "Custodian": _custodian(endpoint, size, every=0)}
    return [_row(name, size, of, reading[name], runs["Custodian"]) for name, of in runs.items()]


def _row(name: str, size: int, runs: Sequence[Run], reading: Run, peers: Sequence[Run]) -> list[str]:
    wall, cpu = figure(runs, lambda run: run.ended_s), figure(runs, lambda run: run.cpu_s)
    return [
        f"{size:,}",
        name,
        str(len(runs)),
        wall.text(1, 2),
        ratio(wall.median, figure(peers, lambda run: run.ended_s).median),
        f"{reading.ended_s:.2f}",
        cpu.text(1, 2),
        ratio(cpu.median, figure(peers, lambda run: run.cpu_s).median),
        f"{cpu.median / size * 1000:.2f}",
        f"{figure(runs, lambda run: run.peak_mb).median:.0f}",
        str(runs[0].told.total),
    ]


def _cloudmend(endpoint: Endpoint, size: int, *, every: int = EVERY, throttled: bool = False) -> Run:
    endpoint.reset(groups=size, every=every, latency_ms=LATENCY_MS, throttled=throttled)
    program = sweeper()
    return _closed(run(endpoint, program.command(0, 1), program.environment, program.folder), throttled)


def _custodian(endpoint: Endpoint, size: int, *, every: int = EVERY, throttled: bool = False) -> Run:
    endpoint.reset(groups=size, every=every, latency_ms=LATENCY_MS, throttled=throttled)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (policy,) = json.loads((PEERS / "custodian.json").read_text())["policies"]
        del policy["mode"]
        (scratch / "policy.json").write_text(json.dumps({"policies": [policy]}))
        return _closed(run(endpoint, custodian_run(scratch), {"HOME": folder}, scratch), throttled)


def _closed(measured: Run, throttled: bool) -> Run:
    """Raises RuntimeError where a door was left open; a throttled run tells how many."""
    if measured.told.open and not throttled:
        raise RuntimeError(f"A sweep left {measured.told.open} doors open.")
    return measured
