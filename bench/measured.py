"""One run of a process against the canned server, and what several runs come to."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from endpoint import Endpoint, Told


@dataclass(frozen=True)
class Run:
    """Seconds since the process started, until the (last) door was closed and until all was done; what it took."""

    closed_s: float
    ended_s: float
    cpu_s: float
    peak_mb: float
    told: Told
    events: tuple[tuple[float, float], ...]  # for each event that it handled, the seconds of wall time and of CPU


def run(endpoint: Endpoint, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Run:
    """Raises RuntimeError, with what the process said, where it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603
            command, env={**endpoint.environment, **environment}, cwd=folder, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        exited = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {err.read()[-2000:]}")
        events = [tuple(map(float, line.split()[1:])) for line in out if line.startswith("@ ")]
    told = endpoint.told()
    return Run(
        closed_s=told.closed_at - started,
        ended_s=(events[-1][2] if events else exited) - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        told=told,
        events=tuple((wall, cpu) for wall, cpu, _ in events),
    )


@dataclass(frozen=True)
class Figure:
    """The median of some measurements, and the range that half of them are in."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def text(self, scale: float = 1000, digits: int = 0) -> str:
        """Such as `248 (240..261)`; by default, seconds as milliseconds."""
        median, low, high = (f"{value * scale:,.{digits}f}" for value in (self.median, self.low, self.high))
        return f"{median} ({low}..{high})"


def interleaved(rounds: int, measures: Mapping[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    """Each contender once in every round, so that a disturbance of the machine meets them all."""
    runs: dict[str, list[Run]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            runs[name].append(measure())
    return runs


def figure(runs: Sequence[Run], of: Callable[[Run], float]) -> Figure:
    return Figure.of([of(run) for run in runs])
