"""The controls that a family's factory makes are made again for each test.

An import makes each of them once, before mutmut changes anything. Made by the test, a control shows what a mutant of
its factory does.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import CodeType, ModuleType

import msgspec
import pytest

from cloudmend import controls
from cloudmend.controls import families


def _files(package: ModuleType) -> list[str]:
    return [f"{package.__name__}.{info.name}" for info in iter_modules(package.__path__) if not info.ispkg]


def _modules() -> list[ModuleType]:
    """Return the modules whose control a factory made."""
    factories = set(_files(families))
    modules = (import_module(name) for name in _files(controls))
    return [one for one in modules if any(getattr(each, "__module__", "") in factories for each in vars(one).values())]


_MODULES = _modules()


@cache
def _code(module: ModuleType) -> CodeType:
    """Return what its import runs, compiled once."""
    assert module.__file__ is not None
    return compile(Path(module.__file__).read_bytes(), module.__file__, "exec")


@pytest.fixture(autouse=True)
def made_anew() -> None:
    """Give each control the fields of one that a new run of its module makes."""
    for module in _MODULES:
        again = ModuleType(module.__name__)
        exec(_code(module), vars(again))  # noqa: S102 - the project's own module
        for field in msgspec.structs.fields(module.CONTROL):
            msgspec.structs.force_setattr(module.CONTROL, field.name, getattr(vars(again)["CONTROL"], field.name))
