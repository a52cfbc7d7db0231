"""The controls that other installed distributions bring, by the entry points that they declare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from cloudmend.controls.table import MODULES
from cloudmend.core.escaping import terminal

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from cloudmend.core.contract import Control

GROUP: Final = "cloudmend.controls"


@cache
def installed_controls() -> Mapping[str, Callable[[], Control[Any] | None]]:
    """Return, by id, functions that import a control. An id that is taken costs the control of its later distribution.

    The name of an entry point is the control's id, its value the module whose CONTROL it is.
    """
    from importlib.metadata import entry_points  # slow to import, and most commands ask for no control

    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda each: (each.name, _distribution(each))):
        if point.name in MODULES:
            _warn(point, "its id is that of a control of cloudmend's. Give it another")
        elif point.name in found:
            _warn(point, f"its id is that of a control of {_distribution(found[point.name])}. Uninstall one of the two")
        else:
            found[point.name] = point
    return {name: cache(partial(_loaded, point)) for name, point in found.items()}


def _loaded(point: EntryPoint) -> Control[Any] | None:
    """Return the control, or None with a warning if it cannot be used: the others work without it."""
    from cloudmend.core.contract import Control  # the same

    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the import of a stranger's module raises
        _warn(point, f"its module {point.value} cannot be imported ({type(error).__name__}: {error})")
        return None
    control = getattr(module, "CONTROL", None)
    if not isinstance(control, Control):
        _warn(point, f"its module {point.value} has no CONTROL that is a Control of cloudmend.core.contract")
    elif control.id != point.name:
        _warn(point, f"its entry point must have the id of its control as its name, which is {control.id}")
    else:
        return control
    return None


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "no distribution"


def _warn(point: EntryPoint, why: str) -> None:
    told = f"Control {point.name} of {_distribution(point)} is left out: {why}."
    sys.stderr.write(f"warning: {terminal(told)}\n")
