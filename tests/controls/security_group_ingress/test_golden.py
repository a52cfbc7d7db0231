"""Golden cases: groups on which others fail, each of which must end closed with nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest

from support import Account, ingress, ipv4, ipv6

WORLD = "0.0.0.0/0"
TEN = "10.0.0.0/8"

CASES: dict[str, tuple[list[dict[str, Any]], set[tuple[str, int, int, str]]]] = {
    "the walkthrough": (
        [ipv4(3389, WORLD), ipv4(22, WORLD)],
        {("tcp", 22, 22, TEN), ("tcp", 3389, 3389, TEN)},
    ),
    "the world is not the first in the list": (
        [ipv4(22, "192.168.1.0/24", "8.8.8.8/32", WORLD)],
        {("tcp", 22, 22, "192.168.1.0/24"), ("tcp", 22, 22, "8.8.8.8/32"), ("tcp", 22, 22, TEN)},
    ),
    "a range that contains a guarded port": ([ipv4((20, 25), WORLD)], {("tcp", 20, 25, TEN)}),
    "a range between the two guarded ports": ([ipv4((22, 3389), WORLD)], {("tcp", 22, 3389, TEN)}),
    "all ports": ([ipv4((0, 65535), WORLD)], {("tcp", 0, 65535, TEN)}),
    "all protocols": ([ipv4(-1, WORLD, protocol="-1")], {("-1", -1, -1, TEN)}),
    "tcp by its number": ([ipv4(22, WORLD, protocol="6")], {("tcp", 22, 22, TEN)}),
    "tcp in capitals": ([ipv4(22, WORLD, protocol="TCP")], {("tcp", 22, 22, TEN)}),
    "IPv6 alone": ([ipv6(22, "::/0")], {("tcp", 22, 22, "fd00::/8")}),
    "IPv6 beside a fixed IPv4 rule": (
        [ipv4(22, TEN), ipv6(22, "::/0")],
        {("tcp", 22, 22, TEN), ("tcp", 22, 22, "fd00::/8")},
    ),
    "IPv6's public space": ([ipv6(22, "2000::/3")], set()),
    "both families in one permission": (
        [{**ipv4(22, WORLD), **ipv6(22, "::/0")}],
        {("tcp", 22, 22, TEN), ("tcp", 22, 22, "fd00::/8")},
    ),
    "the replacement stands already": ([ipv4(22, TEN, WORLD)], {("tcp", 22, 22, TEN)}),
    "two halves of the world": ([ipv4(22, "0.0.0.0/1", "128.0.0.0/1")], {("tcp", 22, 22, TEN)}),
    "two ranges that would become equal": ([ipv4(22, "0.0.0.0/1", "8.0.0.0/5")], {("tcp", 22, 22, TEN)}),
    "a range that does not hold the replacement": ([ipv4(22, "128.0.0.0/2")], set()),
    "the world spelled with host bits": ([ipv4(22, "1.2.3.4/0")], {("tcp", 22, 22, TEN)}),
    "RDP over udp": ([ipv4(3389, WORLD, protocol="udp")], {("udp", 3389, 3389, TEN)}),
    "udp/22 is not guarded": ([ipv4(22, WORLD, protocol="udp")], {("udp", 22, 22, WORLD)}),
    "443 is not guarded": ([ipv4(443, WORLD)], {("tcp", 443, 443, WORLD)}),
    "ICMP has types, not ports": ([ipv4((8, -1), WORLD, protocol="icmp")], {("icmp", 8, -1, WORLD)}),
    "ESP opens no tcp port": ([ipv4(-1, WORLD, protocol="50")], {("50", -1, -1, WORLD)}),
    "ports beside a guarded one": (
        [ipv4((0, 21), WORLD), ipv4((23, 3388), WORLD)],
        {("tcp", 0, 21, WORLD), ("tcp", 23, 3388, WORLD)},
    ),
    "four quarters of the world": (
        [ipv4(22, "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")],
        {("tcp", 22, 22, TEN)},
    ),
    "ranges that are too wide only together": (
        [ipv4(22, "11.0.0.0/12", "8.8.8.8/32")],
        {("tcp", 22, 22, "8.8.8.8/32")},
    ),
    "a wide range that others cover wholly": (
        [ipv4(22, "11.0.0.0/12", "11.0.0.0/13", "11.8.0.0/13")],
        {("tcp", 22, 22, "11.0.0.0/12"), ("tcp", 22, 22, "11.0.0.0/13"), ("tcp", 22, 22, "11.8.0.0/13")},
    ),
    "ranges of different ports are not one door": (
        [ipv4(22, "11.0.0.0/12"), ipv4(3389, "12.0.0.0/12")],
        {("tcp", 22, 22, "11.0.0.0/12"), ("tcp", 3389, 3389, "12.0.0.0/12")},
    ),
    "ranges that meet in one port": (
        [ipv4((20, 22), "11.0.0.0/12"), ipv4((22, 25), "12.0.0.0/13")],
        {("tcp", 22, 25, "12.0.0.0/13")},
    ),
    "one IPv4 /12 is the limit": ([ipv4(22, "11.0.0.0/12")], {("tcp", 22, 22, "11.0.0.0/12")}),
    "more than an IPv4 /12": ([ipv4(22, "12.0.0.0/11")], set()),
    "a /8 that anybody can rent an address of": ([ipv4(22, "3.0.0.0/8")], set()),
    "one IPv6 /40 is the limit": ([ipv6(22, "2600::/40")], {("tcp", 22, 22, "2600::/40")}),
    "more than an IPv6 /40": ([ipv6(22, "2600::/39")], set()),
}


@pytest.mark.parametrize(("permissions", "expected"), CASES.values(), ids=CASES.keys())
def test_a_group_ends_closed_and_nothing_else_is_touched(
    permissions: list[dict[str, Any]], expected: set[tuple[str, int, int, str]]
) -> None:
    account = Account()
    group_id = account.group(*permissions)
    before = account.rules(group_id)
    record = account.mend(group_id)
    after = account.rules(group_id)
    assert ingress(after) == expected
    assert record.status == ("clean" if ingress(before) == expected else "mended")
    at_fault = {finding.part for finding in record.findings}
    assert [row for row in before if row["SecurityGroupRuleId"] not in at_fault] == [
        row for row in after if row["SecurityGroupRuleId"] not in at_fault
    ]


def test_of_sixty_public_12s_one_is_left() -> None:
    account = Account()
    group_id = account.group(ipv4(22, *(f"{first}.0.0.0/12" for first in range(11, 71))))
    record = account.mend(group_id)
    assert record.status == "mended"
    assert len(ingress(account.rules(group_id))) == 1
    assert "with the group's other rules to 62,914,560" in record.findings[0].why


def test_a_rule_that_references_another_group_stays_as_it_is() -> None:
    account = Account()
    other = account.group()
    reference = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": other}]}
    group_id = account.group(reference, ipv4(22, WORLD))
    account.mend(group_id)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, TEN), ("tcp", 22, 22, other)}


def test_a_narrowed_rule_keeps_its_id_ports_protocol_description_and_tags() -> None:
    account = Account()
    group_id = account.group()
    account.ec2.authorize_security_group_ingress(
        GroupId=group_id,
        IpPermissions=[ipv4((20, 25), WORLD, Description="bastion, until Friday")],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "team", "Value": "net"}]}],
    )
    before = [row for row in account.rules(group_id) if not row["IsEgress"]]
    account.mend(group_id)
    after = [row for row in account.rules(group_id) if not row["IsEgress"]]
    assert after == [{**before[0], "CidrIpv4": TEN}]
    assert after[0]["Description"] == "bastion, until Friday"
    assert after[0]["Tags"] == [{"Key": "team", "Value": "net"}]


def test_an_egress_rule_to_the_world_is_none_of_its_business() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    egress = [row for row in account.rules(group_id) if row["IsEgress"]]
    assert [row["CidrIpv4"] for row in egress] == [WORLD]
    account.mend(group_id)
    assert [row for row in account.rules(group_id) if row["IsEgress"]] == egress


def test_all_rules_of_a_group_are_narrowed_in_one_call() -> None:
    account = Account()
    group_id = account.group(*(ipv4(port, WORLD) for port in (22, 3389)), ipv6(22, "::/0"))
    account.mend(group_id)
    assert account.calls == [
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ledger:intend",
        "ec2:ModifySecurityGroupRules",
        "ec2:DescribeSecurityGroupRules",
        "ledger:finish",
    ]


def test_other_ports_and_replacements_come_from_the_policy() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(8443, WORLD))
    account.mend(group_id, guarded_ports="8000-9000", replacement_ipv4="172.16.0.0/12")
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, WORLD), ("tcp", 8443, 8443, "172.16.0.0/12")}
