"""The files of the example of a control of one's own, as its page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "ecr_repository_tags"


def project() -> str:
    """Return the file that names the entry point."""
    return _shown("toml", "pyproject.toml")


def control() -> str:
    """Return the module of the control."""
    return _shown("python", "src/ecr_repository_tags/__init__.py")


def test() -> str:
    """Return its test."""
    return _shown("python", "tests/test_ecr_repository_tags.py")


def _shown(language: str, name: str) -> str:
    return f"```{language}\n{(_EXAMPLE / name).read_text(encoding='utf-8').strip()}\n```"
