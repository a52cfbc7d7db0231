"""The raw tables of a policy: the file's, with the keys that have moved in their new places, and settings over them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.place import Document, Key, Place, Step
from cloudmend.core.policy.review import Review

Tables = dict[str, Any]
_AT: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


class Given(str):
    """The text of a setting, which has no type of its own: it is read as its key's type says."""

    __slots__ = ()


def layered(
    document: Document, settings: Mapping[str, str], catalog: Catalog, review: Review
) -> tuple[Tables, Document]:
    """Return all tables as one, and the document that knows where each value stands.

    Raises:
        PolicyError: The text is not TOML.
    """
    tables = _parsed(document)
    elsewhere: dict[tuple[Step, ...], Place] = {}
    for above in ((), *(("control", name) for name in _names(tables.get("control")))):
        _expand(tables, (*above, "mode"), document, elsewhere)
    for name, steps in catalog.moved.items():
        if name in tables:
            _move(tables, document.at(name), steps, elsewhere, review)
    for parameter in catalog.parameters:
        text = settings.get(parameter.variable)
        if text and _put(tables, parameter.key, Given(text)):
            elsewhere[parameter.key] = parameter
    return tables, Document(document.name, document.text, elsewhere)


def _parsed(document: Document) -> Tables:
    try:
        return tomllib.loads(document.text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(_not_toml(document, str(error))) from None


def _not_toml(document: Document, problem: str) -> str:
    where = document.name
    if found := _AT.search(problem):
        where, problem = f"{where}, line {found[1]}", problem.replace(found[0], f"(column {found[2]})")
    return f"{where}: this is not TOML: {problem}. Correct it there."


def _names(tables: object) -> list[str]:
    return list(tables) if isinstance(tables, dict) else []


def _expand(
    tables: Tables, steps: tuple[Step, ...], document: Document, elsewhere: dict[tuple[Step, ...], Place]
) -> None:
    """Make a table of a mode that is a word."""
    mode = _get(tables, steps)
    if mode is not None and not isinstance(mode, dict):
        _put(tables, steps, {"default": mode})
        elsewhere[(*steps, "default")] = document.at(*steps)


def _move(
    tables: Tables, old: Key, steps: tuple[Step, ...], elsewhere: dict[tuple[Step, ...], Place], review: Review
) -> None:
    value = tables.pop(str(old))
    if _get(tables, steps) is not None:
        review.refuse(old, f"{old.document.at(*steps)} says it too", "Keep that one, and take this one out.")
    elif _put(tables, steps, value):
        elsewhere[steps] = old
        told = f"this key has moved to {old.document.at(*steps)}"
        review.warn(old, told, "Write it there: the next version refuses it here.")


def _get(tables: Any, steps: tuple[Step, ...]) -> Any:
    """Return the value of a key; None if there is none."""
    for step in steps:
        tables = tables.get(step) if isinstance(tables, dict) else None
    return tables


def _put(tables: Any, steps: tuple[Step, ...], value: object) -> bool:
    """Set a key; if what should be a table above it is none, leave that, which is refused."""
    *above, last = steps
    for step in above:
        tables = tables.setdefault(step, {}) if isinstance(tables, dict) else None
    if not isinstance(tables, dict):
        return False
    tables[last] = value
    return True
