"""A policy in plain sentences: what each value is called, and what is left unsaid where there is nothing to say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cloudmend.controls.catalog import CATALOG
from cloudmend.controls.families.ranges.keys import trusted_networks
from cloudmend.core.policy.explain import explain
from cloudmend.core.policy.model import Choice, Modes, Policy
from cloudmend.core.policy.parse import parse_policy
from support import sg_settings

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
CONTROL = "security_group_ingress"
REPORTED = (
    "What ebs_encryption_default, eks_endpoint_cidrs, image_block_public_access, instance_imdsv2, "
    "instance_metadata_defaults, kms_key_policy_public, network_acl_open, rds_instance_public, "
    "redshift_cluster_public, "
    "s3_account_block_public_access, "
    "s3_bucket_block_public_access, serial_console_access, subnet_public_ip, transit_gateway_auto_accept and "
    "vpc_block_public_access find is only reported."
)
OFF = "What instance_owner_tag finds is not looked at."


def explained(text: str, **settings: str) -> tuple[str, ...]:
    return explain(parse_policy(settings, text, catalog=CATALOG), NOW, CATALOG)


def test_the_default_policy_in_full() -> None:
    assert explained("") == (
        "Guarded: tcp/22, tcp/3389, udp/3389.",
        (
            "The rules of a group together may open a guarded port to 1,048,576 public IPv4 addresses (one /12). "
            "With more they are at fault."
        ),
        (
            "The rules of a group together may open a guarded port to 2^88 public IPv6 addresses (one /40). With more "
            "they are at fault."
        ),
        "An IPv4 rule at fault is narrowed to 10.0.0.0/8, or revoked if its source does not contain that.",
        "An IPv6 rule at fault is narrowed to fd00::/8, or revoked if its source does not contain that.",
        "Prefix lists that AWS owns are trusted.",
        "A rule from a prefix list that AWS does not let cloudmend read is only reported.",
        "A rule that is opened for the third time within an hour is narrowed again, and told with high severity.",
        (
            "What the first sweep of a stack finds is its baseline: only reported, until cloudmend fix --ledger TABLE "
            "accepts it."
        ),
        REPORTED,
        OFF,
        "What is at fault is mended.",
    )


def test_ranges_of_another_control_are_told_with_its_id_if_they_are_not_its_defaults() -> None:
    assert explained("[control.lightsail_ports]\n") == explained("")
    told = explained("[control.lightsail_ports]\nguarded = [22]\n")
    new = [sentence for sentence in told if sentence not in explained("")]
    assert len(new) == 5
    assert new[0] == "lightsail_ports: Guarded: tcp/22."
    assert {sentence.partition(":")[0] for sentence in new} == {"lightsail_ports"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("limits.ipv4 = '/32'", "to 1 public IPv4 addresses (one /32). With"),
        ("limits.ipv4 = 300", "to 300 public IPv4 addresses. With"),
        ('trusted.ipv6 = ["2600::/32", "2602::/32"]', "besides 2600::/32, 2602::/32, which are trusted. With"),
        ('replacement.ipv4 = "revoke"', "An IPv4 rule at fault is revoked."),
        ('replacement.ipv6 = "vpc"', "An IPv6 rule at fault is narrowed to its VPC's own IPv6 block, or"),
        ('aws_prefix_lists = "resolved"', "Prefix lists that AWS owns count as their entries, like any other."),
        (
            f'control.{CONTROL}.flapping = "revoke"',
            "for the third time within an hour is revoked, and told with high severity.",
        ),
        ('unreadable_prefix_lists = "revoke"', "cloudmend read is revoked, like one at fault."),
        ('mode.default = "observe"', "What is at fault is only reported."),
        ('mode.vpc = { vpc-01234567 = "observe" }', "What is at fault in VPC vpc-01234567 is only reported."),
        ('mode.account = { 111122223333 = "fix" }', "What is at fault in account 111122223333 is mended."),
        (f'control.{CONTROL}.mode = "observe"', f"What {CONTROL} finds is only reported."),
        ('existing = "fix"', "What the first sweep of a stack finds is mended."),
        (
            'existing.account = { 111122223333 = "fix" }',
            "in account 111122223333 is mended.\nWhat the first sweep of a stack finds elsewhere is its baseline",
        ),
        (
            f'control.{CONTROL}.existing = "fix"',
            f"finds of {CONTROL} is mended.\nWhat the first sweep of a stack finds elsewhere is its baseline",
        ),
        (f'control.{CONTROL}.mode = "off"', f"What {CONTROL} finds is not looked at."),
        (
            f'control.{CONTROL}.mode = {{ default = "off", vpc.vpc-01234567 = "fix" }}',
            f"What {CONTROL} finds in VPC vpc-01234567 is mended.\nWhat {CONTROL} finds elsewhere is not looked at.",
        ),
    ],
)
def test_each_value_has_its_words(text: str, sentence: str) -> None:
    assert sentence in "\n".join(explained(text))


FIRST = "What the first sweep of a stack finds"
BASELINE = "its baseline: only reported, until cloudmend fix --ledger TABLE accepts it"


@pytest.mark.parametrize(
    ("text", "settings", "sentences"),
    [
        (
            f"[control.{CONTROL}.existing]\ndefault = 'fix'\naccount.111122223333 = 'observe'",
            {},
            (
                f"{FIRST} of {CONTROL} in account 111122223333 is {BASELINE}.",
                f"{FIRST} of {CONTROL} elsewhere is mended.",
                f"{FIRST} elsewhere is {BASELINE}.",
                REPORTED,
                OFF,
                "What is at fault is mended.",
            ),
        ),
        (
            "[existing]\ndefault = 'fix'\naccount.111122223333 = 'observe'",
            {},
            (
                f"{FIRST} in account 111122223333 is {BASELINE}.",
                f"{FIRST} elsewhere is mended.",
                REPORTED,
                OFF,
                "What is at fault is mended.",
            ),
        ),
        (
            f"[mode]\ndefault = 'off'\naccount.111122223333 = 'fix'\n[control]\n{CONTROL}.mode = 'fix'",
            {"CLOUDMEND_MODE": "observe"},
            (
                f"{FIRST} is {BASELINE}.",
                f"What {CONTROL} finds is only reported.",
                REPORTED,
                OFF,
                "What is at fault in account 111122223333 is only reported.",
                "What is at fault elsewhere is only reported.",
            ),
        ),
    ],
)
def test_lines_for_one_place_come_first_and_the_rest_is_elsewhere(
    text: str, settings: dict[str, str], sentences: tuple[str, ...]
) -> None:
    assert explained(text, **settings)[8:] == sentences


def test_a_control_keeps_its_default_elsewhere_and_one_that_mends_is_among_the_rest() -> None:
    """Whether the place is a VPC or an account."""
    observes, place = "s3_bucket_block_public_access", "account 111122223333"
    table = f"[control]\n{observes}.mode.account.111122223333 = 'fix'\n{CONTROL}.mode.account.111122223333 = 'observe'"
    assert explained(table)[9:] == (
        f"What {CONTROL} finds in {place} is only reported.",
        f"What {observes} finds in {place} is mended.",
        f"What {observes} finds elsewhere is only reported.",
        REPORTED.replace("s3_bucket_block_public_access, ", ""),
        OFF,
        "What is at fault elsewhere is mended.",
    )
    assert explained(f"control.{CONTROL}.mode.vpc.vpc-01234567 = 'observe'")[9:] == (
        f"What {CONTROL} finds in VPC vpc-01234567 is only reported.",
        REPORTED,
        OFF,
        "What is at fault elsewhere is mended.",
    )


def test_a_policy_that_says_nothing_mends_and_keeps_a_baseline() -> None:
    said = explain(Policy(mode=Modes(), existing=Choice()), NOW, CATALOG)
    assert said[8:] == (f"{FIRST} is {BASELINE}.", REPORTED, OFF, "What is at fault is mended.")


@pytest.mark.parametrize("table", [f"control = {{ {CONTROL} = 'fix' }}", "account = { 111122223333 = 'fix' }"])
def test_a_default_beside_modes_of_other_kinds_is_for_elsewhere(table: str) -> None:
    assert explained(f"[mode]\n{table}\ndefault = 'observe'")[-1] == "What is at fault elsewhere is only reported."


def test_exemptions_are_told_last_and_by_the_clock() -> None:
    exemption = '[[exemption]]\nowner = "net"\nreason = "No VPN"\nexpires = 2026-11-{}\nresource = "sg-0123456{}"\n'
    assert explained(exemption.format(24, 7) + exemption.format(23, 8))[-2:] == (
        "Exempt from security_group_ingress: resource sg-01234567, by net until 2026-11-24 23:59 UTC: No VPN.",
        (
            "No longer exempt, because it expired, from security_group_ingress: resource sg-01234568, by net until "
            "2026-11-23 23:59 UTC: No VPN."
        ),
    )


def test_trusted_networks_are_told_as_few_ranges_as_there_can_be() -> None:
    settings = sg_settings('trusted.ipv4 = ["52.0.0.0/9", "52.128.0.0/9", "54.0.0.0/32"]')
    assert trusted_networks(settings, 4) == ("52.0.0.0/8", "54.0.0.0/32")
    assert trusted_networks(settings, 6) == ()
