"""The policy from a file: the one that is packaged with the function, or one that a user names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.escaping import terminal
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import review_policy

PACKAGED: Final = Path(__file__).parents[1] / "policy.toml"


def read_policy(settings: Mapping[str, str], path: Path = PACKAGED) -> Policy:
    """Return the file's policy, overridden by settings by environment-variable name. Raises PolicyError.

    What is probably not meant in a file that a person names goes to stderr; of the packaged one, deploy.sh tells it.
    """
    policy, warnings = review_file(settings, path)
    if path != PACKAGED:
        warn(warnings)
    return policy


def warn(warnings: Iterable[str]) -> None:
    """Write the warnings to stderr, one a line."""
    sys.stderr.writelines(f"warning: {terminal(warning)}\n" for warning in warnings)


def review_file(settings: Mapping[str, str], path: Path, now: datetime | None = None) -> tuple[Policy, tuple[str, ...]]:
    """Return the same policy, and warnings of what is probably not meant. Raises PolicyError."""
    name = path.name if path == PACKAGED else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy file {name} cannot be read ({error}).") from None
    return review_policy(settings, text, name=name, catalog=CATALOG, now=now)
