"""The keys of [control.network_acl_open] in a policy file."""

from __future__ import annotations

import pytest

from cloudmend.controls.network_acl_open import CONTROL
from cloudmend.controls.network_acl_open.settings import KEYS, Settings
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.parse import parse_policy


def settings_of(*lines: str) -> Settings:
    table = "\n".join([f"[control.{CONTROL.id}]", *lines])
    settings: Settings = parse_policy({}, table, catalog=Catalog(controls={CONTROL.id: CONTROL})).settings_of(CONTROL)
    return settings


def test_an_empty_table_has_the_defaults() -> None:
    assert settings_of() == Settings()
    assert Settings().untouched_defaults == "accepted"


def test_default_acls_can_be_judged_and_ports_guarded() -> None:
    found = settings_of('untouched_defaults = "judged"', "guarded = [5432]", 'replacement.ipv4 = "revoke"')
    assert (found.untouched_defaults, found.replacement[4]) == ("judged", "revoke")
    assert [str(each) for each in found.guarded] == ["tcp/5432"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'untouched_defaults = "judge"',
            r"\.untouched_defaults: 'judge' is not a way to treat default network ACLs that nobody has changed",
        ),
        ('replacement.ipv4 = "vpc"', "'vpc' is not a CIDR range"),
        ("limits.ipv4 = 0", "a limit of 0 addresses"),
        ('replacement.ipv4 = "52.0.0.0/8"', "holds 16,777,216 public addresses"),
    ],
)
def test_what_means_nothing_is_refused(line: str, told: str) -> None:
    with pytest.raises(PolicyError, match=rf"(?s)control\.network_acl_open.*{told}"):
        settings_of(line)


def test_settings_are_said_in_sentences() -> None:
    guarded, limit4, _, replaced4, _, stays, defaults = KEYS.say(Settings())
    assert guarded == "Guarded: tcp/22, tcp/3389, udp/3389."
    assert limit4.startswith("The entries of a network ACL together may open a guarded port to 1,048,576 public IPv4")
    assert (
        replaced4 == "An IPv4 entry at fault is narrowed to 10.0.0.0/8, or revoked if its source does not contain that."
    )
    assert stays == "If an entry also admits other ports, it stays, and entries before it close the ports at fault."
    told = "A VPC's default network ACL with the entries that AWS gives it is"
    assert defaults == f"{told} accepted: it filters nothing."
    assert [*KEYS.say(Settings(untouched_defaults="judged"))][-1] == f"{told} judged like any other."


def test_settings_are_written_in_the_order_of_the_keys() -> None:
    assert list(KEYS.write(Settings())) == ["guarded", "untouched_defaults", "limits", "trusted", "replacement"]
    assert KEYS.write(Settings())["untouched_defaults"] == "accepted"
