"""The policy from a file: the one that is packaged with the function, or one that a user names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cloudmend.controls import CONTROLS
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy import Policy, parse_policy

PACKAGED: Final = Path(__file__).parents[1] / "policy.toml"


def read_policy(settings: Mapping[str, str], path: Path = PACKAGED) -> Policy:
    """The file's policy, overridden by settings by environment-variable name. Raises PolicyError."""
    name = path.name if path == PACKAGED else str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy file {name} cannot be read ({error}). Nothing was changed.") from None
    return parse_policy(settings, text, name=name, controls=[control.id for control in CONTROLS])
