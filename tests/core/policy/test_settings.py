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
from cloudmend.core.policy.catalog import Catalog, Keys
from cloudmend.core.policy.explain import as_data, explain
from cloudmend.core.policy.model import Choice, Mode, Modes, Policy
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
        ("limits.a = 'x'", "limits.a: this should be of type int, got str. Write for example limits = {}."),
        (
            "retention = 5",
            (
                "retention: this should be of type table, got int. Write for example retention = { days = 30, "
                "forever = false }."
            ),
        ),
        (
            "retention.days = 0",
            "retention.days: this should be of type int >= 1. Write for example retention.days = 30.",
        ),
        (
            "retention.forever = 1",
            "retention.forever: this should be of type bool, got int. Write for example retention.forever = false.",
        ),
        ("retention.day = 1", "retention.day: there is no such key. Did you mean days?"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_write(table: str, said: str) -> None:
    assert refusal(table) == f"policy.toml, line 2: control.simple.{said}"


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
    assert not any(told.startswith("simple: ") for told in explain(policy(""), NOW, CATALOG))  # it is all by default
    assert "simple: owners is a, b." in explain(policy("owners = ['a', 'b']"), NOW, CATALOG)


KEYED: Keys[Settings] = Keys(
    table=Settings,
    examples={},
    read=lambda table, _, __: table,
    write=lambda settings: {"written": settings.level},
    say=lambda _: (),
)
BOTH = Catalog(
    controls={"simple": SIMPLE, "keyed": msgspec.structs.replace(SIMPLE, id="keyed", keys=KEYED)}, first="simple"
)
NEEDED = 'owner = "net"\nreason = "No VPN"\n'
WHOLE = f"""
[mode]
default = "observe"
account.111122223333 = "off"
[existing]
default = "fix"
[control.simple]
mode = "fix"
existing = "fix"
{TABLE}
[control.keyed]
level = "high"
[[exemption]]
{NEEDED}
expires = 2026-11-24
account = "111122223333"
[[exemption]]
{NEEDED}
expires = 2026-11-23
vpc = "vpc-01234567"
control = "keyed"
"""


def test_a_policy_is_written_under_the_keys_of_the_file() -> None:
    read = parse_policy({"CLOUDMEND_MODE": "observe"}, WHOLE, catalog=BOTH)
    assert as_data(read, NOW, BOTH) == {
        "control": {
            "simple": {
                "mode": Modes(default="fix"),
                "existing": Choice(default="fix"),
                "owners": ("111122223333",),
                "level": "high",
                "ratio": 1.5,
                "retention": Retention(7, forever=True),
                "limits": {"a": 1},
            },
            "keyed": {"mode": Modes(), "existing": Choice(), "written": "high"},
        },
        "mode": Modes(default="observe", account={"111122223333": "off"}),
        "existing": Choice(default="fix"),
        "is_observing": True,
        "exemption": [
            {
                "control": "simple",
                "owner": "net",
                "reason": "No VPN",
                "expires": datetime(2026, 11, 24, 23, 59, 59, 999999, UTC),
                "resource": "",
                "vpc": "",
                "account": "111122223333",
                "actor_role": "",
                "holds": True,
            },
            {
                "control": "keyed",
                "owner": "net",
                "reason": "No VPN",
                "expires": datetime(2026, 11, 23, 23, 59, 59, 999999, UTC),
                "resource": "",
                "vpc": "vpc-01234567",
                "account": "",
                "actor_role": "",
                "holds": False,
            },
        ],
    }
    assert msgspec.json.encode(as_data(read, NOW, BOTH))


class Typed(Struct, frozen=True):
    """Fields whose texts are told apart by their types."""

    ports: tuple[int, ...] = ()
    numbers: frozenset[int] = frozenset()
    name: str = ""
    sure: bool = False


def typed(table: str, settings: str) -> Policy:
    catalog = Catalog(controls={"typed": msgspec.structs.replace(CONTROL, id="typed", settings=Typed)})
    given = {"CLOUDMEND_SETTINGS": settings} if settings else {}
    return parse_policy(given, f"[control.typed]\n{table}", catalog=catalog)


def test_the_text_of_a_setting_is_read_by_the_type_of_its_key() -> None:
    read = typed("", "control.typed.ports=1, 22;control.typed.name=true;control.typed.sure=true")
    assert read.settings == {"typed": Typed(ports=(1, 22), name="true", sure=True)}


@pytest.mark.parametrize(
    ("table", "settings", "fault"),
    [
        (
            "",
            "control.typed.sure=maybe",
            (
                "CLOUDMEND_SETTINGS (template parameter Settings): control.typed.sure: this should be of type bool, "
                "got str. Write for example sure = false."
            ),
        ),
        (
            "numbers = [1, 'x']",
            "",
            (
                "policy.toml, line 2: control.typed.numbers: this should be of type int, got str. Write for example "
                "numbers = []."
            ),
        ),
    ],
)
def test_a_text_or_an_item_of_another_type_is_refused_with_the_type_and_an_example(
    table: str, settings: str, fault: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        typed(table, settings)
    assert refused.value.faults == (fault,)


@pytest.mark.parametrize(
    ("modes", "said"),
    [
        ("o", "What a finds is only reported."),
        ("oo", "What a and b find is only reported."),
        ("ooo", "What a, b and c find is only reported."),
        ("fox", "What b finds is only reported.\nWhat c finds is not looked at."),
        ("ff", ""),
    ],
)
def test_what_does_not_mend_by_default_is_told_together(modes: str, said: str) -> None:
    words: dict[str, Mode] = {"f": "fix", "o": "observe", "x": "off"}
    named = {
        name: msgspec.structs.replace(SIMPLE, id=name, mode=words[mode])
        for name, mode in zip("abc", modes, strict=False)
    }
    catalog = Catalog(controls=named)
    _, *told, last = explain(parse_policy({}, catalog=catalog), NOW, catalog)
    assert ("\n".join(told), last) == (said, "What is at fault is mended.")


def test_a_list_that_the_policy_empties_is_said_to_be_empty() -> None:
    class Listed(Struct, frozen=True):
        """A list whose default is not empty."""

        tags: tuple[str, ...] = ("owner",)

    catalog = Catalog(controls={"simple": msgspec.structs.replace(CONTROL, id="simple", settings=Listed)})
    made = parse_policy({}, "[control.simple]\ntags = []", catalog=catalog)
    assert explain(made, NOW, catalog)[0] == "simple: tags is empty."
