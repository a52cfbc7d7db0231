"""The JSON that programs read, field by field: types from msgspec's schema, meanings from meanings.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from cloudmend.core.ledger_records import LedgerRecord, TimedExemption
from cloudmend.core.notice.event import Detail
from cloudmend.core.standing import StandingResource, Unit
from docs_blocks.markdown import code, codes, table

# In which page each type has its table: what refers to it links there.
_PAGES: Final = {
    "events.md": ("Detail", "Resource", "Actor", "Attribution", "Finding", "Edit", "Step", "Words"),
    "records.md": (
        "LedgerRecord",
        "End",
        "Intent",
        "Request",
        "TimedExemption",
        "StandingResource",
        "StandingFinding",
        "Unit",
        "UnreadResource",
    ),
}
_WORDS: Final = {"string": "text", "integer": "whole number", "number": "number", "object": "object"}


def detail() -> str:
    """Return the tables of an event's detail and of the types in it."""
    return _tables("events.md", *_PAGES["events.md"])


def entry() -> str:
    """Return the tables of a mend in the ledger, and of those of its types that an event does not hold."""
    return _tables("records.md", "LedgerRecord", "End", "Intent", "Request")


def exemption() -> str:
    return _tables("records.md", "TimedExemption")


def standing() -> str:
    """Return the tables of the standing findings of a resource."""
    return _tables("records.md", "StandingResource", "StandingFinding")


def unit() -> str:
    """Return the tables of a unit, with the time of its last read, and of the resources that it could not read."""
    return _tables("records.md", "Unit", "UnreadResource")


def _tables(page: str, first: str, *others: str) -> str:
    return "\n\n".join([_table(page, first), *(f"### {name}\n\n{_table(page, name)}" for name in others)])


def _table(page: str, name: str) -> str:
    """Raise ValueError if the fields and the meanings differ."""
    fields, meanings = _schemas()[name]["properties"], _meanings()[name]
    if fields.keys() != meanings.keys():
        differ = ", ".join(sorted(fields.keys() ^ meanings.keys()))
        raise ValueError(f"{name} in scripts/docs_blocks/meanings.toml: {differ} is in it alone, or missing.")
    rows = ((code(field), _type(fields[field], page), meanings[field]) for field in fields)
    return table(("field", "type", "meaning"), rows)


@cache
def _schemas() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([Detail, LedgerRecord, TimedExemption, StandingResource, Unit])
    return components


@cache
def _meanings() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "meanings.toml").read_text(encoding="utf-8"))


def _type(schema: dict[str, Any], page: str) -> str:
    if "$ref" in schema:
        return _link(schema["$ref"].rpartition("/")[2], page)
    if "anyOf" in schema:
        return " or ".join(_type(each, page) for each in schema["anyOf"])
    if "enum" in schema:
        return codes(map(str, schema["enum"]))
    if "type" not in schema:
        return "anything"
    if schema["type"] == "array":
        return f"list of {_type(schema['items'], page)}"
    return _plain(schema)


def _plain(schema: dict[str, Any]) -> str:
    if schema["type"] == "null":
        return code("null")
    if schema["type"] == "boolean":
        return codes(("true", "false"))
    return "time" if schema.get("format") == "date-time" else _WORDS[schema["type"]]


def _link(name: str, page: str) -> str:
    """Return the link to a type's table. `Record` has none of its own: it is `Detail` without two fields."""
    home = next((home for home, names in _PAGES.items() if name in names), "events.md")
    return f"[{name}]({'' if home == page else home}#{'fields' if name in ('Detail', 'Record') else name.lower()})"
