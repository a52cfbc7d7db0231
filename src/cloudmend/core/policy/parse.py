"""A policy from a file's text and from settings, which override what the file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.file import EXAMPLES, PolicyFile, Reading
from cloudmend.core.policy.layers import layered
from cloudmend.core.policy.model import Modes, Policy
from cloudmend.core.policy.place import MODE, Document, Key, did_you_mean
from cloudmend.core.policy.review import Review
from cloudmend.core.policy.scopes import read_exemptions, read_modes

NO_CONTROLS: Final = Catalog(controls={})


def parse_policy(
    settings: Mapping[str, str],
    file: str | None = None,
    *,
    name: str = "policy.toml",
    catalog: Catalog = NO_CONTROLS,
) -> Policy:
    """Return the policy of a file's TOML text, overridden by settings by environment-variable name.

    What is absent has its default; a setting that is empty is absent, and other settings are not looked at.
    `name` is what errors call the file; the catalog has the controls that it can speak of.

    Raises:
        PolicyError: It tells everything that is wrong: where, why, and what to write instead.
    """
    return review_policy(settings, file, name=name, catalog=catalog)[0]


def review_policy(
    settings: Mapping[str, str],
    file: str | None = None,
    *,
    name: str = "policy.toml",
    catalog: Catalog = NO_CONTROLS,
    now: datetime | None = None,
) -> tuple[Policy, tuple[str, ...]]:
    """Return the same policy, and warnings of what is sound and yet probably not meant. Raises PolicyError."""
    review = Review()
    tables, document = layered(Document(name, file or ""), settings, catalog, review)
    moved = {old: str(document.at(*steps)) for old, steps in catalog.moved.items()}
    read = Reading(review, EXAMPLES, moved=moved).table(PolicyFile, tables, document.at())
    modes = read_modes(read.mode, document, catalog.controls.keys(), review)
    policy = Policy(
        mode=Modes(default="observe") if settings.get(MODE.variable) == "observe" else modes,
        exemptions=read_exemptions(read.exemption, document, now, review),
        settings=dict(_settings(read.control, document.at("control"), catalog, review)),
    )
    if review.refusals:
        raise PolicyError(*review.refusals)
    return policy, review.warnings


def _settings(tables: Mapping[str, object], key: Key, catalog: Catalog, review: Review) -> Iterator[tuple[str, Any]]:
    """Yield the settings that the file has for a control, unless they are its defaults."""
    for name, table in tables.items():
        if name not in catalog.controls:
            told = did_you_mean(name, catalog.controls)
            review.refuse(key.at(name), "there is no control of this id", told)
        elif not isinstance(table, dict):
            review.refuse(key.at(name), "this should be a table", f"Write for example [{key.at(name)}].")
        else:
            control = catalog.controls[name]
            settings = _settings_of(control, table, key.at(name), review)
            if settings != control.settings():
                yield name, settings


def _settings_of(control: Described, table: Mapping[str, object], key: Key, review: Review) -> Any:
    keys = control.keys
    kind: type[Struct] = keys.table if keys else control.settings
    examples = keys.examples if keys else _examples(kind)
    read = Reading(review, examples, above=len(key.steps)).table(kind, table, key)
    return keys.read(read, key, review) if keys else read


def _examples(kind: type[Struct]) -> dict[str, str]:
    """Return a line of TOML for each key: its default."""
    defaults = msgspec.to_builtins(kind())
    return {name: f"{name} = {msgspec.json.encode(value).decode()}" for name, value in defaults.items()}
