"""The design's promises, on random groups, in memory; reach is measured by the oracle's packets.

What AWS leaves undocumented is drawn too: the promises hold whichever way AWS turns out to be.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import PolicyError
from cloudmend.core.policy.model import Policy
from cloudmend.local.ec2.checks import Ec2Error
from oracle.packets import TCP, UDP, Packet, admitted, boundaries, exposure
from random_groups import groups, make, resolved
from support import Account, event, policy, settings_in

LIMITS = {4: 2**20, 6: 2**88}
GUARDED = ((TCP, 22), (TCP, 3389), (UDP, 3389))
WRITES = ("ModifySecurityGroupRules", "RevokeSecurityGroupIngress")
Rows = list[dict[str, Any]]

undocumented = st.fixed_dictionaries(
    {
        "keeps_omitted_description": st.booleans(),
        "modify_is_atomic": st.booleans(),
        "repeats_are_duplicates": st.booleans(),
        "read_lag": st.integers(0, 2).map(lambda reads: lambda: reads),
    }
)


def is_open(account: Account, rows: Rows) -> bool:
    packets = resolved(account, rows)
    return any(exposure(packets, version, *port) > limit for version, limit in LIMITS.items() for port in GUARDED)


def settled(account: Account, group_id: str) -> Rows:
    """The group's rules once every read that lags is over."""
    for _ in range(3):
        rows = account.rules(group_id)
    return rows


def mended(permissions: Rows, options: Mapping[str, Any]) -> tuple[Account, str, Rows, Rows]:
    account = Account(**options)
    group_id = make(account, permissions)
    before = settled(account, group_id)
    assert account.mend(group_id).status in ("mended", "clean")
    return account, group_id, before, settled(account, group_id)


@given(groups, undocumented, st.data())
def test_1_it_only_narrows(permissions: Rows, options: Mapping[str, Any], data: st.DataObject) -> None:
    account, _, before, after = mended(permissions, options)
    was, now = resolved(account, before), resolved(account, after)
    version = data.draw(st.sampled_from([4, 6]))
    protocol = data.draw(st.sampled_from([1, TCP, UDP, 50]))
    port = data.draw(st.sampled_from([0, 22, 23, 3389, 65535]) | st.integers(0, 65535))
    for source in boundaries([*was, *now], version):
        packet = Packet(version, source, protocol, port)
        assert admitted(was, packet) or not admitted(now, packet)


@given(groups, undocumented)
def test_2_it_closes(permissions: Rows, options: Mapping[str, Any]) -> None:
    account, _, _, after = mended(permissions, options)
    assert not is_open(account, after)


@given(groups, undocumented)
def test_3_it_touches_nothing_else(permissions: Rows, options: Mapping[str, Any]) -> None:
    account, _, before, after = mended(permissions, options)
    now = {row["SecurityGroupRuleId"]: row for row in after}
    assert now.keys() <= {row["SecurityGroupRuleId"] for row in before}
    untouched = [row for row in before if now.get(row["SecurityGroupRuleId"]) == row]
    for row in before:
        if row not in untouched:
            assert is_open(account, [*untouched, row]), "a rule was changed that did not have to be"
        if (changed := now.get(row["SecurityGroupRuleId"])) is not None:
            assert without_source(changed) == without_source(row)


@given(groups, st.integers(1, 3))
def test_4_it_converges(permissions: Rows, times: int) -> None:
    account, group_id, _, after = mended(permissions, {})
    for _ in range(times):
        account.handle(event(group_id, "ModifySecurityGroupRules"))
        assert not [call for call in account.calls if call.removeprefix("ec2:") in WRITES]
    assert account.rules(group_id) == after


@given(groups, st.dictionaries(st.sampled_from(["cidrIp", "ipProtocol", "fromPort", "ipPermissions"]), st.text()))
def test_5_what_an_event_claims_decides_nothing(permissions: Rows, claims: dict[str, str]) -> None:
    account, _, _, after = mended(permissions, {})
    other = Account()
    group_id = make(other, permissions)
    other.respond(event(group_id, requestParameters={**claims, "groupId": group_id}))
    assert sources(after) == sources(other.rules(group_id))
    assert account.records[-1].status == other.records[-1].status


@given(groups, st.lists(st.sampled_from([*WRITES, "DescribeSecurityGroupRules"]), max_size=6), st.data())
def test_6_it_never_says_mended_while_the_door_is_open(
    permissions: Rows, refused: list[str], data: st.DataObject
) -> None:
    account = Account()
    group_id = make(account, permissions)
    codes = data.draw(st.lists(st.sampled_from([("UnauthorizedOperation", 403), ("InternalError", 500)]), min_size=1))
    refuse_in_turn(account, refused, codes)
    record = account.mend(group_id)
    account.groups.before.clear()
    if record.status in ("mended", "clean"):
        assert not is_open(account, account.rules(group_id))
    else:
        assert record.status in ("open", "failed")
        assert record.errors or record.remaining


