"""The policy from a file: the one that is packaged with the function, or one that a user names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy import Policy, review_policy

PACKAGED: Final = Path(__file__).parents[1] / "policy.toml"


def read_policy(settings: Mapping[str, str], path: Path = PACKAGED) -> Policy:
    """Return the file's policy, overridden by settings by environment-variable name. Raises PolicyError."""
    return review_file(settings, path)[0]


def review_file(settings: Mapping[str, str], path: Path, now: datetime | None = None) -> tuple[Policy, tuple[str, ...]]:
    """Return the same policy, and warnings of what is probably not meant. Raises PolicyError."""
    name = path.name if path == PACKAGED else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy file {name} cannot be read ({error}).") from None
    return review_policy(settings, text, name=name, catalog=CATALOG, now=now)
