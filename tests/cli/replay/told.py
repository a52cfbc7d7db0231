"""What a replay printed, read again."""

from __future__ import annotations

import json
from typing import Any


class Told:
    """What a replay printed as JSON lines, and its exit code."""

    def __init__(self, code: int, out: str, err: str, control: str = "") -> None:
        """Take what one control found, or all."""
        self.code, self.err = code, err
        *doors, self.summary = map(json.loads, out.splitlines())
        self.doors = [door for door in doors if control in ("", door["control"])]

    def __getitem__(self, name: str) -> list[Any]:
        """Of each door."""
        return [door[name] for door in self.doors]
