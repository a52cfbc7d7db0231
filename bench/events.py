"""The measurement of one event: from the start of a process to a closed rule, and in a warm process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from contenders import Contender
from endpoint import Endpoint
from measured import Figure, Run, figure, interleaved, run
from tables import ratio, table

COLD_HEADS = (
    "cold, {} ms a call",
    "closed ms",
    "of naive",
    "of Custodian",
    "of the floor",
    "all done ms",
    "CPU ms",
    "of naive",
    "peak MB",
    "calls",
)
WARM_HEADS = ("warm, {} ms a call", "all done ms", "of naive", "of the floor", "CPU ms", "of naive", "calls")
CONTROLS_HEADS = ("cold, 0 ms a call", "closed ms", "of one control", "CPU ms", "of one control")
WARM_UP = 2  # events of a warm process that are not counted
EVENTS = 7


def cold(endpoint: Endpoint, everyone: Sequence[Contender], latency_ms: int, rounds: int) -> str:
    runs = _runs(endpoint, everyone, latency_ms, rounds, count=1)
    closed = {name: figure(of, lambda run: run.closed_s) for name, of in runs.items()}
    cpu = {name: figure(of, lambda run: run.cpu_s) for name, of in runs.items()}
    rows = [
        [
            name,
            closed[name].text(),
            *(ratio(closed[name].median, closed[base].median) for base in ("naive", "Custodian", "floor")),
            figure(of, lambda run: run.ended_s).text(),
            cpu[name].text(),
            ratio(cpu[name].median, cpu["naive"].median),
            f"{figure(of, lambda run: run.peak_mb).median:.0f}",
            str(of[0].told.total),
        ]
        for name, of in runs.items()
    ]
    return table(_named(COLD_HEADS, latency_ms), rows)


def controls(endpoint: Endpoint, one: Contender, all_of_them: Contender, rounds: int) -> str:
    """Compare a cold start that has every control with one that has a single control."""
    runs = _runs(endpoint, (one, all_of_them), 0, rounds, count=1)
    closed = {name: figure(of, lambda run: run.closed_s) for name, of in runs.items()}
    cpu = {name: figure(of, lambda run: run.cpu_s) for name, of in runs.items()}
    rows = [
        [
            name,
            closed[name].text(),
            ratio(closed[name].median, closed[one.name].median),
            cpu[name].text(),
            ratio(cpu[name].median, cpu[one.name].median),
        ]
        for name in runs
    ]
    return table(CONTROLS_HEADS, rows)


def warm(endpoint: Endpoint, everyone: Sequence[Contender], latency_ms: int, rounds: int) -> str:
    runs = _runs(endpoint, everyone, latency_ms, rounds, count=EVENTS)
    wall = {name: _per_event(of, 0) for name, of in runs.items()}
    cpu = {name: _per_event(of, 1) for name, of in runs.items()}
    rows = [
        [
            name,
            wall[name].text(digits=1),
            *(ratio(wall[name].median, wall[base].median) for base in ("naive", "floor")),
            cpu[name].text(digits=1),
            ratio(cpu[name].median, cpu["naive"].median),
            f"{of[0].told.total / EVENTS:.1f}",
        ]
        for name, of in runs.items()
    ]
    return table(_named(WARM_HEADS, latency_ms), rows)


def _named(heads: Sequence[str], latency_ms: int) -> list[str]:
    return [heads[0].format(latency_ms), *heads[1:]]


def _per_event(runs: Sequence[Run], which: int) -> Figure:
    return Figure.of([event[which] for run in runs for event in run.events[WARM_UP:]])


def _runs(
    endpoint: Endpoint, everyone: Sequence[Contender], latency_ms: int, rounds: int, *, count: int
) -> Mapping[str, list[Run]]:
    sys.stderr.write(f"{count} event(s) in a process, {latency_ms} ms a call, {rounds} rounds ...\n")
    measures: dict[str, Callable[[], Run]] = {
        each.name: partial(_measure, endpoint, each, latency_ms, count) for each in everyone
    }
    return interleaved(rounds, measures)


def _measure(endpoint: Endpoint, contender: Contender, latency_ms: int, count: int) -> Run:
    """Return the measured run. Raises RuntimeError if a rule is still open."""
    endpoint.reset(groups=count, every=1, latency_ms=latency_ms)
    measured = run(endpoint, contender.command(0, count), contender.environment, contender.folder)
    if measured.told.open:
        raise RuntimeError(f"{contender.name} left {measured.told.open} doors open.")
    return measured
