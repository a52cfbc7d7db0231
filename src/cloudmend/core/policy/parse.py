"""A policy from a file's text and from settings, which override what the file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog, Described
from cloudmend.core.policy.exemptions import read_exemptions
from cloudmend.core.policy.file import EXAMPLES, ExistingTable, ModeTable, PolicyFile, Reading
from cloudmend.core.policy.layers import layered
from cloudmend.core.policy.location import MODE, Document, Key, Review, did_you_mean
from cloudmend.core.policy.model import RIGHTS, Mode, Policy
from cloudmend.core.policy.modes import moved_modes, read_choice, read_mode, read_modes, read_rights

NO_CONTROLS: Final = Catalog(controls={})
_MODE: Final = "mode"  # keys of the table of every control
_EXISTING: Final = "existing"
_Table = TypeVar("_Table", bound=Struct)
_Read = TypeVar("_Read")


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
    of_all = read_modes(read.mode, document.at("mode"), review)
    controls = document.at("control")
    tables = dict(_tables(read.control, controls, catalog, review))
    own = dict(_by_place(_MODE, tables, controls, ModeTable, read_modes, review))
    policy = Policy(
        mode=of_all,
        modes=moved_modes(read.mode, of_all, own, document, catalog.controls, review),
        existing=read_choice(read.existing, document.at(_EXISTING), review),
        existing_of_control=dict(_by_place(_EXISTING, tables, controls, ExistingTable, read_choice, review)),
        exemptions=read_exemptions(read.exemption, document, now, catalog, review),
        settings=dict(_settings(tables, controls, catalog, review)),
        rights=dict(read_rights(settings.get(RIGHTS, ""), review)),
    )
    if (setting := settings.get(MODE.variable)) and (mode := review.attempt(None, read_mode, setting, MODE)):
        policy = _switched(policy, mode)
    if review.refusals:
        raise PolicyError(*review.refusals)
    return policy, review.warnings


def _switched(policy: Policy, mode: Mode) -> Policy:
    """Return the policy under a setting of the mode: it is the default, and observe stops every write."""
    modes = msgspec.structs.replace(policy.mode, default=mode)
    return msgspec.structs.replace(policy, mode=modes, is_observing=mode == "observe")


def _tables(
    tables: Mapping[str, object], key: Key, catalog: Catalog, review: Review
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the table of each control that there is."""
    for name, table in tables.items():
        if name not in catalog.controls:
            told = did_you_mean(name, catalog.controls)
            review.refuse(key.at(name), "there is no control of this id", told)
        elif isinstance(table, dict):
            yield name, table
        else:
            review.refuse(key.at(name), "this should be a table", f"Write for example [{key.at(name)}].")


def _by_place(
    name: str,
    tables: Mapping[str, Mapping[str, object]],
    key: Key,
    shape: type[_Table],
    read: Callable[[_Table, Key, Review], _Read],
    review: Review,
) -> Iterator[tuple[str, _Read]]:
    """Yield what controls say by themselves under a key that all of them have, if they say it by place: a table."""
    for control, table in tables.items():
        if isinstance(said := table.get(name), dict):
            own = key.at(control, name)
            yield (
                control,
                read(Reading(review, EXAMPLES, above=len(own.steps) - 1).table(shape, said, own), own, review),
            )


def _settings(
    tables: Mapping[str, Mapping[str, object]], key: Key, catalog: Catalog, review: Review
) -> Iterator[tuple[str, Any]]:
    """Yield the settings that the file has for a control, unless they are its defaults."""
    for name, table in tables.items():
        if own := {key: value for key, value in table.items() if key not in (_MODE, _EXISTING)}:
            control = catalog.controls[name]
            settings = _settings_of(control, own, key.at(name), review)
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
    return {name: f"{name} = {_toml(value)}" for name, value in _dotted(msgspec.to_builtins(kind()))}


def _dotted(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        yield above + name, value
        if isinstance(value, dict):
            yield from _dotted(value, f"{above}{name}.")


def _toml(value: Any) -> str:
    if isinstance(value, dict) and value:
        return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in value.items())} }}"
    return msgspec.json.encode(value).decode()
