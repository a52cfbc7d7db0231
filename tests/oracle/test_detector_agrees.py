"""The detector, held against a packet-by-packet reading of the same rules."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.facts import observe
from cloudmend.core.model import Resource
from cloudmend.core.network import Traffic
from oracle.packets import TCP, Packet, admits, boundaries, exposure
from random_groups import groups, make
from support import Account, policy

LIMITS = {4: 2**24, 6: 2**96}
GUARDED = (22, 3389)


def at_fault(account: Account, group_id: str) -> set[str]:
    facts = observe(Resource(type="AWS::EC2::SecurityGroup", id=group_id), account.world.reader)
    assert facts is not None
    return {finding.part for finding in detect(facts, policy())}


@given(groups)
def test_a_rule_is_at_fault_exactly_where_counting_packets_says_so(permissions: list[dict[str, Any]]) -> None:
    account = Account()
    group_id = make(account, permissions)
    counted = {
        row["SecurityGroupRuleId"]
        for row in account.rules(group_id)
        if any(exposure([row], version, TCP, port) > LIMITS[version] for version in LIMITS for port in GUARDED)
    }
    assert at_fault(account, group_id) == counted


@given(groups, st.data())
def test_what_a_rule_admits_is_what_packets_find(permissions: list[dict[str, Any]], data: st.DataObject) -> None:
    account = Account()
    rows = account.rules(make(account, permissions))
    facts = observe(Resource(type="AWS::EC2::SecurityGroup", id=rows[0]["GroupId"]), account.world.reader)
    assert facts is not None
    version = data.draw(st.sampled_from([4, 6]))
    source = data.draw(st.sampled_from(boundaries(rows, version)))
    port = data.draw(st.sampled_from([0, 21, 22, 23, 3388, 3389, 3390, 65535]) | st.integers(0, 65535))
    packet = Packet(version, source, TCP, port)
    read = {
        rule.id
        for rule in facts.ingress
        if rule.network is not None
        and rule.network.version == version
        and int(rule.network.network_address) <= source <= int(rule.network.broadcast_address)
        and rule.traffic & Traffic("tcp", port, port)
    }
    assert read == {row["SecurityGroupRuleId"] for row in rows if admits(row, packet)}
