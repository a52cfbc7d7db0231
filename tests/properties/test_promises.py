"""The design's promises 1 to 4, on random groups, in memory; reach is measured by the oracle's packets."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oracle.packets import TCP, UDP, Packet, admitted, boundaries, exposure
from random_groups import groups, make
from support import Account, event

LIMITS = {4: 2**24, 6: 2**96}
GUARDED = (22, 3389)
Rows = list[dict[str, Any]]


def mended(permissions: list[dict[str, Any]]) -> tuple[Account, str, Rows, Rows]:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)
    assert account.mend(group_id).status in ("mended", "clean")
    return account, group_id, before, account.rules(group_id)


@given(groups, st.data())
def test_1_it_only_narrows(permissions: Rows, data: st.DataObject) -> None:
    _, _, before, after = mended(permissions)
    version = data.draw(st.sampled_from([4, 6]))
    edges = boundaries([*before, *after], version)
    protocol = data.draw(st.sampled_from([1, TCP, UDP, 50]))
    port = data.draw(st.sampled_from([0, 22, 23, 3389, 65535]) | st.integers(0, 65535))
    for source in edges:
        packet = Packet(version, source, protocol, port)
        assert admitted(before, packet) or not admitted(after, packet)


@given(groups)
def test_2_it_closes(permissions: Rows) -> None:
    _, _, _, after = mended(permissions)
    for version, limit in LIMITS.items():
        assert all(exposure(after, version, TCP, port) <= limit for port in GUARDED)


@given(groups)
def test_3_it_touches_nothing_else(permissions: Rows) -> None:
    _, _, before, after = mended(permissions)
    now = {row["SecurityGroupRuleId"]: row for row in after}
    assert now.keys() <= {row["SecurityGroupRuleId"] for row in before}
    untouched = [row for row in before if now.get(row["SecurityGroupRuleId"]) == row]
    for row in before:
        if row not in untouched:
            assert is_open([*untouched, row]), "a rule was changed that did not have to be"
        if (changed := now.get(row["SecurityGroupRuleId"])) is not None:
            assert without_source(changed) == without_source(row)


@given(groups, st.integers(1, 3))
def test_4_it_converges(permissions: Rows, times: int) -> None:
    account, group_id, _, after = mended(permissions)
    for _ in range(times):
        account.handle(event(group_id, "ModifySecurityGroupRules"))
        assert account.calls == ["ec2:DescribeSecurityGroupRules"]
    assert account.rules(group_id) == after


def is_open(rows: Rows) -> bool:
    return any(exposure(rows, version, TCP, port) > limit for version, limit in LIMITS.items() for port in GUARDED)


def without_source(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("CidrIpv4", "CidrIpv6")}
