"""The list of decisions, from their titles."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "decisions"


def decisions() -> str:
    """A link for each, in their order."""
    return "\n".join(f"- [{_title(path)}]({path.name})" for path in sorted(_FOLDER.glob("[0-9]*.md")))


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").replace(". ", ": ", 1)
