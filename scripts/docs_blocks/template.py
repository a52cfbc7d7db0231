"""The parameters and outputs of a deployment, from template.yaml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from cloudmend.controls.catalog import CATALOG
from docs_blocks.markdown import code, table

_ROOT: Final = Path(__file__).parents[2]
_TEMPLATE: Final = _ROOT / "template.yaml"
_POLICY: Final = _ROOT / "src" / "cloudmend" / "policy.toml"


def parameters() -> str:
    rows = ((code(name), _default(name, value), value["Description"]) for name, value in _read("Parameters"))
    return table(("parameter", "default", "meaning"), rows)


def outputs() -> str:
    return table(("output", "what it is"), ((code(name), value["Description"]) for name, value in _read("Outputs")))


def _read(section: str) -> list[tuple[str, dict[str, Any]]]:
    return list(yaml_parse(_TEMPLATE.read_text(encoding="utf-8"))[section].items())


def _default(name: str, parameter: dict[str, Any]) -> str:
    if parameter["Default"] != "":
        return code(str(parameter["Default"]))
    key = next((each.key for each in CATALOG.settings if each.template == name), ())
    return f"the policy file's: {code(_packaged(key))}" if key else "none"


def _packaged(key: Iterable[str | int]) -> str:
    """Return what the packaged policy says, as a parameter would."""
    value: Any = tomllib.loads(_POLICY.read_text(encoding="utf-8"))
    for step in key:
        value = value[step]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
