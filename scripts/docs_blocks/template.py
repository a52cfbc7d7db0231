"""What a deployment takes and gives, from template.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from cloudmend.core.policy import PARAMETERS
from docs_blocks.markdown import code, table

_TEMPLATE: Final = Path(__file__).parents[2] / "template.yaml"


def parameters() -> str:
    rows = ((code(name), _default(name, value), value["Description"]) for name, value in _read("Parameters"))
    return table(("parameter", "default", "meaning"), rows)


def outputs() -> str:
    return table(("output", "what it is"), ((code(name), value["Description"]) for name, value in _read("Outputs")))


def _read(section: str) -> list[tuple[str, dict[str, Any]]]:
    return list(yaml_parse(_TEMPLATE.read_text(encoding="utf-8"))[section].items())


def _default(name: str, parameter: dict[str, Any]) -> str:
    policy = {each.template: each.default for each in PARAMETERS}
    if parameter["Default"] != "":
        return code(str(parameter["Default"]))
    return f"the policy file's: {code(policy[name])}" if name in policy else "none"