def refuse_in_turn(account: Account, operations: list[str], codes: list[tuple[str, int]]) -> None:
    """The calls of these operations fail, each as often as it is named."""
    left = list(operations)

    def obstacle(operation: str) -> Any:
        def refuse(_: Mapping[str, Any]) -> None:
            if operation in left:
                left.remove(operation)
                code, status = codes[len(left) % len(codes)]
                raise Ec2Error(code, "refused", status)

        return refuse

    account.groups.before |= {operation: obstacle(operation) for operation in set(operations)}


@given(groups, st.sampled_from(WRITES))
def test_7_nothing_is_lost(permissions: Rows, crash_at: str) -> None:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)

    def crash(_: Mapping[str, Any]) -> None:
        raise ZeroDivisionError("a bug")

    account.groups.after[crash_at] = crash
    record = account.mend(group_id)
    assert account.records == [record]
    writes = [index for index, call in enumerate(account.calls) if call.removeprefix("ec2:") in WRITES]
    assert not writes or account.calls.index("ledger:intend") < writes[0]
    for intent in account.intents:
        assert sorted(intent.before["SecurityGroupRules"], key=lambda row: str(row["SecurityGroupRuleId"])) == before


@given(groups)
def test_8_it_can_be_undone_exactly(permissions: Rows) -> None:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)
    for command in account.mend(group_id).undo:
        *_, operation, _, _, _, body = shlex.split(command)
        getattr(account.ec2, operation.replace("-", "_"))(**json.loads(body))
    assert without_ids(account.rules(group_id)) == without_ids(before)


@given(groups)
def test_9_it_uses_only_the_rights_it_declares(permissions: Rows) -> None:
    account, _, _, _ = mended(permissions, {})
    used = {call for call in account.calls if call.startswith("ec2:")}
    assert used <= {right.action for right in (*CONTROL.reads, *CONTROL.writes)}
    assert not [call for call in used if "Authorize" in call]


@given(
    st.sampled_from(["guarded_ports", "replacement_ipv4", "replacement_ipv6", "mode", "settings"]),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1),
)
def test_10_a_policy_is_sound_or_refused_with_its_name(name: str, value: str) -> None:
    refusal, sound = attempt(**{name: value})
    assert bool(refusal) != bool(sound)
    if sound:
        rules = settings_in(sound)
        assert rules.guarded
        assert not [each for each in rules.replacement.values() if not isinstance(each, str) and rules.exposes(each)]
    else:
        assert f"CLOUDMEND_{name.upper()}" in refusal


@given(groups, st.data())
def test_11_a_list_that_cannot_be_read_costs_itself_alone(permissions: Rows, data: st.DataObject) -> None:
    account = Account()
    group_id = make(account, permissions)
    lists = sorted({row["PrefixListId"] for row in account.rules(group_id) if "PrefixListId" in row})
    hidden = data.draw(st.lists(st.sampled_from(lists), unique=True)) if lists else []
    for list_id in hidden:
        account.groups.unshare(list_id)
    before = account.rules(group_id)
    record = account.mend(group_id)
    after = account.rules(group_id)
    readable = [row for row in after if row.get("PrefixListId") not in hidden]
    assert not is_open(account, readable)
    unread = [row for row in before if row.get("PrefixListId") in hidden]
    assert unread == [row for row in after if row.get("PrefixListId") in hidden]
    if any(admits_guarded(row) for row in unread):
        assert record.status in ("mended", "observed")
        assert record.remaining or record.status == "observed"
    else:
        assert record.status in ("mended", "clean")


def admits_guarded(row: dict[str, Any]) -> bool:
    """Whether it lets anything of its source to a guarded port."""
    anywhere = {**row, "CidrIpv4": "0.0.0.0/0"}
    return any(exposure([anywhere], 4, protocol, port) for protocol, port in GUARDED)


def attempt(**settings: str) -> tuple[str, Policy | None]:
    """The refusal of a policy, or the policy."""
    try:
        return "", policy(**settings)
    except PolicyError as refusal:
        return str(refusal), None


def without_source(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("CidrIpv4", "CidrIpv6")}


def without_ids(rows: Rows) -> list[str]:
    """Rules as text, without what AWS gives anew to a rule that comes back."""
    new = ("SecurityGroupRuleId", "SecurityGroupRuleArn")
    return sorted(json.dumps({k: v for k, v in row.items() if k not in new}, sort_keys=True) for row in rows)


def sources(rows: Rows) -> list[tuple[Any, ...]]:
    """What the rules admit, where two accounts may be compared: references and lists have ids of their own."""
    fields = ("IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6")
    return sorted(tuple(str(row.get(field)) for field in fields) for row in rows)
