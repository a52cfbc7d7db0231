"""What the keys of a policy file mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import cloudmend
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.policy import Exemption, Modes, Policy, parse_policy


def policy(text: str) -> Policy:
    return parse_policy({}, text, catalog=CATALOG)


def test_the_packaged_file_says_what_holds_without_one() -> None:
    packaged = Path(cloudmend.__file__).with_name("policy.toml").read_text(encoding="utf-8")
    assert policy(packaged) == parse_policy({})


def test_modes_are_by_control_account_and_vpc() -> None:
    text = """
    [mode]
    default = "observe"
    control.security_group_ingress = "fix"
    account = { 111122223333 = "fix" }
    vpc = { vpc-0123456789abcdef0 = "observe" }
    """
    assert policy(text).mode == Modes(
        default="observe",
        control={"security_group_ingress": "fix"},
        account={"111122223333": "fix"},
        vpc={"vpc-0123456789abcdef0": "observe"},
    )


EXEMPTION = """
[[exemption]]
owner = " network-team "
reason = "No VPN yet"
group = "sg-0123456789abcdef0"
actor_role = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Break-Glass"
expires = {expires}
"""


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        ("2030-06-30", datetime(2030, 6, 30, 23, 59, 59, 999999, UTC)),
        ("9999-12-31", datetime.max.replace(tzinfo=UTC)),
        ("2030-06-30T12:00:00Z", datetime(2030, 6, 30, 12, tzinfo=UTC)),
        ("2030-06-30 12:00:00+02:00", datetime(2030, 6, 30, 12, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_an_exemption_ends_at_a_moment_or_with_the_end_of_a_day_in_utc(expires: str, until: datetime) -> None:
    (exemption,) = policy(EXEMPTION.format(expires=expires)).exemptions
    assert exemption == Exemption(
        owner="network-team",
        reason="No VPN yet",
        expires=until,
        group="sg-0123456789abcdef0",
        actor_role="arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Break-Glass",
    )
    assert exemption.holds(until)
    if until.year < 9999:
        assert not exemption.holds(until + timedelta(microseconds=1))


@pytest.mark.parametrize("lacking", ["owner", "reason", "group"])
def test_an_exemption_without_owner_reason_or_scope_does_not_hold(lacking: str) -> None:
    given = {"owner": "team", "reason": "vendor", "group": "sg-0123456789abcdef0", lacking: ""}
    until = datetime(2030, 6, 30, tzinfo=UTC)
    assert not Exemption(expires=until, **given).holds(until)
