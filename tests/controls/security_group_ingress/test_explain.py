"""Why each rule of a group counts or not, and how far the rules open each guarded port: sentence by sentence."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.explain import explain, explain_ports, public_addresses
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Unread
from cloudmend.controls.security_group_ingress.settings import Settings
from cloudmend.core.contract import State
from cloudmend.core.network import AddressSet, Traffic

WEB = Traffic("tcp", 8000, 8010)


def rule(number: int, first: int = 22, last: int = 22, **source: Any) -> Rule:
    ports = {"IpProtocol": "tcp", "FromPort": first, "ToPort": last}
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": False, **ports, **source})


def facts(*rules: Rule, **fields: Any) -> GroupFacts:
    return GroupFacts(account="", image={}, group_id="", rules=rules, **fields)


def told(of: GroupFacts, part: str = "", *, settings: Settings | None = None, **why: str) -> list[str]:
    """The sentences; `why` by id, with _ for -."""
    reasons = {name.replace("_", "-"): reason for name, reason in why.items()}
    return list(explain(State({}, context=of), reasons, part, settings or Settings()))


WORLD, SMALL = rule(1, CidrIpv4="0.0.0.0/0"), rule(2, CidrIpv4="8.8.8.0/24")
OPEN = "tcp/22 is open to 3,702,258,688 public IPv4 addresses, more than the limit of 1,048,576, by sgr-1."


def test_a_rule_at_fault_is_told_with_its_reason_and_the_port_that_it_opens() -> None:
    assert told(facts(WORLD), sgr_1="of this", sgr_9="of that") == [
        "sgr-1, tcp/22 from 0.0.0.0/0: at fault, because of this.",
        OPEN,
    ]


def test_a_rule_that_is_not_at_fault_is_not_said_to_be() -> None:
    """The reason may be of a moment ago."""
    (said, _) = told(facts(SMALL), sgr_2="of this")
    assert said == "sgr-2, tcp/22 from 8.8.8.0/24: counts with 256 public addresses, and is not at fault."


def test_of_one_part_only_that_is_told_with_the_ports() -> None:
    group = facts(WORLD, SMALL)
    both = f"{OPEN[:-1]}, sgr-2."
    assert told(group, "sgr-2") == [
        "sgr-2, tcp/22 from 8.8.8.0/24: counts with 256 public addresses, and is not at fault.",
        both,
    ]
    assert told(group, "sgr-9") == ["sgr-9 is an egress rule, and egress does not count.", both]


def test_a_group_without_ingress_says_so() -> None:
    assert told(facts()) == ["It has no ingress rule."]


TRUSTING = Settings(trusted={4: AddressSet.of([ip_network("8.8.8.0/24")]), 6: AddressSet(())})


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (rule(1, 443, 443, CidrIpv4="0.0.0.0/0"), "none of the guarded ports is in tcp/443"),
        (rule(1, PrefixListId="pl-1"), "AWS itself owns pl-1, and the policy trusts such prefix lists"),
        (
            rule(1, ReferencedGroupInfo={"GroupId": "sg-1"}),
            "its source is a security group, which holds no public addresses by itself",
        ),
        (rule(1, CidrIpv4="8.8.8.0/25"), "all public addresses of 8.8.8.0/25 are trusted"),
        (rule(1, CidrIpv4="10.0.0.0/8"), "10.0.0.0/8 holds no public address"),
        (rule(1, PrefixListId="pl-2"), "pl-2 holds no public address"),
    ],
)
def test_a_rule_that_does_not_count_says_why(one: Rule, why: str) -> None:
    group = facts(one, prefix_lists={"pl-2": (ip_network("10.0.0.0/8"),)})
    assert told(group, settings=TRUSTING) == [f"sgr-1, {one}: does not count, because {why}."]


def test_a_rule_whose_list_was_not_read_may_admit_anybody() -> None:
    listed = rule(1, PrefixListId="pl-1")
    group = facts(listed, unread_lists={"pl-1": Unread("AWS refused it.", lasts=True)})
    assert told(group) == ["sgr-1, tcp/22 from pl-1: may admit anybody, because AWS refused it."]
    assert public_addresses(listed, group, Settings()) is None


def test_public_addresses_are_those_of_both_families_without_trusted_ones() -> None:
    lists = {"pl-1": (ip_network("8.8.0.0/23"), ip_network("2600::/127"), ip_network("10.0.0.0/8"))}
    listed = rule(1, PrefixListId="pl-1")
    assert public_addresses(listed, facts(listed, prefix_lists=lists), Settings()) == 514
    trusting = Settings(trusted={4: AddressSet.of([ip_network("8.8.0.0/24")]), 6: AddressSet(())})
    assert public_addresses(listed, facts(listed, prefix_lists=lists), trusting) == 258


def test_each_port_at_which_the_openings_change_is_told_by_itself_family_by_family() -> None:
    settings = Settings(guarded=(Traffic("tcp", 22, 22), WEB), limits={4: 256, 6: 1 << 88})
    group = facts(
        rule(1, 7990, 8003, CidrIpv4="8.8.8.0/24"),
        rule(2, 8002, 8020, CidrIpv4="8.8.4.0/24"),
        rule(3, 8005, 8005, CidrIpv6="2600::/64"),
        rule(4, 8004, 8004, CidrIpv4="10.0.0.0/8"),
    )
    within = "public IPv4 addresses, within the limit of 256, by"
    assert explain_ports(group, settings) == (
        f"tcp/8000 is open to 256 {within} sgr-1.",
        "tcp/8002 is open to 512 public IPv4 addresses, more than the limit of 256, by sgr-1, sgr-2.",
        "tcp/8005 is open to 2^64 public IPv6 addresses, within the limit of 2^88, by sgr-3.",
    )
