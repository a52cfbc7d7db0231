"""cloudmend beside its peers, in one run: prints the tables, and writes docs/performance.md.

    make bench                   everything; about a quarter of an hour
    make bench-quick             fewer rounds and sizes; writes nothing

All clients run on this machine against canned.py. Nothing leaves it.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import NamedTuple

import arithmetic
import events
import imports
import replay
import sweeps
from cloudmend.controls import IDS
from contenders import ROOT, contenders, with_one_control
from endpoint import Endpoint, canned

PAGE = ROOT / "docs" / "performance.md"
TEMPLATE = Path(__file__).with_name("performance.md.in")


class Extent(NamedTuple):
    rounds: int
    latencies_ms: tuple[int, ...]
    reading: sweeps.Sizes  # groups, here and below
    writing: sweeps.Sizes
    throttled: int
    replay_mb: int


WHOLE = Extent(
    rounds=9,
    latencies_ms=(0, 20, 80),
    reading=(1_000, 5_000, 20_000),
    writing=(1_000, 5_000, 20_000),
    throttled=5_000,
    replay_mb=512,
)
QUICK = Extent(
    rounds=3,
    latencies_ms=(0, 20),
    reading=(1_000, 5_000),
    writing=(1_000,),
    throttled=1_500,
    replay_mb=64,
)


def sections(endpoint: Endpoint, scratch: Path, extent: Extent) -> Iterator[tuple[str, str]]:
    """Yield each table after its name in the page."""
    everyone = contenders(scratch)
    cold = [events.cold(endpoint, everyone, latency, extent.rounds) for latency in extent.latencies_ms]
    yield "cold", "\n\n".join(cold)
    every = replace(everyone[0], name=f"with all {len(IDS)}")
    yield "controls", events.controls(endpoint, with_one_control(scratch), every, 3 * extent.rounds)
    yield "imports", imports.import_times(endpoint, everyone[0], extent.rounds)
    warm = [events.warm(endpoint, everyone, latency, extent.rounds) for latency in extent.latencies_ms]
    yield "warm", "\n\n".join(warm)
    yield "reading", sweeps.reading(endpoint, extent.reading, extent.rounds)
    yield "writing", sweeps.whole(endpoint, extent.writing, extent.rounds)
    yield "throttled", sweeps.throttled(endpoint, extent.throttled)
    yield "exposure", arithmetic.exposure()
    yield "parsing", arithmetic.parsing()
    yield "replay", replay.measured(extent.replay_mb)
    yield "archive", imports.archive_parts()


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{os.cpu_count()} virtual cores ({platform.machine()})"
    return f"{cores}, {memory:.0f} GiB of memory, {platform.system()}, CPython {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description="cloudmend beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes; writes nothing")
    quick = parser.parse_args().quick
    told = {"machine": machine(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    with canned() as endpoint, tempfile.TemporaryDirectory() as scratch:
        for name, section in sections(endpoint, Path(scratch), QUICK if quick else WHOLE):
            sys.stdout.write(f"{section}\n\n")
            sys.stdout.flush()
            told[name] = section
    if not quick:
        PAGE.write_text(Template(TEMPLATE.read_text(encoding="utf-8")).substitute(told), encoding="utf-8")
        sys.stdout.write(f"Written to {PAGE.relative_to(ROOT)}.\n")


if __name__ == "__main__":
    main()
