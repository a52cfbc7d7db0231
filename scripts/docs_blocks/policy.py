"""The keys of a policy file, from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.families.ranges.ports import NAMED_SETS
from cloudmend.core.network import disjoint
from cloudmend.core.policy.file import EXAMPLES, OLD, REQUIRED, ExemptionTable, PolicyFile, is_table
from docs_blocks.markdown import code, codes, table

_HEADINGS = ("key", "default", "for example")


def keys() -> str:
    """Return a row for each key that all controls share: its default, and an example."""
    return table(_HEADINGS, _rows(PolicyFile, EXAMPLES))


def control_keys() -> str:
    """The keys of the controls that have settings of their own."""
    described = ((code(name), control.keys) for name, control in CATALOG.controls.items() if control.keys)
    rows = ((name, *row) for name, keys in described for row in _rows(keys.table, keys.examples))
    return table(("control", *_HEADINGS), rows)


def named_sets() -> str:
    rows = ((code(name), codes(map(str, disjoint(each.ports))), each.source) for name, each in NAMED_SETS.items())
    return table(("set", "holds", "source"), rows)


def _rows(kind: type[Struct], examples: Mapping[str, str], above: str = "") -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        name = above + field.name
        inner = next((each for each in _types(hints[field.name]) if is_table(each)), None)
        if inner:
            yield from _rows(inner, examples, f"{name}.")
        elif name not in OLD:
            yield code(name), _default(field, kind), code(examples[name])


def _types(hint: Any) -> Iterator[Any]:
    """Yield a type, and those that it is made of."""
    yield hint
    for inner in get_args(hint):
        yield from _types(inner)


def _default(field: msgspec.structs.FieldInfo, kind: type[Struct]) -> str:
    value: Any = field.default if field.default_factory is NODEFAULT else field.default_factory()
    if kind is ExemptionTable and field.name in REQUIRED:
        return "none: it must be there"
    return "none" if value is None else code(json.dumps(value))
