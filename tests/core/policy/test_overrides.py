"""One setting that can stand for any key of a policy file: KEY=VALUE;KEY=VALUE."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.core.errors import PolicyError
from cloudmend.core.network import AddressSet
from cloudmend.core.policy.model import Modes
from support import policy, settings_in, sg_settings

FILE = """
mode = "fix"
[control.security_group_ingress]
limits = { ipv4 = "/16", ipv6 = 300 }
trusted.ipv4 = ["52.0.0.0/16"]
"""


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ("control.security_group_ingress.limits.ipv4=/24", 'limits.ipv4 = "/24"'),
        ("control.security_group_ingress.limits.ipv4=256", "limits.ipv4 = 256"),
        ("control.security_group_ingress.guarded=22, 8000-8100,udp/53", 'guarded = [22, "8000-8100", "udp/53"]'),
        ('control.security_group_ingress.guarded=["tcp"]', 'guarded = ["tcp"]'),
        ("control.security_group_ingress.aws_prefix_lists = resolved", 'aws_prefix_lists = "resolved"'),
        (
            "control.security_group_ingress.replacement.ipv4=vpc;\ncontrol.security_group_ingress.limits.ipv6=/48\n",
            'replacement.ipv4 = "vpc"\nlimits.ipv6 = "/48"',
        ),
    ],
)
def test_a_key_of_a_control_is_read_as_its_type_says(settings: str, same: str) -> None:
    assert sg_settings(settings=settings) == sg_settings(f"[control.security_group_ingress]\n{same}")


def test_a_key_is_set_over_the_file_and_the_rest_of_the_file_stays() -> None:
    rules = sg_settings(FILE, settings="control.security_group_ingress.limits.ipv4=/24")
    assert rules.limits == {4: 256, 6: 300}
    assert rules.trusted[4] != AddressSet(())


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ("mode=observe", "[mode]\ndefault = 'observe'"),
        ("mode.default=off", "mode = 'off'"),
        ("mode.account.111122223333=observe", "[mode]\naccount = { 111122223333 = 'observe' }"),
        ("control.sqs_policy_public.mode=off", "[control.sqs_policy_public]\nmode = 'off'"),
        (
            "control.sqs_policy_public.mode=observe;control.sqs_policy_public.mode.vpc.vpc-0123456789abcdef0=fix",
            "[control.sqs_policy_public.mode]\ndefault = 'observe'\nvpc = { vpc-0123456789abcdef0 = 'fix' }",
        ),
    ],
)
def test_a_mode_can_be_set(settings: str, same: str) -> None:
    assert policy(settings=settings) == policy(same)


def test_the_word_of_a_mode_in_the_file_gives_way_and_its_places_stay() -> None:
    file = "[mode]\ndefault = 'fix'\naccount = { 111122223333 = 'off' }"
    expected = Modes(default="observe", account={"111122223333": "off"})
    assert policy(file, settings="mode=observe").mode == expected
    assert policy("mode = 'fix'", settings="mode.account.111122223333=off;mode=observe").mode == expected


def test_the_setting_of_the_mode_counts_more() -> None:
    observing = policy(settings="mode=fix", mode="observe")
    assert (observing.mode.default, observing.is_observing) == ("observe", True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("mode", ": 'mode' is not KEY=VALUE. Write for example mode.default=observe."),
        ("mode=fix;x y=1", ": 'x y=1' is not KEY=VALUE."),
        ("mode=", ": 'mode=' is not KEY=VALUE."),
        ("guarded=22", ": guarded cannot be set here. Only keys of control, mode, and existing can."),
        ("exemption.owner=me", ": exemption.owner cannot be set here."),
        ("mode=fix;mode.default=fix", ": mode.default: it is there twice. Keep the one that is meant."),
        ("mode=fx", ": mode.default: 'fx' is not a mode."),
        ("mode=fix;mode.default.x=1", ": mode.default.x: a key above it is no table. Write the key of a value."),
        ("mode.acount.1=fix", ": mode.acount: there is no such key. Did you mean account?"),
        ("control.sqs.mode=fix", ": control.sqs: there is no control of this id."),
        ("control.sqs_policy_public.x=1", ": control.sqs_policy_public.x: there is no such key."),
        (
            "control.security_group_ingress.guarded=22,70000",
            ": control.security_group_ingress.guarded[1]: 70000 is not a port.",
        ),
        (
            "control.security_group_ingress.limits=5",
            ": control.security_group_ingress.limits: this should be of type table, got str.",
        ),
    ],
)
def test_a_fault_names_the_setting_and_the_key(settings: str, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        policy(settings=settings)
    (fault,) = refused.value.faults
    assert fault.startswith(f"CLOUDMEND_SETTINGS (template parameter Settings){said}")


def test_all_faults_of_a_setting_are_told_with_those_of_the_file() -> None:
    with pytest.raises(PolicyError) as refused:
        policy("mode = 'fx'\nx = 1", settings="mode.vpc.vpc=fix;nonsense")
    assert len(refused.value.faults) == 4


KEYS = st.sampled_from(["mode", "control", "default", "account", "security_group_ingress", "guarded", "limits", "ipv4"])


@given(st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=4), st.text(max_size=8)), max_size=3))
def test_any_text_is_a_policy_or_refused_and_nothing_else(items: list[tuple[list[str], str]]) -> None:
    with suppress(PolicyError):
        policy(FILE, settings=";".join(f"{'.'.join(steps)}={value}" for steps, value in items))


def test_a_key_that_two_settings_set_is_refused() -> None:
    settings = "control.security_group_ingress.guarded=22"
    with pytest.raises(PolicyError) as refused:
        policy(settings=settings, guarded_ports="23")
    (fault,) = refused.value.faults
    assert fault == (
        "CLOUDMEND_GUARDED_PORTS (template parameter GuardedPorts): CLOUDMEND_SETTINGS (template parameter Settings): "
        "control.security_group_ingress.guarded says it too. Keep one of the two."
    )


def test_a_key_that_the_file_has_at_the_top_level_is_set_too() -> None:
    old = 'limits = { ipv4 = "/16", ipv6 = 300 }'
    settings = policy(old, settings="control.security_group_ingress.limits.ipv4=/24")
    assert settings_in(settings).limits == {4: 256, 6: 300}
