"""Writes the generated blocks of docs/ anew, and the event's JSON Schema: `make docs-generate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cloudmend.core.notice.event import schema
from docs_blocks import filled

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"


def generated() -> Iterator[tuple[Path, str]]:
    """Each file that has something generated in it, and its whole text as it should be."""
    yield DOCS / "schemas" / "record-v1.json", schema()
    for page in sorted(DOCS.rglob("*.md")):
        yield page, filled(page.read_text(encoding="utf-8"))


def main() -> None:
    for path, text in generated():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
