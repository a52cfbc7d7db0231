"""The parameters, outputs and rights of a deployment, from template.yaml and the controls."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from cloudmend.controls import every
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.contract import Control
from cloudmend.core.policy.model import rights_parameter
from cloudmend.template.policies import policies
from cloudmend.template.statements import HERE, OWN, Granted, follow, mend, undo
from cloudmend.template.statements import denials as denied
from docs_blocks.markdown import code, codes, table

_ROOT: Final = Path(__file__).parents[2]
_TEMPLATE: Final = _ROOT / "template.yaml"
_POLICY: Final = _ROOT / "src" / "cloudmend" / "policy.toml"


def parameters() -> str:
    rows = ((code(name), _default(name, value), value["Description"]) for name, value in _read("Parameters"))
    return table(("parameter", "default", "meaning"), rows)


def outputs() -> str:
    return table(("output", "meaning"), ((code(name), value["Description"]) for name, value in _read("Outputs")))


def rights() -> str:
    """Return a row for each statement that any control needs, in the stack's own Region."""
    return rights_of(every())


def rights_of(controls: Iterable[Control[Any]]) -> str:
    """Return the rows of `rights` for some controls."""
    rows = [
        (
            code(control.id),
            who,
            codes(granted.actions),
            _resources(granted),
            _condition(granted),
            _when(control, granted),
        )
        for control in controls
        for who, grants in _ROLES
        for granted in grants(control, HERE)
    ]
    return table(("control", "for", "actions", "resources", "if", "only with"), rows)


def denials() -> str:
    """Return a row for each service in which cloudmend owns a resource."""
    granted = [each for policy in policies(every()) for each in policy.statements]
    rows = [
        (codes(each.actions), codes(OWN[service]))
        for each in denied(granted)
        for service in [each.actions[0].partition(":")[0]]
    ]
    return table(("denied", "for"), rows)


_ROLES: Final = (("events, sweep", mend), ("events", follow), ("people", undo))


def _resources(granted: Granted) -> str:
    listed = granted.body["Resource"]
    arns = [
        each if isinstance(each, str) else each["Fn::Sub"]
        for each in (listed if isinstance(listed, list) else [listed])
    ]
    return codes([arn.replace("AWS::", "") for arn in arns])


def _condition(granted: Granted) -> str:
    return ", ".join(conditions(granted.body.get("Condition", {})))


def conditions(block: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield what each condition key must be, in words."""
    for operator, keys in block.items():
        for key, value in keys.items():
            is_absent = (operator, value) == ("Null", "true")
            either = f"{code(key)} is absent or " if operator.endswith("IfExists") else f"{code(key)} is "
            named = [value] if isinstance(value, str) else value
            yield f"{code(key)} is absent" if is_absent else f"{either}{' or '.join(map(code, named))}"


def _when(control: Control[Any], granted: Granted) -> str:
    parameter = rights_parameter(control.id)
    if granted.condition.startswith("Hears"):
        return f"{code(parameter)} not {code('off')}"
    fixes = code(f"{parameter}=fix")
    return f"{fixes}, {code('Mode')} not {code('observe')}" if granted.condition.startswith("Mends") else fixes


def _read(section: str) -> list[tuple[str, dict[str, Any]]]:
    return list(yaml_parse(_TEMPLATE.read_text(encoding="utf-8"))[section].items())


def _default(name: str, parameter: dict[str, Any]) -> str:
    if parameter["Default"] != "":
        return code(str(parameter["Default"]))
    key = next((each.key for each in CATALOG.settings if each.template == name), ())
    return f"the policy file's: {code(_packaged(key))}" if key else "none"


def _packaged(key: Iterable[str | int]) -> str:
    """Return the packaged policy as the text of a parameter."""
    value: Any = tomllib.loads(_POLICY.read_text(encoding="utf-8"))
    for step in key:
        value = value[step]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
