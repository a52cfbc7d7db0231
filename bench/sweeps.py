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
HEADS = ("groups", "program", "wall s", "of Custodian", "CPU s", "of Custodian", "CPU ms a group", "peak MB")

Sizes = Sequence[int]  # how many groups


def reading(endpoint: Endpoint, sizes: Sizes, rounds: int) -> str:
    """Nothing is at fault, so nothing is written."""
    return _sweeps(endpoint, sizes, rounds, "reading and deciding", every=0)


def whole(endpoint: Endpoint, sizes: Sizes, rounds: int) -> str:
    return _sweeps(endpoint, sizes, rounds, "with writing", every=EVERY)


def throttled(endpoint: Endpoint, size: int) -> str:
    """One run of each with EC2's bucket for writes: 50, then 5 a second, for each API."""
    rows = []
    for name, measure in PROGRAMS.items():
        sys.stderr.write(f"{name}: throttled sweep of {size:,} groups ...\n")
        done = measure(endpoint, size, EVERY, throttled=True)
        told = done.told
        rows.append([name, f"{size:,}", f"{done.ended_s:.1f}", str(told.refused), str(told.open), str(told.total)])
    return table(("throttled", "groups", "wall s", "calls refused", "doors left open", "calls"), rows)


def _sweeps(endpoint: Endpoint, sizes: Sizes, rounds: int, kind: str, every: int) -> str:
    rows = [row for size in sizes for row in _size(endpoint, size, rounds, kind, every)]
    return table((f"{kind}: {HEADS[0]}", *HEADS[1:], "calls"), rows)


def _size(endpoint: Endpoint, size: int, rounds: int, kind: str, every: int) -> list[list[str]]:
    sys.stderr.write(f"sweep of {size:,} groups, {kind}, {LATENCY_MS} ms a call, {rounds} round(s) ...\n")
    runs = interleaved(
        rounds,
        {
            "cloudmend": lambda: _cloudmend(endpoint, size, every),
            "Custodian": lambda: _custodian(endpoint, size, every),
        },
    )
    return [_row(name, size, of, runs["Custodian"]) for name, of in runs.items()]


def _row(name: str, size: int, runs: Sequence[Run], peers: Sequence[Run]) -> list[str]:
    wall, cpu = figure(runs, lambda run: run.ended_s), figure(runs, lambda run: run.cpu_s)
    return [
        f"{size:,}",
        name,
        wall.text(1, 2),
        ratio(wall.median, figure(peers, lambda run: run.ended_s).median),
        cpu.text(1, 2),
        ratio(cpu.median, figure(peers, lambda run: run.cpu_s).median),
        f"{cpu.median / size * 1000:.2f}",
        f"{figure(runs, lambda run: run.peak_mb).median:.0f}",
        str(runs[0].told.total),
    ]


def _cloudmend(endpoint: Endpoint, size: int, every: int, *, throttled: bool = False) -> Run:
    endpoint.reset(groups=size, every=every, latency_ms=LATENCY_MS, throttled=throttled)
    program = sweeper(paced=throttled)
    return _closed(run(endpoint, program.command(0, 1), program.environment, program.folder), throttled)


def _custodian(endpoint: Endpoint, size: int, every: int, *, throttled: bool = False) -> Run:
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


PROGRAMS = {"cloudmend": _cloudmend, "Custodian": _custodian}
