"""The version of the code, which every intent carries; a test compares it with pyproject.toml's."""

from __future__ import annotations

from typing import Final

CODE_VERSION: Final = "0.1.0"
