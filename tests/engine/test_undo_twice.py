"""The same mend undone twice: at once, or one after the other. The second changes nothing, and says what stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from cloudmend.core.errors import LedgerError, UndoRefused, WrongState
from cloudmend.core.model import Record
from properties.test_promises import without_ids
from support import Account
from undoing import ALICE, WRITES, entry, exemptions, mended_group, undone

BOB = ALICE.replace("alice", "bob")


def once(account: Account, act: Callable[[], object]) -> Callable[[Mapping[str, Any]], None]:
    """An obstacle at which somebody else acts, the first time."""

    def obstacle(_: Mapping[str, Any]) -> None:
        account.groups.before.clear()
        account.groups.after.clear()
        act()

    return obstacle


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", ["DescribeSecurityGroupRules", *WRITES])
def test_of_two_at_once_the_one_that_ends_second_ends_well_and_says_who_was_first(moment: str, operation: str) -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    before = account.intents[0].before["SecurityGroupRules"]
    getattr(account.groups, moment)[operation] = once(account, lambda: undone(account, record_id, caller=BOB))
    account.records.clear()
    second = undone(account, record_id)
    assert without_ids(account.rules(group_id)) == without_ids(before)
    assert second.record == entry(account, record_id).undone.record  # type: ignore[union-attr]
    assert f"{account.label(group_id)} was undone already, on 2026-11-24 07:00 UTC by {BOB}." in second.already
    assert [record.actor.arn for record in account.records] == [BOB]
    assert len(exemptions(account)) == 1


def test_the_same_again_later_changes_nothing_and_says_until_when_it_is_exempt() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    label = account.label(group_id)
    account.calls.clear()
    for dry_run in (True, False):
        again = undone(account, record_id, dry_run=dry_run, reason="Longer, please", duration=timedelta(hours=9))
        assert again.already == (
            f"{label} was undone already, on 2026-11-24 07:00 UTC by {ALICE}. It is exempt until 2026-11-24 09:00 "
            "UTC: The vendor has no VPN yet (network-team). Nothing was left to do. To leave it open for longer, use "
            "cloudmend exempt add, with the same --ledger."
        )
    assert set(account.calls) == {"ec2:DescribeSecurityGroupRules"}
    assert len(account.records) == 2  # the mend, and its one undo


def test_an_undo_whose_exemption_has_ended_is_not_said_to_stand() -> None:
    account = Account()
    _, record_id = mended_group(account)
    undone(account, record_id)
    account.clock.time += timedelta(hours=2, seconds=1)
    with pytest.raises(UndoRefused, match="its exemption has ended since: the next event or sweep closes it again"):
        undone(account, record_id)


def test_an_undo_after_which_the_group_was_mended_again_points_at_the_later_record() -> None:
    account = Account()
    group_id, record_id = mended_group(account)
    undone(account, record_id)
    account.ledger.remove_exemption(record_id)
    account.mend(group_id)
    rows = account.rules(group_id)
    with pytest.raises(UndoRefused, match=f"as that undo left it.*cloudmend records --resource {group_id}, with"):
        undone(account, record_id)
    assert account.rules(group_id) == rows
    assert exemptions(account) == ()


def test_a_record_that_came_to_another_end_meanwhile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    _, record_id = mended_group(account)

    def refuse(*_: object) -> Record:
        raise WrongState("it is in another state")

    monkeypatch.setattr(account.ledger, "undone", refuse, raising=False)
    with pytest.raises(WrongState, match="is in another state than before its undo"):
        undone(account, record_id)


def test_a_record_that_is_not_there_is_looked_for_where_the_sentence_says() -> None:
    account = Account()
    with pytest.raises(LedgerError, match=r"There is no record sg-1/x in the ledger of this test\. .*--ledger"):
        undone(account, "sg-1/x")
