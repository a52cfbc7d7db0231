"""The engine over a ledger of which something cannot be read: it costs itself, and is told."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger_records import Unreadable
from engine.test_orphaned import CLOSED_SSH, WORLD, left_behind, swept, told
from ledgers.values import record
from support import Account, ingress, ipv4, policy

NEWER = b'{"version": 3, "id": "x"}'


def unanswered(*_: object) -> Any:
    raise LedgerError("The table does not answer.")


def test_a_mend_goes_on_where_the_mends_of_late_cannot_be_read() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.ledger.history = unanswered  # type: ignore[attr-defined]
    record = account.mend(group_id)
    assert (record.status, record.flaps, record.ledger_unreadable) == ("mended", 0, ("The table does not answer.",))
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}


def test_a_record_of_late_that_cannot_be_read_is_told_and_the_others_count() -> None:
    account = Account()
    group_id = account.group()
    for _ in range(3):
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
        record = account.mend(group_id)
        if record.flaps == 0:
            account.store.spoiled[record.entry_id] = NEWER
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
        account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)
        account.clock.sleep(1)
    assert record.flaps == 0  # all of them are spoiled
    assert len(record.ledger_unreadable) == 2
    assert "was stored in version 3" in record.ledger_unreadable[0]


def test_an_open_record_that_cannot_be_read_stops_neither_the_others_nor_the_sweep() -> None:
    account = Account()
    broken, fine = left_behind(account), left_behind(account)
    group_id = account.group(ipv4(22, WORLD))
    entry = next(entry for entry in account.ledger.open_intents() if entry.intent.resource.id == broken)
    account.store.spoiled[entry.id] = NEWER
    account.clock.sleep(61)
    result = swept(account)
    assert result.unreadable == (Unreadable(entry.id, result.unreadable[0].problem, entry.place),)
    assert {record.resource.id: record.status for record in told(account)} == {fine: "mended", group_id: "mended"}


def test_a_sweep_goes_on_where_the_ledger_does_not_say_what_is_open() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.ledger.open_intents = unanswered  # type: ignore[attr-defined]
    result = swept(account)
    assert [record.resource.id for record in result.records] == [group_id]
    (unreadable,) = result.unreadable
    assert unreadable.problem == "Which mends did not end cannot be read. The table does not answer."


def test_a_sweep_reads_the_mends_of_late_once_even_where_it_cannot() -> None:
    account = Account()
    groups = [account.group(ipv4(22, WORLD)) for _ in range(40)]
    reads: list[int] = []

    def unread(*_: object) -> Any:
        reads.append(1)
        raise LedgerError("The table does not answer.")

    account.ledger.entries = unread  # type: ignore[attr-defined]
    records = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world).records
    assert {record.status for record in records} == {"mended"}
    assert (len(records), len(reads)) == (len(groups), 1)


@pytest.mark.parametrize("ended_by", ["another sweep", "nobody"])
def test_an_end_that_meets_another_s_stops_nothing(ended_by: str) -> None:
    account = Account()
    first, second = left_behind(account), left_behind(account)
    account.clock.sleep(61)
    resume = account.ledger.resume

    def taken(entry: Any, seen: Any) -> Any:
        mine = resume(entry, seen)
        if ended_by == "another sweep":
            account.process().finish(mine, "FAILED", record("found by another"))
        return mine

    account.ledger.resume = taken  # type: ignore[method-assign]
    swept(account)
    assert {record.resource.id for record in told(account)} == {first, second}
    assert account.ledger.open_intents() == ()
