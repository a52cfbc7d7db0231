"""Changes that AWS accepts now and applies later: here, when the resource is described for the second time since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_KEY = "own_change"


def begin(resource: Any, apply: Callable[[], None]) -> None:
    """Accept a change of a resource of moto's; one that is under way is replaced."""
    vars(resource)[_KEY] = (False, apply)


def described(resource: Any) -> None:
    """Note that a resource is described now. Apply its change if it was described before."""
    was_described, apply = vars(resource).pop(_KEY, (False, None))
    if was_described:
        apply()
    elif apply:
        vars(resource)[_KEY] = (True, apply)
