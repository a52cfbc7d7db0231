"""The controls, in the order in which they run. A new one is a file or folder beside this file.

At home, other distributions can bring more: the command line says where to search for them. The deployed function has
those of its table alone (decision 41).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from cloudmend.controls.table import MODULES, WAKES

if TYPE_CHECKING:
    from cloudmend.core.contract import Control
    from cloudmend.core.model import ApiCall

    Load = Callable[[], Control[Any] | None]  # None: it cannot be used

IDS: Final = tuple(MODULES)  # of the table

_search: Callable[[], Mapping[str, Load]] = dict


def search_with(search: Callable[[], Mapping[str, Load]]) -> None:
    """Take also the controls that `search` returns by id, each as a function that imports it.

    The search is made whenever one may be needed, so it should remember what it found, as should each function.
    """
    global _search
    _search = search


def woken_by(calls: Iterable[ApiCall]) -> tuple[Control[Any], ...]:
    """Return the controls that watch any of these calls. No other control of the table is imported."""
    calls = tuple(calls)
    woken = {each for call in calls for each in WAKES.get(call.source, {}).get(call.name, ())}
    others = (each for each in installed() if any(each.trigger(call) for call in calls))
    return (*(by_id(name) for name in IDS if name in woken), *others)


def by_id(control_id: str) -> Control[Any]:
    """Return the control of an id. Raises KeyError for an id that is none."""
    if control_id in MODULES:
        control: Control[Any] = import_module(MODULES[control_id]).CONTROL
        return control
    if found := _search()[control_id]():
        return found
    raise KeyError(control_id)


def is_known(control_id: str) -> bool:
    """Return whether there is a control of an id."""
    return control_id in MODULES or any(name == control_id and load() for name, load in _search().items())


def installed() -> tuple[Control[Any], ...]:
    """Return the controls that other distributions bring."""
    return tuple(found for load in _search().values() if (found := load()))


def wakes() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the ids of the controls that each call wakes, by event source and name."""
    found = {source: dict(names) for source, names in WAKES.items()}
    for control in installed():
        for each in control.triggers:
            names = found.setdefault(each.source, {})
            names[each.name] = tuple(dict.fromkeys((*names.get(each.name, ()), control.id)))
    return found


def every() -> tuple[Control[Any], ...]:
    """Return every control."""
    return (*map(by_id, IDS), *installed())


def ids() -> tuple[str, ...]:
    """Return the id of every control. None of the table is imported for it."""
    return (*IDS, *(each.id for each in installed()))
