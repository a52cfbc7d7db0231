"""What a rule says, as an exemption names it: the same for equal rules and no others, and typed as it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.families.groups import Rule
from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.marks import mark_of, marks, parse_mark
from cloudmend.core.errors import InputError
from cloudmend.core.network import ALL_PORTS
from random_groups import IPV4, IPV6, ports


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """As EC2 shows them: tcp and udp have ports, ICMP a type and a code, what else there is has neither."""
    protocol = draw(st.sampled_from(["tcp", "udp", "icmp", "icmpv6", "-1", "50", "132"]))
    first, last = draw(ports) if protocol in ("tcp", "udp") else (-1, -1)
    if protocol in ("icmp", "icmpv6"):
        first, last = draw(st.sampled_from([(-1, -1), (8, -1), (8, 0), (3, 4), (0, 0)]))
    source = draw(
        st.sampled_from(IPV4).map(lambda cidr: {"CidrIpv4": cidr})
        | st.sampled_from(IPV6).map(lambda cidr: {"CidrIpv6": cidr})
        | st.sampled_from(["pl-05fe30eb67c909f27", "pl-0f30ccc3fc066201a"]).map(lambda each: {"PrefixListId": each})
        | st.just({"ReferencedGroupInfo": {"GroupId": "sg-05fe30eb67c909f27"}})
    )
    return Rule({"IsEgress": False, "IpProtocol": protocol, "FromPort": first, "ToPort": last, **source})


@given(rules(), rules())
def test_two_rules_say_the_same_exactly_where_ec2_takes_them_for_equal(one: Rule, other: Rule) -> None:
    assert (mark_of(one) == mark_of(other)) == (one.place == other.place)


@given(rules(), st.none() | st.integers(1, 10**9 - 1))
def test_what_a_rule_says_is_read_as_itself(rule: Rule, version: int | None) -> None:
    said = mark_of(rule, version if rule.prefix_list_id else None)
    assert parse_mark(said) == said


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  tcp/22   from 203.0.113.0/24 ", "tcp/22 from 203.0.113.0/24"),
        ("tcp/22-22 from ::/0", "tcp/22 from ::/0"),
        ("udp/053 from 2001:DB8::/32", "udp/53 from 2001:db8::/32"),
        (f"tcp/0-{ALL_PORTS[1]} from 0.0.0.0/0", "tcp/0-65535 from 0.0.0.0/0"),
    ],
)
def test_other_spellings_are_read_as_ec2_shows_them(typed: str, read: str) -> None:
    assert parse_mark(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        *("tcp/22 from 10.0.0.0/8 in version 3", "tcp/22 from pl-05fe30eb67c909f27 in version x"),
        *("", "tcp/22", "22 from 0.0.0.0/0", "tcp from 0.0.0.0/0", "tcp/23-22 from ::/0", "tcp/65536 from ::/0"),
        *("tcp/22 from 0.0.0.0", "tcp/22 from 10.0.0.1/8", "tcp/22 from world", "tcp/22 from 0.0.0.0/33"),
        *("tcp/22 from sgr-05fe30eb67c909f27", "tcp/22 from 0.0.0.0/0 from ::/0", "all from ::/0"),
    ],
)
def test_what_no_rule_says_is_refused_with_what_one_could(typed: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_mark(typed)
    assert str(refused.value) == (
        f"{typed!r} is neither the id of a security group rule nor the text of one. Write an id such as "
        "sgr-05fe30eb67c909f27, or a protocol, ports and a source, such as 'tcp/22 from 203.0.113.0/24', "
        "'udp/53-54 from pl-05fe30eb67c909f27' or 'all traffic from 2001:db8::/32'."
    )


def test_a_tcp_rule_without_ports_says_that_it_is_of_all() -> None:
    row: dict[str, Any] = {"IsEgress": False, "IpProtocol": "tcp", "CidrIpv4": "0.0.0.0/0"}
    assert mark_of(Rule(row)) == "tcp/0-65535 from 0.0.0.0/0"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": 0}, "icmp type 8 code 0"),
        ({"IpProtocol": "icmpv6", "FromPort": 8, "ToPort": -1}, "icmpv6 type 8"),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, "icmp"),
        ({"IpProtocol": "icmp"}, "icmp"),
        ({"IpProtocol": "50", "FromPort": 8, "ToPort": 0}, "protocol 50"),
    ],
)
def test_of_icmp_it_says_type_and_code_and_of_others_neither(fields: dict[str, Any], said: str) -> None:
    assert mark_of(Rule({"IsEgress": False, "CidrIpv4": "0.0.0.0/0", **fields})) == f"{said} from 0.0.0.0/0"


def test_a_rule_from_a_list_has_a_mark_with_the_list_s_version_and_one_without() -> None:
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    rules = tuple(
        Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": is_egress, **ports, **source})
        for number, is_egress, source in (
            (1, False, {"PrefixListId": "pl-1"}),
            (2, False, {"PrefixListId": "pl-2"}),
            (3, False, {"CidrIpv4": "0.0.0.0/0"}),
            (4, True, {"CidrIpv4": "0.0.0.0/0"}),
        )
    )
    lists = [{"PrefixListId": "pl-1", "Version": 3}, {"PrefixListId": "pl-2"}]
    assert marks(GroupFacts(account="", image={"PrefixLists": lists}, group_id="", rules=rules)) == {
        "sgr-1": {"tcp/22 from pl-1", "tcp/22 from pl-1 in version 3"},
        "sgr-2": {"tcp/22 from pl-2"},
        "sgr-3": {"tcp/22 from 0.0.0.0/0"},
    }
    assert marks(GroupFacts(account="", image={}, group_id="", rules=rules[:1])) == {"sgr-1": {"tcp/22 from pl-1"}}
