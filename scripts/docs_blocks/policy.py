"""What a policy file may hold, from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from cloudmend.core.network import disjoint
from cloudmend.core.policy.file import EXAMPLES, REQUIRED, ExemptionTable, PolicyFile, is_table
from cloudmend.core.policy.guarded import NAMED_SETS
from docs_blocks.markdown import code, codes, table


def keys() -> str:
    """Every key: its default, and how to write it."""
    return table(("key", "default", "for example"), _rows(PolicyFile))


def named_sets() -> str:
    rows = ((code(name), codes(map(str, disjoint(each.ports))), each.source) for name, each in NAMED_SETS.items())
    return table(("set", "holds", "source"), rows)


def _rows(kind: type[Struct], above: str = "") -> Iterator[tuple[str, str, str]]:
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        name = above + field.name
        inner = next((each for each in _types(hints[field.name]) if is_table(each)), None)
        if inner:
            yield from _rows(inner, f"{name}.")
        else:
            yield code(name), _default(field, kind), code(EXAMPLES[name])


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
