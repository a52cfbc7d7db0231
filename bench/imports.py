"""What a cold start imports, and how long each library takes of it; what the archive holds."""

from __future__ import annotations

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from contenders import BUILT, Contender
from endpoint import Endpoint
from tables import table

_LINE = re.compile(r"import time: +(\d+) \| +\d+ \| +([\w.]+)")
LIBRARIES = ("cloudmend", "botocore", "urllib3", "msgspec", "aws_lambda_powertools", "jmespath", "dateutil")
REST = "Python's own"


def import_times(endpoint: Endpoint, contender: Contender, rounds: int) -> str:
    """Of each module its quickest run: an import can only be disturbed, not sped up."""
    quickest: dict[str, int] = {}
    for _ in range(rounds):
        for module, microseconds in _imports(endpoint, contender).items():
            quickest[module] = min(microseconds, quickest.get(module, microseconds))
    taken: dict[str, list[int]] = defaultdict(list)
    for module, microseconds in quickest.items():
        library = module.split(".")[0]
        taken[library if library in LIBRARIES else REST].append(microseconds)
    rows = [[name, str(len(taken[name])), f"{sum(taken[name]) / 1000:.1f}"] for name in (*LIBRARIES, REST)]
    slowest = sorted(quickest, key=lambda module: -quickest[module])[:10]
    tell = ", ".join(f"`{module}` {quickest[module] / 1000:.1f}" for module in slowest)
    return (
        f"{table(('imported', 'modules', 'ms'), rows)}\n\nThe slowest modules, in ms without what they import: {tell}."
    )


def _imports(endpoint: Endpoint, contender: Contender) -> Mapping[str, int]:
    endpoint.reset(groups=1, every=1)
    interpreter, *rest = contender.command(0, 1)
    done = subprocess.run(  # noqa: S603
        [interpreter, "-X", "importtime", *rest],
        env={**endpoint.environment, **contender.environment},
        cwd=contender.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return {found[2]: int(found[1]) for line in done.stderr.splitlines() if (found := _LINE.match(line))}


def archive_parts() -> str:
    archive = BUILT.with_suffix(".zip")
    packed: Counter[str] = Counter()
    unpacked: Counter[str] = Counter()
    for entry in ZipFile(archive).infolist():
        part = Path(entry.filename).parts[0]
        packed[part] += entry.compress_size
        unpacked[part] += entry.file_size
    rows = [[name, f"{packed[name] / 1000:,.0f}", f"{unpacked[name] / 1000:,.0f}"] for name, _ in packed.most_common()]
    whole = [f"the archive, {archive.stat().st_size:,} bytes", f"{packed.total() / 1000:,.0f}"]
    return table(("in the archive", "kB packed", "kB unpacked"), [*rows, [*whole, f"{unpacked.total() / 1000:,.0f}"]])
