"""A terminal in which the blocks of a page are typed one after the other: a variable outlives its block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from walkthrough.blocks import Block
from walkthrough.conftest import run

_CHANGING = {
    r"\b(sgr?)-[0-9a-f]{17}\b": r"\1-ID",
    r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}": "INSTANT",
}


class Shell:
    def __init__(self, environment: dict[str, str], folder: Path, instead: Mapping[str, str] | None = None) -> None:
        """`instead` is what the reader puts in the place of words, such as those in capitals."""
        self._environment = environment
        self._variables = folder / "variables.sh"
        self._variables.touch()
        self._instead = instead or {}

    def type(self, block: Block, *, status: int = 0) -> str:
        """What the block's commands print; what the page shows of it must be there."""
        commands = block.commands
        for word, own in self._instead.items():
            commands = re.sub(rf"\b{word}\b", own, commands)
        keep = f"declare -p | grep -v '^declare -[aAilnux]*r' > {self._variables}"  # exported or not, as they are
        script = f"set -e\n. {self._variables}\n{commands}\n{keep}"
        printed = run(["bash", "-c", script], self._environment, status=status).stdout
        said = [_unchanging(line) for line in printed.splitlines()]
        assert all(_unchanging(line) in said for line in block.shown.splitlines()), printed
        return printed


def _unchanging(line: str) -> list[str]:
    """The words of a line without ids and instants, in no order: rules are told in the order of their ids."""
    for pattern, replacement in _CHANGING.items():
        line = re.sub(pattern, replacement, line)
    return sorted(re.findall(r"[^\s;.]+", line))
