"""The commands that the documentation shows, each block with the mark that says how it is tested, or why it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
_FENCED: Final = re.compile(
    r"(?:^<!-- (test|not run): ([^\n]+) -->\n)?^```bash\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


class Block(Struct, frozen=True):
    """One block of commands. `mark` is what its comment says up to a semicolon; what is shown is its output."""

    page: str
    kind: str  # "test", "not run", or empty
    mark: str
    commands: str
    shown: str


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def all_blocks() -> Iterator[Block]:
    for page in pages():
        yield from blocks(str(page.relative_to(ROOT)))


def blocks(page: str, mark: str | None = None) -> list[Block]:
    """Those of a page, in order; only those of a mark, where one is given."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [
        Block(page, match[1] or "", (match[2] or "").partition(";")[0], match[3], match[4] or "")
        for match in _FENCED.finditer(text)
    ]
    return [each for each in found if mark in (None, each.mark)]


def lines(page: str, mark: str) -> list[str]:
    """The lines of the one block that has this mark."""
    (block,) = blocks(page, mark)
    return block.commands.splitlines()
