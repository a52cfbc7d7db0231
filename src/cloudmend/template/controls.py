"""Find the controls where they lie, for what is generated from them. The function itself has a table."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from cloudmend import controls as package
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.contract import Control


def find_controls() -> Mapping[str, Control[Any]]:
    """Return each control by its module's name, in the order in which they run: the first of all, then by id.

    Raises ValueError if two have one id.
    """
    names = (f"{package.__name__}.{module.name}" for module in pkgutil.iter_modules(package.__path__))
    modules = {name: import_module(name) for name in names}
    found = {name: module.CONTROL for name, module in modules.items() if hasattr(module, "CONTROL")}
    by_id = {control.id: name for name, control in found.items()}
    if twice := [name for name, control in found.items() if by_id[control.id] != name]:
        raise ValueError(f"{', '.join(twice)}: another module has a control of the same id. An id is of one control.")
    return {by_id[id_]: found[by_id[id_]] for id_ in sorted(by_id, key=lambda id_: (id_ != CATALOG.first, id_))}
