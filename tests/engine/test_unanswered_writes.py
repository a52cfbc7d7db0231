"""A write that AWS did not answer: what it did is found by looking, told, and can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from engine.test_orphaned import OPEN_SSH, WORLD, by_mallory, told
from reliability.faults import MALLORY
from support import Account, ingress, ipv4
from undoing import undone


def test_a_write_without_an_answer_is_told_by_what_is_found() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.groups.after["ModifySecurityGroupRules"] = no_answer
    record = account.respond(by_mallory(group_id))
    assert (record.status, [edit.did for edit in record.edits]) == (
        "mended",
        ["narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8"],
    )
    assert record.undo == account.intents[0].undo
    undone(account, record.entry_id)
    assert ingress(account.rules(group_id)) == {OPEN_SSH}


def no_answer(_: Mapping[str, Any]) -> None:
    raise Ec2Error("InternalError", "An internal error has occurred.", 500)


@pytest.mark.parametrize("fault", [no_answer, lambda _: 1 // 0])
def test_where_it_stays_unknown_whether_a_write_was_done_the_next_try_finds_out(fault: Any) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def blind(params: Mapping[str, Any]) -> None:
        account.groups.before["DescribeSecurityGroupRules"] = no_answer
        fault(params)

    account.groups.after["ModifySecurityGroupRules"] = blind
    record = account.respond(by_mallory(group_id))
    account.groups.before.clear()
    account.groups.after.clear()
    assert (record.status, record.edits) == ("failed", ())
    assert "It is not known whether its write took effect. The next try or sweep finds out" in record.summary
    account.clock.sleep(61)
    account.respond(by_mallory(group_id))
    _, found = told(account)
    assert (found.status, found.actor.arn, len(found.edits), len(found.undo)) == ("mended", MALLORY, 1, 1)
