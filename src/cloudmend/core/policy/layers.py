"""The raw tables of a policy: the file's, with the keys that have moved in their new places, and settings over them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.location import SETTINGS, Document, Item, Key, Location, Review, Step

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
    elsewhere: dict[tuple[Step, ...], Location] = {}
    for above in ((), *(("control", name) for name in _names(tables.get("control")))):
        for word in _WORDS:
            _expand(tables, (*above, word), document, elsewhere)
    for name, steps in catalog.moved.items():
        if name in tables:
            _move(tables, document.at(name), steps, elsewhere, review)
    for location, steps, text in _given(settings, catalog, review):
        come = _put(tables, steps, Given(text))
        if not come:
            review.refuse(location, "a key above it is no table", "Write the key of a value.")
        elsewhere.update({each: Item(each) if isinstance(location, Item) else location for each in come})
    return tables, Document(document.name, document.text, elsewhere)


def _given(
    settings: Mapping[str, str], catalog: Catalog, review: Review
) -> Iterator[tuple[Location, tuple[Step, ...], str]]:
    """Yield the place, the key, and the value of each setting."""
    items = dict(_items(settings.get(SETTINGS.variable, ""), review))
    for steps, value in items.items():
        yield Item(steps), steps, value
    for parameter in catalog.parameters:
        if text := settings.get(parameter.variable):
            if parameter.key in items:
                review.refuse(parameter, f"{Item(parameter.key).where} says it too", "Keep one of the two.")
            yield parameter, parameter.key, text


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


_WORDS: Final = ("mode", "existing")  # tables that may be a word, which then is their default
_SET: Final = ("control", *_WORDS)  # what SETTINGS can set
_ITEM: Final = re.compile(r"([\w-]+(?:\.[\w-]+)*)\s*=\s*(.+)", re.ASCII | re.DOTALL)


def _items(text: str, review: Review) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Yield the keys and values of SETTINGS, each key once."""
    seen: set[tuple[Step, ...]] = set()
    for item in filter(None, map(str.strip, re.split(r"[;\n]", text))):
        match = _ITEM.fullmatch(item)
        steps: tuple[Step, ...] = tuple(match[1].split(".")) if match else ()
        if match is None:
            review.refuse(SETTINGS, f"{item!r} is not KEY=VALUE", "Write for example mode.default=observe.")
        elif steps[0] not in _SET:
            review.refuse(SETTINGS, f"{match[1]} cannot be set here", f"Only keys of {_listed(_SET)} can.")
        elif (steps := _long(steps)) in seen:
            review.refuse(Item(steps), "it is there twice", "Keep the one that is meant.")
        else:
            seen.add(steps)
            yield steps, match[2]


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])}, and {words[-1]}"


def _long(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the key of the default, if the key is that of a table that may be a word."""
    is_word = len(steps) == 1 or (len(steps) == 3 and steps[0] == "control")
    return (*steps, "default") if is_word and steps[-1] in _WORDS else steps


def _names(tables: object) -> list[str]:
    return list(tables) if isinstance(tables, dict) else []


def _expand(
    tables: Tables, steps: tuple[Step, ...], document: Document, elsewhere: dict[tuple[Step, ...], Location]
) -> None:
    """Make a table of what is a word."""
    word = _get(tables, steps)
    if word is not None and not isinstance(word, dict):
        _put(tables, steps, {"default": word})
        elsewhere[(*steps, "default")] = document.at(*steps)


def _move(
    tables: Tables, old: Key, steps: tuple[Step, ...], elsewhere: dict[tuple[Step, ...], Location], review: Review
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


def _put(tables: Any, steps: tuple[Step, ...], value: object) -> list[tuple[Step, ...]]:
    """Set a key, and return it with the tables above it that come with it.

    If what should be a table above it is none, leave that, which is refused, and return nothing.
    """
    come = []
    for count, step in enumerate(steps[:-1], 1):
        if not isinstance(tables, dict):
            return []
        if step not in tables:
            come.append(steps[:count])
        tables = tables.setdefault(step, {})
    if not isinstance(tables, dict):
        return []
    tables[steps[-1]] = value
    return [*come, steps]
