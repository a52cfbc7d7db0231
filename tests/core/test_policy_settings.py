"""The settings of a control that is no more than a Struct: its fields are the keys of its table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from cloudmend.controls.ebs_snapshot_public import CONTROL
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.explain import as_data, explain
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy, review_policy

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


class Retention(Struct, frozen=True):
    """A table in the table."""

    days: Annotated[int, Meta(ge=1)] = 30
    forever: bool = False


class Settings(Struct, frozen=True):
    """One field of each kind."""

    owners: tuple[str, ...] = ()
    level: Literal["low", "high"] = "low"
    ratio: float = 0.5
    retention: Retention = Retention()
    limits: Mapping[str, int] = {}


SIMPLE = msgspec.structs.replace(CONTROL, id="simple", settings=Settings)
CATALOG = Catalog(controls={"simple": SIMPLE})


def policy(table: str, **settings: str) -> Policy:
    given = {f"CLOUDMEND_{name.upper()}": value for name, value in settings.items()}
    return parse_policy(given, f"[control.simple]\n{table}", catalog=CATALOG)


def refusal(table: str, **settings: str) -> str:
    with pytest.raises(PolicyError) as refused:
        policy(table, **settings)
    (fault,) = refused.value.faults
    return fault


TABLE = """
owners = ["111122223333"]
level = "high"
ratio = 1.5
limits = { a = 1 }
[control.simple.retention]
days = 7
forever = true
"""
READ = Settings(
    owners=("111122223333",), level="high", ratio=1.5, retention=Retention(7, forever=True), limits={"a": 1}
)


def test_the_fields_are_the_keys() -> None:
    assert policy(TABLE).settings_of(SIMPLE) == READ


def test_what_is_absent_has_its_default() -> None:
    assert policy("").settings_of(SIMPLE) == parse_policy({}, catalog=CATALOG).settings_of(SIMPLE) == Settings()
    assert policy("owners = []").settings == {}


def test_each_key_can_be_set_without_a_file() -> None:
    keys = "owners=111122223333;level=high;ratio=1.5;limits.a=1;retention.days=7;retention.forever=true"
    settings = ";".join(f"control.simple.{item}" for item in keys.split(";"))
    assert policy("", settings=settings).settings_of(SIMPLE) == READ


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("owner = []", "owner: there is no such key. Did you mean owners?"),
        ("owners = [1]", "owners[0]: this should be of type str, got int. Write for example owners = []."),
        ("level = 'hgh'", "level: 'hgh' is none of its values. Did you mean high?"),
        ("ratio = 'x'", "ratio: this should be of type float, got str. Write for example ratio = 0.5."),
        ("limits.a = 'x'", "limits.a: this should be of type int, got str."),
        ("retention = 5", "retention: this should be of type table, got int."),
        (
            "retention.days = 0",
            "retention.days: this should be of type int >= 1. Write for example retention.days = 30.",
        ),
        ("retention.forever = 1", "retention.forever: this should be of type bool, got int."),
        ("retention.day = 1", "retention.day: there is no such key. Did you mean days?"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_write(table: str, said: str) -> None:
    assert refusal(table).startswith(f"policy.toml, line 2: control.simple.{said}")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        policy("owners = [1, 2]\nlevel = 1\nx = 1\nratio = true")
    assert len(refused.value.faults) == 5


def test_the_settings_are_explained_and_written_as_json() -> None:
    read, warnings = review_policy({}, f"[control.simple]\n{TABLE}", catalog=CATALOG)
    assert warnings == ()
    assert explain(read, NOW, CATALOG)[:-2] == (
        "simple: owners is 111122223333.",
        "simple: level is high.",
        "simple: ratio is 1.5.",
        "simple: retention.days is 7.",
        "simple: retention.forever is True.",
        "simple: limits.a is 1.",
    )
    assert "simple: owners is empty." in explain(policy(""), NOW, CATALOG)
    written = msgspec.json.decode(msgspec.json.encode(as_data(read, NOW, CATALOG)))
    assert written["control"]["simple"]["retention"] == {"days": 7, "forever": True}
