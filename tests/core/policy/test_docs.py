"""docs/reference/policy.md: every table and list has its section, and the examples are policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.policy.catalog import Described
from cloudmend.core.policy.file import EXAMPLES, OLD, PolicyFile, is_table
from cloudmend.core.policy.parse import parse_policy

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def keys(table: type[msgspec.Struct] = PolicyFile, above: str = "") -> Iterator[str]:
    """Dotted names of all the keys that a policy file may hold."""
    for name, hint in get_type_hints(table).items():
        yield above + name
        inner = next((each for each in types(hint) if is_table(each)), None)
        if inner:
            yield from keys(inner, f"{above}{name}.")


def types(hint: Any) -> Iterator[Any]:
    yield hint
    for inner in get_args(hint):
        yield from types(inner)


@pytest.mark.parametrize("key", list(keys()))
def test_every_key_has_its_section_and_an_example_for_errors(key: str) -> None:
    assert f"\n## {key.partition('.')[0]}\n" in PAGE
    assert key in EXAMPLES


@pytest.mark.parametrize("control", [each for each in CATALOG.controls.values() if each.keys], ids=lambda each: each.id)
def test_every_key_of_a_control_has_its_section_and_an_example(control: Described) -> None:
    assert control.keys
    names = list(keys(control.keys.table))
    assert set(control.keys.examples) == set(names)
    assert not [name for name in names if f"\n### {name.partition('.')[0]}\n" not in PAGE]


@pytest.mark.parametrize("control", CATALOG.controls.values(), ids=lambda each: each.id)
def test_no_control_has_a_setting_that_is_its_mode(control: Described) -> None:
    table = control.keys.table if control.keys else control.settings
    assert "mode" not in {field.name for field in msgspec.structs.fields(table)}


def test_the_page_names_the_controls_that_only_observe_by_default() -> None:
    (section,) = re.findall(r"\n## mode\n(.*?)\n## ", PAGE, re.DOTALL)
    (named,) = re.findall(r"These are such controls:\s(.*?)\.\n", section, re.DOTALL)
    observing = [control.id for control in CATALOG.controls.values() if control.mode == "observe"]
    assert re.findall(r"`(\w+)`", named) == observing


@pytest.mark.parametrize("control", CATALOG.controls.values(), ids=lambda each: each.id)
def test_what_errors_tell_to_write_for_a_control_is_a_policy(control: Described) -> None:
    for line in control.keys.examples.values() if control.keys else ():
        parse_policy({}, f"[control.{control.id}]\n{line}", catalog=CATALOG)


def test_errors_tell_of_no_key_that_does_not_exist() -> None:
    assert set(EXAMPLES) == set(keys())


@pytest.mark.parametrize("block", BLOCKS)
def test_every_documented_example_is_a_policy_of_its_own(block: str) -> None:
    assert parse_policy({}, block, catalog=CATALOG) != parse_policy({})


def test_what_errors_tell_to_write_is_a_policy() -> None:
    """Each table's lines under its header; the keys outside of tables come first, as they stand."""
    lines = (line for key, line in EXAMPLES.items() if key not in OLD)
    assert parse_policy({}, "\n".join(lines), catalog=CATALOG).exemptions
