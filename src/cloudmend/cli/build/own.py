"""Controls of one's own for the function: packages whose modules have a CONTROL, and the template with their rights."""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from cloudmend.cli import repository
from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.table import MODULES
from cloudmend.core.contract import Control
from cloudmend.core.errors import InputError
from cloudmend.template.blocks import filled, template_blocks
from cloudmend.template.global_rules import FILE, global_template


def own_controls(folders: Iterable[Path]) -> Mapping[str, Control[Any]]:
    """Return the controls of these packages, by the names of their modules, in the order of their ids.

    Raises InputError for a folder that is no package, cannot be imported or has no control, and for an id that is
    taken.
    """
    found = dict(each for folder in folders for each in _of_package(folder))
    module_of: dict[str, str] = {**MODULES}
    for name, control in found.items():
        if other := module_of.get(control.id):
            raise InputError(f"{name} and {other} have a control of the same id, {control.id}. Give one another id.")
        module_of[control.id] = name
    return dict(sorted(found.items(), key=lambda item: item[1].id))


def _of_package(folder: Path) -> Iterator[tuple[str, Control[Any]]]:
    """Yield each control once, though a package may import it from its modules."""
    seen: list[Control[Any]] = []
    for module in _modules(folder.resolve()):
        control = getattr(module, "CONTROL", None)
        if control is None or any(control is each for each in seen):
            continue
        if not isinstance(control, Control):
            raise InputError(f"CONTROL of {module.__file__} is no Control of cloudmend.core.contract.")
        seen.append(control)
        yield module.__name__, control
    if not seen:
        raise InputError(f"{folder} has no control: no module of it has a CONTROL. docs/own-control.md shows one.")


def _modules(folder: Path) -> Iterator[ModuleType]:
    if not (folder / "__init__.py").is_file():
        raise InputError(
            f"{folder} is no package: it has no __init__.py. Pass the folder that has it, such as src/NAME."
        )
    package = _imported(folder, folder.name)
    if Path(str(package.__file__)).resolve().parent != folder:
        raise InputError(f"{folder.name} is the name of another package, {package.__file__}. Give the folder another.")
    yield package
    for each in pkgutil.walk_packages(package.__path__, f"{folder.name}."):
        yield _imported(folder, each.name)


def _imported(folder: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(folder.parent))
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the import of a stranger's module raises
        raise InputError(f"{name} of {folder} cannot be imported ({type(error).__name__}: {error}).") from None
    finally:
        sys.path.remove(str(folder.parent))


def write_template(path: Path, controls: Sequence[Control[Any]], code: Path) -> None:
    """Write the template for these controls. Its functions are the folder `code`, which needs no build any more.

    Beside it stands the template of the rules that forward the calls of global services, if a control hears any.
    """
    text = (repository() / "template.yaml").read_text(encoding="utf-8")
    where = os.path.relpath(code, path.parent)
    text = text.replace("CodeUri: src", f"CodeUri: {where}").replace("BuildMethod: makefile", "SkipBuild: true")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(filled(text, template_blocks(controls, CATALOG.first)), encoding="utf-8")
    beside = path.parent / FILE
    if forwarding := global_template(controls):
        beside.write_text(forwarding, encoding="utf-8")
        sys.stdout.write(
            f"{beside} forwards the calls of global services. If your stack is not in us-east-1, deploy it there: "
            "docs/own-control.md says how.\n"
        )
    else:
        beside.unlink(missing_ok=True)
