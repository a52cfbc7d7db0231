"""What a replay told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.replay.told import Told
from cloudmend.cli.replay.run import replay
from cloudmend.core.policy.model import Policy
from support import policy


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Replays records in one trail file, or whatever is at a path."""

    def run(*records: dict[str, Any], under: Policy | None = None, path: Path | None = None) -> Told:
        file = tmp_path / "trail.json.gz"
        if path is None:
            file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
        code = replay([str(path or file)], under or policy(), as_json=True)
        printed = capsys.readouterr()
        return Told(code, printed.out, printed.err)

    return run
