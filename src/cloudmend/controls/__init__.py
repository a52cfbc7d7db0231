"""The controls, in the order in which they run. A new one is a file or folder beside this file."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from cloudmend.controls.table import MODULES, WAKES

if TYPE_CHECKING:
    from cloudmend.core.contract import Control
    from cloudmend.core.model import ApiCall

IDS: Final = tuple(MODULES)


def woken_by(calls: Iterable[ApiCall]) -> tuple[Control[Any], ...]:
    """Return the controls that watch any of these calls. No other control is imported."""
    woken = {each for call in calls for each in WAKES.get(call.source, {}).get(call.name, ())}
    return tuple(by_id(name) for name in IDS if name in woken)


def by_id(control_id: str) -> Control[Any]:
    """Return the control of an id. Raises KeyError for an id that is none."""
    control: Control[Any] = import_module(MODULES[control_id]).CONTROL
    return control


def every() -> tuple[Control[Any], ...]:
    """Return every control."""
    return tuple(map(by_id, IDS))
