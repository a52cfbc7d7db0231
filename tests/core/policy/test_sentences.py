"""One refusal of each kind, word for word: the sentence is all that its reader has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.model import SCOPES
from cloudmend.core.policy.parse import parse_policy, review_policy

HELD = '[[exemption]]\nowner = "a"\nreason = "b"\nexpires = 2030-06-30\n'
GROUP = 'resource = "sg-0123456789abcdef0"\n'

REFUSALS = {
    "x = 1": ("line 1: x: there is no such key. It is one of control, exemption, existing, mode."),
    "mode = 'fx'": "line 1: mode: 'fx' is not a mode. Write fix (mend it), observe (only report it), or off.",
    f"{HELD}{GROUP}".replace('owner = "a"\n', ""): (
        'line 1: exemption[0]: owner is missing. Add a line such as owner = "network-team@example.com".'
    ),
    "mode.default = 1": (
        "line 1: mode.default: 1 is not a mode. Write fix (mend it), observe (only report it), or off."
    ),
    "existing = 'off'": (
        "line 1: existing: 'off' is not what can become of what was there before. Write observe (keep it as a "
        "baseline, and report it), or fix (mend it)."
    ),
    "mode.control.x = 'fix'": (
        f"line 1: mode.control.x: there is no control of this id. It is one of {', '.join(sorted(CATALOG.controls))}."
    ),
    "mode.account.1 = 'fix'": (
        "line 1: mode.account.1: '1' is not the id of an account. Write it in full, without wildcards: 111122223333."
    ),
    HELD: ("line 1: exemption[0]: it would exempt everything. Add at least one of resource, vpc, account, actor_role."),
    f"{HELD}{GROUP}{HELD}{GROUP}": (
        "line 6: exemption[1]: it has the scope of exemption[0]. Keep the one that is meant."
    ),
    f"{HELD}{GROUP}".replace('"a"', '" "'): (
        'line 2: exemption[0].owner: it is empty. Write for example owner = "network-team@example.com".'
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "1"): (
        "line 4: exemption[0].expires: 1 is not a date. Write a date without quotes, such as 2030-06-30."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2030-06-30T12:00:00"): (
        "line 4: exemption[0].expires: 2030-06-30 12:00:00 does not say in which time zone. "
        "Write 2030-06-30T12:00:00Z for UTC."
    ),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSALS.items())
def test_a_refused_file_is_told_by_line_key_reason_and_what_to_write(text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({}, text, catalog=CATALOG)
    assert refusal.value.faults == (f"policy.toml, {sentence}",)


def test_a_refused_setting_is_told_by_both_its_names() -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy({"CLOUDMEND_MODE": "of"}, catalog=CATALOG)
    assert str(refusal.value) == (
        "CLOUDMEND_MODE (template parameter Mode): 'of' is not a mode. "
        "Write fix (mend it), observe (only report it), or off.\nThe policy was refused; nothing uses it."
    )


WARNINGS = {
    f"{HELD}{GROUP}".replace("2030-06-30", "9999-12-31"): (
        "line 4: exemption[0].expires: it holds for more than five years, until 9999-12-31. "
        "Write an earlier date, on which somebody will look at it again."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2026-11-23"): (
        "line 4: exemption[0].expires: it expired on 2026-11-23, and exempts nothing. Take it out."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2026-11-24T08:00:00+09:00"): (
        "line 4: exemption[0].expires: it expired on 2026-11-23, and exempts nothing. Take it out."
    ),
    f"{HELD}{GROUP}".replace("2030-06-30", "2031-11-28T07:00:01Z"): (
        "line 4: exemption[0].expires: it holds for more than five years, until 2031-11-28. "
        "Write an earlier date, on which somebody will look at it again."
    ),
    f"{HELD}account = '111122223333'".replace("2030-06-30", "2026-12-24"): (
        "line 1: exemption[0]: whatever security_group_ingress finds in account 111122223333 stays as it is, and "
        "cloudmend notifies nobody. Add a resource or a VPC, or write "
        'control.security_group_ingress.mode.account.111122223333 = "observe".'
    ),
}


def warnings(text: str) -> tuple[str, ...]:
    return review_policy({}, text, catalog=CATALOG, now=datetime(2026, 11, 24, 7, tzinfo=UTC))[1]


@pytest.mark.usefixtures("machine_in_tokyo")
@pytest.mark.parametrize(("text", "sentence"), WARNINGS.items())
def test_what_is_sound_and_probably_not_meant_is_warned_of(text: str, sentence: str) -> None:
    assert warnings(text) == (f"policy.toml, {sentence}",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{HELD}{GROUP}".replace("2030-06-30", "2031-11-28T07:00:00Z"),
        f"{HELD}{GROUP}account = '111122223333'".replace("2030-06-30", "2026-11-24"),
    ],
)
def test_what_people_mean_is_not_warned_of(text: str) -> None:
    assert warnings(text) == ()


def test_expiries_are_not_looked_at_where_it_is_not_told_what_time_it_is() -> None:
    assert review_policy({}, f"{HELD}{GROUP}".replace("2030-06-30", "9999-12-31"), catalog=CATALOG)[1] == ()


def test_all_faults_of_a_policy_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
gaurded = 1
mode = { default = "of", control = { x = "fix" }, account = { 1 = "of" } }
replacement.ipv4 = "192.186.0.0/16"
control.x = {}
[control.security_group_ingress]
guarded = [22, 70000, true, "ssh"]
limits = { ipv4 = "/33", ipv6 = 1.5 }
trusted.ipv4 = ["10.0.0.1/8", "52.0.0.0"]
[[exemption]]
owner = 1
expires = "soon"
[[exemption]]
reason = " "
resource = "*"
until = 1
"""
    settings = {"CLOUDMEND_MODE": "of", "CLOUDMEND_REPLACEMENT_IPV6": "::"}
    with pytest.raises(PolicyError) as refusal:
        parse_policy(settings, text, catalog=CATALOG)
    told = [fault.removeprefix("policy.toml, line ").partition(": ") for fault in refusal.value.faults]
    assert [(place, rest.partition(": ")[0]) for place, _, rest in told if place[0].isdigit()] == [
        ("1", "gaurded"),
        ("2", "mode.account.1"),
        ("2", "mode.account.1"),
        ("2", "mode.control.x"),
        ("2", "mode.default"),
        ("3", "replacement.ipv4"),
        ("4", "control.x"),
        ("6", "control.security_group_ingress.guarded[1]"),
        ("6", "control.security_group_ingress.guarded[2]"),
        ("6", "control.security_group_ingress.guarded[3]"),
        ("7", "control.security_group_ingress.limits.ipv4"),
        ("7", "control.security_group_ingress.limits.ipv6"),
        ("8", "control.security_group_ingress.trusted.ipv4[0]"),
        ("8", "control.security_group_ingress.trusted.ipv4[1]"),
        ("9", "exemption[0]"),
        ("10", "exemption[0].owner"),
        ("11", "exemption[0].expires"),
        ("12", "exemption[1]"),
        ("12", "exemption[1]"),
        ("13", "exemption[1].reason"),
        ("14", "exemption[1].resource"),
        ("15", "exemption[1].until"),
    ]
    assert [place for place, _, _ in told if not place[0].isdigit()] == [
        "CLOUDMEND_MODE (template parameter Mode)",
        "CLOUDMEND_REPLACEMENT_IPV6 (template parameter ReplacementIpv6)",
    ]
    assert str(refusal.value).splitlines() == [*refusal.value.faults, "The policy was refused; nothing uses it."]


@pytest.mark.usefixtures("machine_in_tokyo")
def test_an_exemption_is_told_with_all_its_scopes_and_its_end_in_utc() -> None:
    text = f"{HELD}{GROUP}account = '111122223333'".replace("2030-06-30", "2030-06-30T08:00:00+09:00")
    (exemption,) = parse_policy({}, text, catalog=CATALOG).exemptions
    scope = f"{SCOPES['resource']} {exemption.resource} and {SCOPES['account']} 111122223333"
    assert str(exemption) == f"{scope}, by {exemption.owner} until 2030-06-29 23:00 UTC: {exemption.reason}"


def test_a_refused_exemption_is_not_warned_of_either() -> None:
    with pytest.raises(PolicyError) as refusal:
        warnings(f"{HELD}{GROUP}".replace("2030-06-30", "'soon'"))
    assert len(refusal.value.faults) == 1
