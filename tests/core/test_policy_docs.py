"""docs/policy.md: every key is in it, and its examples are policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from cloudmend.core.network import disjoint
from cloudmend.core.policy import parse_policy
from cloudmend.core.policy.file import EXAMPLES, PolicyFile
from cloudmend.core.policy.guarded import NAMED_SETS

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
CONTROLS = ["security_group_ingress"]


def keys(table: type[msgspec.Struct] = PolicyFile, above: str = "") -> Iterator[str]:
    """Dotted names of all the keys that a policy file may hold."""
    for name, hint in get_type_hints(table).items():
        yield above + name
        inner = next(iter(get_args(hint)), hint)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from keys(inner, f"{above}{name}.")


@pytest.mark.parametrize("key", list(keys()))
def test_every_key_is_documented_and_has_an_example_for_errors(key: str) -> None:
    assert f"`{key}`" in PAGE or f"\n## {key}\n" in PAGE
    assert key in EXAMPLES


def test_errors_tell_of_no_key_that_does_not_exist() -> None:
    assert set(EXAMPLES) == set(keys())


@pytest.mark.parametrize("block", BLOCKS)
def test_every_documented_example_is_a_policy_of_its_own(block: str) -> None:
    assert parse_policy({}, block, controls=CONTROLS) != parse_policy({})


def test_what_errors_tell_to_write_is_a_policy() -> None:
    """Each table's lines under its header; the keys outside of tables come first, as they stand."""
    assert parse_policy({}, "\n".join(EXAMPLES.values()), controls=CONTROLS).exemptions


def test_the_table_of_named_sets_is_the_code_s() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    sets = {name: (", ".join(map(str, disjoint(named.ports))), named.source) for name, named in NAMED_SETS.items()}
    assert {name: (ports, source) for name, ports, source in rows} == sets
