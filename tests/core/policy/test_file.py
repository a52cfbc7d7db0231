"""What the keys of a policy file mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import cloudmend
from cloudmend.controls.catalog import CATALOG
from cloudmend.core.policy.model import Exemption, Modes, Policy
from cloudmend.core.policy.parse import parse_policy, review_policy


def policy(text: str) -> Policy:
    return parse_policy({}, text, catalog=CATALOG)


def test_the_packaged_file_says_what_holds_without_one() -> None:
    packaged = Path(cloudmend.__file__).with_name("policy.toml").read_text(encoding="utf-8")
    assert policy(packaged) == parse_policy({})


def test_modes_are_by_account_and_vpc_of_all_controls_and_of_one() -> None:
    text = """
    [mode]
    default = "observe"
    account = { 111122223333 = "fix" }
    vpc = { vpc-0123456789abcdef0 = "off" }

    [control.sqs_policy_public]
    mode = "fix"

    [control.security_group_ingress.mode]
    account.111122223333 = "observe"
    vpc.vpc-0123456789abcdef0 = "fix"
    """
    assert policy(text) == Policy(
        mode=Modes(default="observe", account={"111122223333": "fix"}, vpc={"vpc-0123456789abcdef0": "off"}),
        modes={
            "sqs_policy_public": Modes(default="fix"),
            "security_group_ingress": Modes(account={"111122223333": "observe"}, vpc={"vpc-0123456789abcdef0": "fix"}),
        },
    )


def test_a_mode_of_all_controls_may_be_a_word() -> None:
    assert policy("mode = 'observe'") == policy("[mode]\ndefault = 'observe'")


def test_the_mode_of_a_control_is_read_where_earlier_versions_had_it_and_told_where_it_belongs() -> None:
    text = """
    [mode]
    control.security_group_ingress = "observe"
    account.111122223333 = "fix"
    vpc.vpc-0123456789abcdef0 = "observe"
    """
    read, warned = review_policy({}, text, catalog=CATALOG)
    assert read.modes == {
        "security_group_ingress": Modes(default="observe", account=read.mode.account, vpc=read.mode.vpc)
    }
    (told,) = warned
    assert told == (
        "policy.toml, line 3: mode.control.security_group_ingress: this key has moved to "
        "control.security_group_ingress.mode. Write it there: the next version refuses it here."
    )


EXEMPTION = """
[[exemption]]
owner = " network-team "
reason = "No VPN yet"
resource = "sg-0123456789abcdef0"
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
        control="security_group_ingress",
        owner="network-team",
        reason="No VPN yet",
        expires=until,
        resource="sg-0123456789abcdef0",
        actor_role="arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Break-Glass",
    )
    assert exemption.holds(until)
    if until.year < 9999:
        assert not exemption.holds(until + timedelta(microseconds=1))


@pytest.mark.parametrize("lacking", ["owner", "reason", "resource"])
def test_an_exemption_without_owner_reason_or_scope_does_not_hold(lacking: str) -> None:
    given = {"owner": "team", "reason": "vendor", "resource": "sg-0123456789abcdef0", lacking: ""}
    until = datetime(2030, 6, 30, tzinfo=UTC)
    assert not Exemption(control="sqs_policy_public", expires=until, **given).holds(until)


@pytest.mark.parametrize(
    ("control", "resource"),
    [
        ("sqs_policy_public", "a-queue"),
        ("s3_bucket_block_public_access", "a-bucket"),
        ("rds_snapshot_public", "snapshot:a-snapshot"),
        ("ebs_snapshot_public", "snap-0123456789abcdef0"),
    ],
)
def test_an_exemption_is_about_a_resource_of_the_control_that_it_names(control: str, resource: str) -> None:
    text = f"""
    [[exemption]]
    control = "{control}"
    resource = "{resource}"
    owner = "a"
    reason = "b"
    expires = 2030-06-30
    """
    (exemption,) = policy(text).exemptions
    assert (exemption.control, exemption.resource) == (control, resource)


def test_a_group_of_an_earlier_version_s_exemption_is_its_resource() -> None:
    old = EXEMPTION.format(expires="2030-06-30").replace("resource =", "group =")
    read, warned = review_policy({}, old, catalog=CATALOG)
    assert read == policy(EXEMPTION.format(expires="2030-06-30"))
    (told,) = warned
    assert told == (
        "policy.toml, line 5: exemption[0].group: this key has moved to exemption[0].resource. "
        "Write it there: the next version refuses it here."
    )
