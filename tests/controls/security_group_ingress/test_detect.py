"""Which rules are at fault, rule by rule: the limit, what a replacement leaves open, doors that overlap, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress import detect as detecting
from cloudmend.controls.security_group_ingress.detect import all_clear, exposed_by
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency, Unread
from cloudmend.core.model import Finding
from cloudmend.core.policy.model import Policy
from support import CLEAR, NOW, policy, settings_in, sg_settings


def rule(number: int, cidr: str, ports: tuple[int, int] = (22, 22), protocol: str = "tcp", **fields: Any) -> Rule:
    source = {"CidrIpv6" if ":" in cidr else "CidrIpv4": cidr}
    row = {"IsEgress": False, "IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1]}
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", **row, **source, **fields})


def detect(rules: Iterable[Rule], policy_: Policy | None = None, **recency: Any) -> tuple[Finding, ...]:
    facts = GroupFacts(
        account="111122223333", image={}, group_id="sg-1", rules=tuple(rules), recency=Recency(**recency)
    )
    return detecting.detect(facts, settings_in(policy_ or policy()))


def at_fault(rules: list[Rule], file: str = "") -> set[int]:
    """The numbers of the rules that are at fault."""
    return {int(finding.part.removeprefix("sgr-")) for finding in detect(rules, policy(file))}


TWO = '[control.security_group_ingress.limits]\nipv4 = "/31"\n'  # two addresses


@pytest.mark.parametrize(
    ("cidrs", "numbers"),
    [
        (["8.8.8.8/32", "9.9.9.9/32"], set()),
        (["8.8.8.8/31", "8.8.8.8/32"], set()),
        (["8.8.8.8/32", "9.9.9.9/32", "11.1.1.1/32"], {0}),
        (["8.8.8.8/31", "9.9.9.9/32"], {0}),
        (["8.8.8.8/32", "9.9.9.8/31"], {1}),
        (["8.8.8.8/30", "9.9.9.9/32"], {0}),
        (["8.8.8.8/32", "9.9.9.9/32", "11.1.1.1/32", "11.1.1.3/32", "11.1.1.5/32"], {0, 1, 2}),
    ],
)
def test_of_rules_that_are_too_wide_together_the_widest_go_and_of_equals_the_first(
    cidrs: list[str], numbers: set[int]
) -> None:
    assert at_fault([rule(number, cidr) for number, cidr in enumerate(cidrs)], TWO) == numbers


def test_exactly_the_limit_is_within_it_also_together() -> None:
    assert at_fault([rule(1, "11.0.0.0/13"), rule(2, "11.8.0.0/13")]) == set()
    assert at_fault([rule(1, "11.0.0.0/13"), rule(2, "11.8.0.0/13"), rule(3, "8.8.8.8/32")]) == {1}


WIDE, HARMLESS = rule(1, "11.0.0.0/12"), rule(2, "8.8.8.8/32")


def test_a_harmless_rule_that_tips_the_sum_goes_and_the_wide_one_that_was_there_stays() -> None:
    (finding,) = detect([WIDE, HARMLESS], named=frozenset({"sgr-2"}))
    assert finding.part == "sgr-2"
    assert finding.why == (
        "tcp/22 from 8.8.8.8/32 opens tcp/22 to 1 public address, and with the group's other rules to 1,048,577; the "
        "limit is 1,048,576; the event names this rule, so it goes first"
    )


def test_a_rule_that_no_record_knows_is_younger_than_one_that_is_known() -> None:
    (finding,) = detect([WIDE, HARMLESS], known_since={"sgr-1": NOW})
    assert finding.part == "sgr-2"
    assert finding.why.endswith("; this rule is younger than others, so it goes first")
    (finding,) = detect([WIDE, HARMLESS], known_since={"sgr-1": NOW, "sgr-2": NOW + timedelta(seconds=1)})
    assert finding.part == "sgr-2"
    (finding,) = detect([WIDE, HARMLESS], known_since={"sgr-1": NOW, "sgr-2": NOW})
    assert finding.part == "sgr-1"
    assert finding.why.endswith("; which of the rules is new is not known, so the widest go first")


def test_what_the_event_names_goes_before_what_is_younger() -> None:
    (finding,) = detect([WIDE, HARMLESS], named=frozenset({"sgr-1"}), known_since={"sgr-1": NOW})
    assert finding.part == "sgr-1"


def test_where_the_new_rules_are_not_all_that_is_too_much_the_widest_of_the_others_go_too() -> None:
    rules = [WIDE, HARMLESS, rule(3, "12.0.0.0/12"), rule(4, "13.0.0.0/12")]
    named, *others = detect(rules, named=frozenset({"sgr-2"}))
    assert (named.part, [each.part for each in others]) == ("sgr-2", ["sgr-1", "sgr-3"])
    assert others[0].why.endswith(
        "; without the newer rules it would still be too much, so the widest of the others go too"
    )


def test_a_named_rule_is_left_where_one_that_is_too_wide_alone_is_all_that_is_too_much() -> None:
    (finding,) = detect([rule(1, "0.0.0.0/0"), HARMLESS], named=frozenset({"sgr-2"}))
    assert finding.part == "sgr-1"
    assert finding.why.endswith("; the limit is 1,048,576")


def test_the_rule_whose_prefix_list_the_event_names_is_named() -> None:
    listed = rule(3, "8.8.8.8/32", CidrIpv4=None, PrefixListId="pl-1")
    facts = GroupFacts(
        account="111122223333",
        image={},
        group_id="sg-1",
        rules=(WIDE, listed),
        prefix_lists={"pl-1": (ip_network("8.8.8.0/24"),)},
        recency=Recency(named=frozenset({"pl-1"})),
    )
    assert [finding.part for finding in detecting.detect(facts, settings_in(policy()))] == ["sgr-3"]


EQUAL = ("11.0.0.0/13", "12.0.0.0/13", "13.0.0.0/13", "14.0.0.0/13", "14.0.0.0/14")


@given(st.permutations(range(len(EQUAL))), st.permutations(range(len(EQUAL))))
def test_among_equal_ranges_the_ids_and_the_order_of_aws_decide_nothing(ids: list[int], order: list[int]) -> None:
    rules = [rule(ids[number], EQUAL[number], (22, 22 + number)) for number in order]
    said = {str(each.id): str(each) for each in rules}
    found = [said[finding.part] for finding in detect(sorted(rules, key=lambda each: each.id))]
    assert found == ["tcp/22 from 11.0.0.0/13", "tcp/22-23 from 12.0.0.0/13"]


def test_a_rule_that_goes_for_one_port_may_spare_another_at_the_next() -> None:
    """The first goes for port 22. Where 22 and 3389 meet, the wide one must go, and then the first may stay."""
    rules = [rule(1, "11.0.0.0/12"), rule(2, "12.0.0.0/12", (22, 3389)), rule(3, "13.0.0.0/12", (3389, 3389))]
    assert at_fault(rules) == {2}


def test_a_rule_goes_only_where_the_rest_would_be_too_wide_without_it() -> None:
    rules = [rule(1, "11.0.0.0/12"), rule(2, "12.0.0.0/12"), rule(3, "13.0.0.0/12", (3389, 3389))]
    assert at_fault(rules) == {1}


def test_each_family_is_judged_by_its_own_limit_and_each_rule_is_told_once() -> None:
    rules = [rule(1, "::/0"), rule(2, "2600::/40"), rule(3, "0.0.0.0/0", (0, 65535)), rule(4, "8.8.8.8/32")]
    assert [finding.part for finding in detect(rules)] == ["sgr-3", "sgr-1"]


def test_trusted_addresses_are_taken_away_before_anything_is_counted() -> None:
    trusting = '[control.security_group_ingress.trusted]\nipv4 = ["12.0.0.0/12"]\n'
    assert at_fault([rule(1, "12.0.0.0/11")], trusting) == set()
    assert at_fault([rule(1, "12.0.0.0/11"), rule(2, "8.8.8.8/32")], trusting) == {1}


SIX_PORTS = 'control.security_group_ingress.guarded = [22, 80, 443, "8000-8100", "udp/53", 9000]'


@pytest.mark.parametrize(
    ("ports", "protocol", "told"),
    [
        ((22, 22), "tcp", "tcp/22"),
        ((50, 443), "tcp", "tcp/80, tcp/443"),
        ((22, 8050), "tcp", "tcp/22, tcp/80, tcp/443, tcp/8000-8050"),
        ((22, 9000), "tcp", "tcp/22, tcp/80, tcp/443, tcp/8000-8100 and 1 more"),
        ((-1, -1), "-1", "tcp/22, tcp/80, tcp/443, tcp/8000-8100 and 2 more"),
    ],
)
def test_the_reason_names_four_of_the_guarded_ports_and_counts_the_rest(
    ports: tuple[int, int], protocol: str, told: str
) -> None:
    (finding,) = detect([rule(1, "12.0.0.0/11", ports, protocol)], policy(SIX_PORTS))
    assert f" opens {told} to 2,097,152 public addresses; the limit is 1,048,576" in finding.why


def test_the_reason_for_one_of_several_tells_the_worst_that_they_open_together() -> None:
    rules = [rule(1, "11.0.0.0/12", (22, 3389)), rule(2, "12.0.0.0/13"), rule(3, "13.0.0.0/13", (3389, 3389))]
    rules.append(rule(4, "14.0.0.0/14", (3389, 3389)))
    (finding,) = detect(rules)
    assert finding.why == (
        "tcp/22-3389 from 11.0.0.0/12 opens tcp/22, tcp/3389 to 1,048,576 public addresses, and with the group's other "
        "rules to 1,835,008; the limit is 1,048,576; which of the rules is new is not known, so the widest go first"
    )


def test_what_holds_where_nothing_is_at_fault_says_what_was_looked_at_and_by_which_limit() -> None:
    facts = GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=())
    assert all_clear(facts, settings_in(policy())) == CLEAR
    strict = '[control.security_group_ingress.limits]\nipv4 = 1000\nipv6 = "/128"\n'
    assert all_clear(facts, settings_in(policy(f"{SIX_PORTS}\n{strict}"))) == (
        "no guarded port (tcp/22, tcp/80, tcp/443, tcp/8000-8100 and 2 more) is open to more than 1,000 public IPv4 or "
        "1 public IPv6 addresses"
    )


@pytest.mark.parametrize("family", ["ipv4 = ['11.0.0.0/8']", "ipv6 = ['2600::/32']"])
def test_what_was_not_counted_is_said_beside_an_all_clear(family: str) -> None:
    ssh = rule(1, "0.0.0.0/0", CidrIpv4=None, PrefixListId="pl-22")
    web = rule(2, "0.0.0.0/0", (443, 443), CidrIpv4=None, PrefixListId="pl-443")
    facts = GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=(ssh, web))
    known = msgspec.structs.replace(facts, prefix_lists={"pl-22": ()})
    unread = msgspec.structs.replace(facts, unread_lists={"pl-22": Unread("denied", lasts=True)})
    assert all_clear(facts, settings_in(policy())) == f"{CLEAR}, not counting AWS's own prefix lists"
    assert all_clear(known, settings_in(policy())) == all_clear(unread, settings_in(policy())) == CLEAR
    assert all_clear(None, settings_in(policy())) == f"{CLEAR}, not counting AWS's own prefix lists"
    assert all_clear(None, settings_in(policy("control.security_group_ingress.aws_prefix_lists = 'resolved'"))) == CLEAR
    trusting = policy(f"[control.security_group_ingress.trusted]\n{family}")
    assert all_clear(known, settings_in(trusting)) == f"{CLEAR}, not counting trusted networks"
    assert (
        all_clear(facts, settings_in(trusting)) == f"{CLEAR}, not counting trusted networks or AWS's own prefix lists"
    )


def test_a_rule_exposes_the_public_addresses_of_its_source_that_are_not_trusted() -> None:
    trusting = sg_settings('[control.security_group_ingress.trusted]\nipv4 = ["12.0.0.0/8"]\n')
    both = rule(1, "12.0.0.0/7")
    facts = GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=(both,))
    assert exposed_by(both, facts, 4, sg_settings()).size == 2**25
    assert exposed_by(both, facts, 4, trusting).size == 2**24
    assert exposed_by(both, facts, 6, trusting).size == 0
