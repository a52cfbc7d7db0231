"""What a policy file may hold, from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from cloudmend.core.network import disjoint
from cloudmend.core.policy.file import EXAMPLES, PolicyFile
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
        inner = next(iter(get_args(hints[field.name])), hints[field.name])
        if isinstance(inner, type) and issubclass(inner, Struct):
            yield from _rows(inner, f"{name}.")
        else:
            yield code(name), _default(field), code(EXAMPLES[name])


def _default(field: msgspec.structs.FieldInfo) -> str:
    value: Any = field.default if field.default_factory is NODEFAULT else field.default_factory()
    if value is NODEFAULT:
        return "none: it must be there"
    return "none" if value is None else code(json.dumps(value))
