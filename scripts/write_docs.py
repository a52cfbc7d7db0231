"""Generate again the blocks of docs/ and the README, the event's JSON Schema, and what follows from the controls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.notice.event import schema
from cloudmend.template.blocks import build_blocks, template_blocks
from cloudmend.template.blocks import filled as with_blocks
from cloudmend.template.global_rules import FILE, global_template
from cloudmend.template.rules import find_controls, table
from docs_blocks import controls as pages
from docs_blocks import filled

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"


def generated() -> Iterator[tuple[Path, str]]:
    """Yield each file that has something generated in it, and its whole text as it should be."""
    controls = find_controls()
    yield ROOT / "src" / "cloudmend" / "controls" / "table.py", table(controls)
    trimming = ROOT / "src" / "cloudmend" / "cli" / "build" / "trim.py"
    yield trimming, with_blocks(trimming.read_text(encoding="utf-8"), build_blocks(controls.values()))
    template = ROOT / "template.yaml"
    blocks = template_blocks(tuple(controls.values()), CATALOG.first)
    yield template, with_blocks(template.read_text(encoding="utf-8"), blocks)
    if forwarding := global_template(controls.values()):
        yield ROOT / "templates" / FILE, forwarding
    yield DOCS / "schemas" / "record-v1.json", schema()
    navigation = ROOT / "mkdocs.yml"
    yield navigation, with_blocks(navigation.read_text(encoding="utf-8"), {"pages of controls": pages.navigation()})
    for name, text in pages.pages().items():
        yield DOCS / "controls" / name, text
    for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))):
        if page.parent.name != "controls":
            yield page, filled(page.read_text(encoding="utf-8"))


def main() -> None:
    for path, text in generated():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
