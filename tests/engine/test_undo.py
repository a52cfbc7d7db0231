"""Undo: what was mended comes back exactly, and only if nobody changed it since; an exemption comes first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudmend.controls.security_group_ingress.undo import PERMISSIONS
from cloudmend.core.errors import UndoIncomplete, UndoRefused
from cloudmend.core.ledger_records import TimedExemption
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from properties.test_promises import without_ids
from random_groups import groups, make
from support import ACCOUNT, NOW, REGION, Account, ipv4
from undoing import ALICE, WORLD, WRITES, entry, exemptions, mended_group, refuse, rule_of, undone


@given(groups, st.booleans())
def test_mend_then_undo_gives_the_group_back(permissions: list[dict[str, Any]], narrowing_is_refused: bool) -> None:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)
    if narrowing_is_refused:
        refuse(account, "ModifySecurityGroupRules", times=100)
    record_id = account.mend(group_id).entry_id
    account.groups.before.clear()
    if not record_id:
        return  # nothing was at fault
    result = undone(account, record_id)
    assert without_ids(account.rules(group_id)) == without_ids(before)
    assert result.record is not None
    assert {edit.part for edit in result.record.edits} <= {
        row["SecurityGroupRuleId"] for row in account.rules(group_id)
    }
    assert entry(account, record_id).state == "UNDONE"


def test_a_rule_that_was_not_at_fault_keeps_its_id_and_one_that_was_narrowed_too() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(443, WORLD))
    before = account.rules(group_id)
    undone(account, account.mend(group_id).entry_id)
    assert account.rules(group_id) == before


def test_a_revoked_rule_comes_back_under_a_new_id_that_the_record_links() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    (old,) = [edit.part for edit in entry(account, record_id).ended.record.edits if not edit.after]  # type: ignore[union-attr]
    undone(account, record_id)
    back = rule_of(account, group_id, 3389)
    assert (back["Description"], back["Tags"]) == ("half", [{"Key": "team", "Value": "net"}])
    end = entry(account, record_id).undone
    assert end is not None
    (told,) = [edit.did for edit in end.record.edits if edit.part == back["SecurityGroupRuleId"]]
    assert told == f"{back['SecurityGroupRuleId']} is tcp/3389 from 128.0.0.0/1 again, in place of {old}"


def test_the_record_of_an_undo_says_who_why_and_until_when_and_is_published() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    record_id = account.mend(group_id).entry_id
    undone(account, record_id)
    record = account.records[-1]
    rule_id = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    assert record.summary == (
        f"{account.label(group_id)}: {rule_id} is tcp/22 from 0.0.0.0/0 again. "
        "Only that is exempt until 2026-11-24 09:00 UTC: The vendor has no VPN yet (network-team)."
    )
    assert (record.status, record.entry_id, record.actor.arn) == ("exempt", record_id, ALICE)


def test_the_exemption_stands_before_the_first_write() -> None:
    account = Account()
    _, record_id = mended_group(account)
    standing: list[int] = []

    def look(_: Mapping[str, Any]) -> None:
        standing.append(len(exemptions(account)))

    account.groups.before |= dict.fromkeys(WRITES, look)
    undone(account, record_id)
    assert standing == [1, 1]


def test_the_exemption_names_what_is_restored_owner_reason_expiry_and_who_made_it() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    (exemption,) = exemptions(account)
    assert exemption == TimedExemption(
        id=record_id,
        control="security_group_ingress",
        group=group_id,
        account=ACCOUNT,
        region=REGION,
        name=exemption.name,
        parts=("tcp/22 from 0.0.0.0/0", "tcp/3389 from 128.0.0.0/1"),
        owner="network-team",
        reason="The vendor has no VPN yet",
        expires=NOW + timedelta(hours=2),
        created=NOW,
        created_by=ALICE,
    )


def test_while_exempt_the_next_event_leaves_it_open_and_after_the_expiry_it_is_closed_again() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    assert account.mend(group_id).status == "exempt"
    account.clock.time += timedelta(hours=2, seconds=1)
    assert account.mend(group_id).status == "mended"


def test_it_uses_exactly_the_rights_it_declares() -> None:
    account = Account()
    _, record_id = mended_group(account)
    gone, entry_of_gone = mended_group(account)
    account.ec2.delete_security_group(GroupId=gone)
    with_list = account.mend(account.group(refers(22, prefix_list(account, WORLD)))).entry_id
    account.calls.clear()
    undone(account, record_id)
    undone(account, with_list)
    with pytest.raises(UndoRefused, match="does not exist"):
        undone(account, entry_of_gone)
    assert set(account.calls) == PERMISSIONS - {"ec2:CreateTags"}  # which stands behind the tags of a call


def test_a_dry_run_tells_the_requests_and_writes_nothing() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    rows, kept = account.rules(group_id), entry(account, record_id)
    account.calls.clear()
    planned = undone(account, record_id, dry_run=True)
    assert [request.action for request in planned.requests] == [f"ec2:{operation}" for operation in WRITES]
    assert planned.record is None
    assert set(account.calls) == {"ec2:DescribeSecurityGroupRules"}
    assert (account.rules(group_id), entry(account, record_id), exemptions(account)) == (rows, kept, ())


@given(groups, st.sampled_from(WRITES), st.integers(0, 3))
def test_an_undo_that_fails_half_way_is_completed_by_the_same_again(
    permissions: list[dict[str, Any]], operation: str, after: int
) -> None:
    account = Account()
    group_id = make(account, permissions)
    before = account.rules(group_id)
    record_id = account.mend(group_id).entry_id
    refuse(account, operation, times=1, after=after)
    try:
        if record_id:
            undone(account, record_id)
    except UndoIncomplete:
        assert entry(account, record_id).state == "DONE"
        undone(account, record_id)
    assert without_ids(account.rules(group_id)) == without_ids(before)
    assert len(exemptions(account)) == bool(record_id)


def test_a_failure_half_way_is_told_exactly() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    refuse(account, "AuthorizeSecurityGroupIngress", times=1)
    with pytest.raises(UndoIncomplete) as incomplete:
        undone(account, record_id)
    told = str(incomplete.value)
    narrowed = rule_of(account, group_id, 22)["SecurityGroupRuleId"]
    assert f"Restored: {narrowed} is tcp/22 from 0.0.0.0/0 again." in told
    assert "Not restored: aws ec2 authorize-security-group-ingress --region eu-west-1" in told
    assert "AWS answered UnauthorizedOperation" in told
    assert "Run the same command again to complete it." in told


def test_a_write_whose_answer_was_lost_but_that_took_effect_is_no_failure() -> None:
    account = Account()
    group_id, record_id = mended_group(account)

    def lose(_: Mapping[str, Any]) -> None:
        raise Ec2Error("InternalError", "the answer is lost", 500)

    account.groups.after["AuthorizeSecurityGroupIngress"] = lose
    undone(account, record_id)
    assert rule_of(account, group_id, 3389)["CidrIpv4"] == "128.0.0.0/1"


def test_a_crash_after_the_last_write_is_completed_by_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    _, record_id = mended_group(account)
    with monkeypatch.context() as patch:
        patch.setattr(account.ledger, "undone", crash, raising=False)
        with pytest.raises(ZeroDivisionError):
            undone(account, record_id)
    account.calls.clear()
    undone(account, record_id)
    assert set(account.calls) == {"ec2:DescribeSecurityGroupRules"}
    assert entry(account, record_id).state == "UNDONE"


def crash(*_: object) -> Any:
    raise ZeroDivisionError("a bug")


def test_what_a_mend_only_may_have_done_is_taken_back_too() -> None:
    """The answers of both writes were lost, so the mend's record does not claim them."""
    account = Account()

    def lose(_: Mapping[str, Any]) -> None:
        raise Ec2Error("InternalError", "the answer is lost", 500)

    account.groups.after |= dict.fromkeys(("ModifySecurityGroupRules", "RevokeSecurityGroupIngress"), lose)
    group_id, record_id = mended_group(account)
    account.groups.after.clear()
    undone(account, record_id)
    assert rule_of(account, group_id, 22)["CidrIpv4"] == WORLD
    assert rule_of(account, group_id, 3389)["CidrIpv4"] == "128.0.0.0/1"


def test_what_somebody_else_revoked_first_stays_revoked() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, "128.0.0.0/1"))
    rule_id = rule_of(account, group_id, 3389)["SecurityGroupRuleId"]

    def first(_: Mapping[str, Any]) -> None:
        account.groups.before.clear()
        account.groups.unhindered(
            "RevokeSecurityGroupIngress", {"GroupId": group_id, "SecurityGroupRuleIds": [rule_id]}
        )

    account.groups.before["RevokeSecurityGroupIngress"] = first
    record_id = account.mend(group_id).entry_id
    assert "stays revoked, because somebody else had revoked it first" in undone(account, record_id).record.summary  # type: ignore[union-attr]
    assert [row["FromPort"] for row in account.rules(group_id) if not row["IsEgress"]] == [22]
    (exemption,) = exemptions(account)
    assert exemption.parts == ("tcp/22 from 0.0.0.0/0",)


def test_reads_that_lag_are_waited_for() -> None:
    lag = 0
    account = Account(read_lag=lambda: lag)
    group_id, record_id = mended_group(account)
    lag = 2
    undone(account, record_id)
    for _ in range(3):
        rows = account.rules(group_id)
    assert [row["CidrIpv4"] for row in rows if row["FromPort"] == 22] == [WORLD]
