"""The detector, held against a packet-by-packet reading of the same rules."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.controls.security_group_ingress.detect import detect
from cloudmend.controls.security_group_ingress.facts import GroupFacts, Recency
from cloudmend.core.model import Resource
from cloudmend.core.network import Traffic
from oracle.packets import TCP, UDP, Packet, admits, boundaries, exposure
from random_groups import groups, make, resolved
from support import Account, sg_settings

LIMITS = {4: 2**20, 6: 2**88}
GUARDED = ((TCP, 22), (TCP, 3389), (UDP, 3389))


def observed(account: Account, group_id: str) -> GroupFacts:
    state = CONTROL.read(Resource(type="AWS::EC2::SecurityGroup", id=group_id), account.world.reader, sg_settings())
    assert state is not None
    facts: GroupFacts = state.context
    return facts


def is_open(account: Account, rows: list[dict[str, Any]]) -> bool:
    return is_open_to_packets(resolved(account, rows))


def is_open_to_packets(rows: list[dict[str, Any]]) -> bool:
    """Whether more public addresses than the limit reach a guarded port, counted packet by packet."""
    return any(exposure(rows, version, *port) > limit for version, limit in LIMITS.items() for port in GUARDED)


@given(groups)
def test_rules_are_at_fault_exactly_where_counting_packets_says_so(permissions: list[dict[str, Any]]) -> None:
    account = Account()
    group_id = make(account, permissions)
    rows = account.rules(group_id)
    at_fault = {finding.part for finding in detect(observed(account, group_id), sg_settings())}
    rest = [row for row in rows if row["SecurityGroupRuleId"] not in at_fault]
    assert bool(at_fault) == is_open(account, rows)
    assert not is_open(account, rest)
    for row in rows:
        if is_open(account, [row]):
            assert row["SecurityGroupRuleId"] in at_fault
        elif row["SecurityGroupRuleId"] in at_fault:
            assert is_open(account, [*rest, row]), "one rule too many is at fault"


@given(groups, st.data())
def test_what_an_event_names_is_at_fault_before_anything_else_and_no_rule_too_many_is(
    permissions: list[dict[str, Any]], data: st.DataObject
) -> None:
    account = Account()
    rows = account.rules(group_id := make(account, permissions))
    ids = sorted(row["SecurityGroupRuleId"] for row in rows)
    named = data.draw(st.frozensets(st.sampled_from(ids)))
    facts = msgspec.structs.replace(observed(account, group_id), recency=Recency(named=named))
    at_fault = {finding.part for finding in detect(facts, sg_settings())}
    rest = [row for row in rows if row["SecurityGroupRuleId"] not in at_fault]
    alone = {row["SecurityGroupRuleId"] for row in rows if is_open(account, [row])}
    assert alone <= at_fault
    assert not is_open(account, rest)
    for row in rows:
        if row["SecurityGroupRuleId"] in at_fault - alone:
            assert is_open(account, [*rest, row]), "one rule too many is at fault"
    if not is_open(account, [row for row in rows if row["SecurityGroupRuleId"] not in alone | named]):
        assert at_fault <= alone | named


@given(groups, st.data())
def test_what_a_rule_admits_is_what_packets_find(permissions: list[dict[str, Any]], data: st.DataObject) -> None:
    account = Account()
    rows = account.rules(make(account, permissions))
    facts = observed(account, rows[0]["GroupId"])
    version = data.draw(st.sampled_from([4, 6]))
    edges = boundaries(resolved(account, rows), version)
    source = data.draw(st.sampled_from(edges) | st.integers(0, edges[-1]))
    port = data.draw(st.sampled_from([21, 22, 23, 3388, 3389, 3390]) | st.integers(0, 65535))
    packet = Packet(version, source, TCP, port)
    read = {
        rule.id
        for rule in facts.ingress
        for network in facts.networks(rule)
        if network.version == version
        and int(network.network_address) <= source <= int(network.broadcast_address)
        and rule.traffic & Traffic("tcp", port, port)
    }
    passed = {row["SecurityGroupRuleId"] for row in resolved(account, rows) if admits(row, packet)}
    unread = {
        rule.id for rule in facts.ingress if rule.prefix_list_id and rule.prefix_list_id not in facts.prefix_lists
    }
    assert read == passed - unread
    assert not [row for row in rows if row["SecurityGroupRuleId"] in unread and opens_guarded(row)]


def opens_guarded(row: dict[str, Any]) -> bool:
    """A list is left unread only where it opens no guarded port."""
    anywhere = [{**row, "CidrIpv4": "0.0.0.0/0"}]
    return any(exposure(anywhere, 4, *port) for port in GUARDED)
