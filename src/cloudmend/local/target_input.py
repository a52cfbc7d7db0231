"""The input of a rule's target: the event, or what Input, InputPath, or InputTransformer make of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
_STRING_OR_PLACEHOLDER = re.compile(r'"(?:[^"\\]|\\.)*"|<[\w.-]+>')


def target_input(target: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The payload, as JSON. Paths go through objects only; a path that leads nowhere gives null."""
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        return _at(event, target["InputPath"])
    if "InputTransformer" in target:
        return _transform(target["InputTransformer"], event)
    return event


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for key in path.split(".")[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _transform(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The template, JSON once its placeholders are values: alone they keep their type, in a string they are text."""
    values = {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values["aws.events.event.json"] = event

    def fill(token: re.Match[str]) -> str:
        if token[0].startswith("<"):
            return json.dumps(values.get(token[0][1:-1]))
        return _PLACEHOLDER.sub(lambda name: _text(values.get(name[1])), token[0])

    return json.loads(_STRING_OR_PLACEHOLDER.sub(fill, transformer["InputTemplate"]))


def _text(value: Any) -> str:
    """A value inside a JSON string, escaped."""
    return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]
