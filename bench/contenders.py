"""The programs that are measured.

The same interpreter runs each in its own environment, in the way its users run it.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cloudmend.controls import IDS, by_id
from cloudmend.template.rules import table

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "bench" / "function"
PEERS = ROOT / "bench" / "peers"
# The interpreter itself, not an environment's: Lambda too finds what a function imports through its path alone.
PYTHON = str(Path(sys.executable).resolve())
TOPIC = "arn:aws:sns:us-east-1:123456789012:cloudmend"

LEDGER = {
    "CLOUDMEND_ACCOUNT": "123456789012",
    "CLOUDMEND_LEDGER_TABLE": "ledger",
    "CLOUDMEND_MODE_PARAMETER": "/cloudmend/mode",
}
EVERYTHING = {
    **LEDGER,
    "CLOUDMEND_NOTICE_TOPIC": TOPIC,
    "CLOUDMEND_CHAT_TOPIC": TOPIC,
    "CLOUDMEND_SECURITY_HUB": "on",
    "POWERTOOLS_SERVICE_NAME": "cloudmend",
    "POWERTOOLS_METRICS_NAMESPACE": "cloudmend",
}


@dataclass(frozen=True)
class Contender:
    """A program to measure. `handler` is its name in client.py; `path` holds the folders of its imports."""

    name: str
    handler: str
    path: tuple[Path, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT

    def command(self, first: int, count: int) -> list[str]:
        """Return the command. `-S` keeps out the modules that this machine's Python imports at its start."""
        return [PYTHON, "-S", str(ROOT / "bench" / "client.py"), self.handler, str(first), str(count)]

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(map(str, self.path)), **self.settings}


def installed(name: str) -> Path:
    """Return the folder of packages of a peer's environment.

    Raises FileNotFoundError, which says what to do, if there is none.
    """
    found = next(ROOT.glob(f".venv-bench-{name}/lib/python*/site-packages"), None)
    if found is None:
        raise FileNotFoundError(f".venv-bench-{name} is not there. Run `make bench`, which makes it.")
    return found


def contenders(scratch: Path) -> tuple[Contender, ...]:
    """Return all four contenders.

    The function writes to `scratch` the configuration that Custodian's archive has beside its code.
    """
    (scratch / "config.json").write_text((PEERS / "custodian.json").read_text())
    return (
        Contender("cloudmend", "cloudmend", (BUILT,), EVERYTHING),
        Contender("naive", "naive", (installed("naive"), PEERS)),
        Contender("Custodian", "custodian", (installed("custodian"),), folder=scratch),
        Contender("floor", "floor", (PEERS,)),
    )


def with_one_control(scratch: Path) -> Contender:
    """Return cloudmend with only the control that the events wake."""
    copy = scratch / "one_control"
    shutil.copytree(BUILT, copy)
    controls = copy / "cloudmend" / "controls"
    for other in IDS[1:]:
        (controls / f"{other}.py").unlink()
    first = by_id(IDS[0])
    (controls / "table.py").write_text(table({f"cloudmend.controls.{first.id}": first}))
    compileall.compile_dir(controls, quiet=1, force=True)
    return Contender("with one control", "cloudmend", (copy,), EVERYTHING)


def sweeper(*, paced: bool) -> Contender:
    """Return the sweep's function: the ledger and switch as deployed, and EventBridge for notices, but no topics.

    With `paced`, it writes no faster than EC2 allows.
    """
    return Contender("cloudmend", "sweep" if paced else "unpaced", (BUILT,), LEDGER)


def custodian_run(scratch: Path) -> list[str]:
    """Return `custodian run` of the same policy, without its cache and without its own Lambda mode."""
    program = ROOT / ".venv-bench-custodian" / "bin" / "custodian"
    options = ["--output-dir", str(scratch / "out"), "--cache-period", "0", "--region", "us-east-1"]
    return [str(program), "run", *options, str(scratch / "policy.json")]
