"""Where the values of a policy come from: the file, keys that have moved, and settings; each told where it stands."""

from __future__ import annotations

import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.location import _line_of
from cloudmend.core.policy.parse import review_policy
from support import policy, sg_settings

GROUPS = "control.security_group_ingress"
NEW = "Write it there: the next version refuses it here."
TWICE = "Keep that one, and take this one out."
SETTINGS = "CLOUDMEND_SETTINGS (template parameter Settings)"
PORTS = "CLOUDMEND_GUARDED_PORTS (template parameter GuardedPorts)"


def faults(text: str | None = None, **settings: str) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as refused:
        policy(text, **settings)
    return refused.value.faults


def test_a_key_that_has_moved_is_read_and_its_new_place_is_told() -> None:
    read, warned = review_policy({}, "guarded = [8443]\nlimits.ipv4 = 300", catalog=CATALOG)
    settings = read.settings["security_group_ingress"]
    assert (list(map(str, settings.guarded)), settings.limits[4]) == (["tcp/8443"], 300)
    assert warned == (
        f"policy.toml, line 1: guarded: this key has moved to {GROUPS}.guarded. {NEW}",
        f"policy.toml, line 2: limits: this key has moved to {GROUPS}.limits. {NEW}",
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            f"guarded = [443]\n[{GROUPS}]\nguarded = [22]",
            f"policy.toml, line 1: guarded: {GROUPS}.guarded says it too. {TWICE}",
        ),
        (
            "guarded = [true]",
            (
                "policy.toml, line 1: guarded[0]: this should be of type int | str, got bool. Write for example "
                'guarded = ["remote-admin", 5432, "8000-8100", "udp/53"].'
            ),
        ),
        ("mode = = 1", "policy.toml, line 1: this is not TOML: Invalid value (column 8). Correct it there."),
        ("\na = 1 2", "policy.toml, line 2: this is not TOML: "),
    ],
)
def test_what_is_wrong_in_the_file_is_refused_where_it_stands(text: str, fault: str) -> None:
    (told,) = faults(text)
    assert told.startswith(fault)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("mode", f"{SETTINGS}: 'mode' is not KEY=VALUE. Write for example mode.default=observe."),
        ("x.y = 1", f"{SETTINGS}: x.y cannot be set here. Only keys of control, mode, and existing can."),
        ("mode=fix; mode.default=off", f"{SETTINGS}: mode.default: it is there twice. Keep the one that is meant."),
        (f"{GROUPS}.mode=fix\n{GROUPS}.mode.default=off", f"{SETTINGS}: {GROUPS}.mode.default: it is there twice."),
        (
            "control.sqs_policy_public.mode.mode=fix",
            f"{SETTINGS}: control.sqs_policy_public.mode.mode: there is no such",
        ),
        ("mode.account.mode=fix", f"{SETTINGS}: mode.account.mode: 'mode' is not the id of an account."),
        ("existing=fx", f"{SETTINGS}: existing.default: 'fx' is not what can become"),
        (f"{GROUPS}.guarded.a=1", f"{SETTINGS}: {GROUPS}.guarded: "),
    ],
)
def test_what_is_wrong_in_a_setting_is_refused_by_its_key(said: str, fault: str) -> None:
    told = faults(settings=said)
    assert told[0].startswith(fault)


def test_a_key_below_a_word_is_another_than_its_default() -> None:
    below = "control.sqs_policy_public.mode.mode"
    assert not [each for each in faults(settings=f"{below}=fix;{below}.default=fix") if "twice" in each]


def test_a_setting_under_what_is_no_table_is_refused() -> None:
    told = f"{SETTINGS}: {GROUPS}.mode.account.x: a key above it is no table. Write the key of a value."
    assert told in faults(f"[{GROUPS}.mode]\naccount = 1", settings=f"{GROUPS}.mode.account.x=fix")
    assert f"{SETTINGS}: {GROUPS}.mode.account.x.y: a key above it is no table. Write the key of a value." in faults(
        f"[{GROUPS}.mode]\naccount = 1", settings=f"{GROUPS}.mode.account.x.y=fix"
    )


def test_a_setting_of_its_own_and_one_among_the_settings_are_not_both_said() -> None:
    assert faults(guarded_ports="22", settings=f"{GROUPS}.guarded=443") == (
        f"{PORTS}: {SETTINGS}: {GROUPS}.guarded says it too. Keep one of the two.",
    )


def test_what_a_setting_is_refused_for_hides_nothing_of_the_file() -> None:
    exemption = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
    twice, whole = faults(exemption, guarded_ports="22", settings=f"{GROUPS}.guarded=443")
    assert twice.startswith(f"{PORTS}: ")
    assert whole.startswith("policy.toml, line 1: exemption[0]: it would exempt everything.")


def test_settings_override_the_file_and_tables_come_with_their_keys() -> None:
    text = f'mode = "observe"\n[{GROUPS}]\nguarded = [22]'
    read = policy(text, settings=f"mode.account.111122223333 = off ;; {GROUPS}.mode=fix\n {GROUPS}.limits.ipv4=300")
    assert (read.mode.default, read.mode.account) == ("observe", {"111122223333": "off"})
    assert read.modes["security_group_ingress"].default == "fix"
    assert list(map(str, sg_settings(text, guarded_ports="443").guarded)) == ["tcp/443"]
    assert read.settings["security_group_ingress"].limits[4] == 300
    assert policy(settings="control.sqs_policy_public.mode.default=off").modes["sqs_policy_public"].default == "off"


def test_a_setting_that_comes_with_its_tables_is_told_as_the_setting() -> None:
    told = "there is no control of this id"
    (fault,) = faults(settings="control.no_such.mode.account.111122223333=fix")
    assert fault.startswith(f"{SETTINGS}: control.no_such: {told}. ")


def test_beside_a_table_of_the_file_each_is_told_where_it_stands() -> None:
    text = "[control.sqs_policy_public]\nx = 1"
    own, set_ = faults(text, settings="control.no_such.mode.account.111122223333=fix")[::-1]
    assert own.startswith("policy.toml, line 2: control.sqs_policy_public.x: there is no such key.")
    assert set_.startswith(f"{SETTINGS}: control.no_such: there is no control of this id.")


def test_a_key_whose_new_place_is_no_table_is_not_told_as_moved() -> None:
    (fault,) = faults("guarded = [8443]\ncontrol = 1")
    assert fault.startswith("policy.toml, line 2: control: ")


def test_a_list_in_a_setting_that_is_no_toml_is_refused_as_it_was_said() -> None:
    (fault,) = faults(settings='control.security_group_ingress.guarded=["22')
    assert fault.startswith(SETTINGS)
    assert "guarded" in fault


def test_a_key_that_the_text_does_not_hold_is_in_no_line_of_it() -> None:
    assert _line_of("first = 1\nsecond = 2\n", ("second",)) == 2
    assert _line_of("first = 1\n", ("second",)) == 0


def test_a_function_reads_all_settings_that_override_a_policy_file() -> None:
    variables = {each.variable for each in CATALOG.settings}
    assert {"CLOUDMEND_MODE", "CLOUDMEND_SETTINGS"} < variables
    assert {each.variable for each in CATALOG.parameters} < variables
