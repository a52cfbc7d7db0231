"""What a mend reads, in which order, and what is read again because it may have changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import msgspec
import pytest

from cloudmend.aws.world import threads
from cloudmend.core.model import Record
from ledgers.values import exemption
from support import Account, event, ingress, ipv4

WORLD = "0.0.0.0/0"
OPEN_SSH, OPEN_RDP = ("tcp", 22, 22, WORLD), ("tcp", 3389, 3389, WORLD)
OPENING = {"ipPermissions": {"items": [{"ipProtocol": "tcp", "ipRanges": {"items": [{"cidrIp": WORLD}]}}]}}
NARROWING = {"ipPermissions": {"items": [{"ipProtocol": "tcp", "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}}


def called(account: Account, group_id: str, request: Mapping[str, Any]) -> Record:
    """The record of an event with this request."""
    return account.respond(event(group_id, requestParameters={"groupId": group_id, **request}))


def before_the_intent(account: Account, act: Callable[[], None]) -> None:
    """Somebody does something after the exemptions were read, and before the intent is stored."""
    ledger = account.world.ledger
    intend = ledger.intend

    def late(intent: Any) -> Any:
        act()
        return intend(intent)

    ledger.intend = late  # type: ignore[method-assign]


def test_what_an_opening_needs_is_read_while_its_rules_are_read() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, begin=threads())
    group_id = account.group(ipv4(22, WORLD))
    group_was_read = Event()
    account.groups.before["DescribeSecurityGroups"] = lambda _: group_was_read.set()

    def wait(_: Mapping[str, Any]) -> None:
        assert group_was_read.wait(timeout=30), "the group is only read when the rules are known"

    account.groups.before["DescribeSecurityGroupRules"] = wait
    assert called(account, group_id, OPENING).status == "mended"


@pytest.mark.parametrize("request_", [NARROWING, {}])
def test_a_call_that_names_no_wide_range_costs_one_look(request_: Mapping[str, Any]) -> None:
    account = Account()
    group_id = account.group(ipv4(22, "10.0.0.0/8"))
    assert called(account, group_id, request_).status == "clean"
    assert account.calls == ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"]


def test_what_a_call_names_is_a_hint_and_decides_nothing() -> None:
    account = Account()
    closed, opened = account.group(ipv4(22, "10.0.0.0/8")), account.group(ipv4(22, WORLD))
    assert called(account, closed, OPENING).status == "clean"
    assert called(account, opened, NARROWING).status == "mended"


def test_an_exemption_that_comes_while_a_mend_prepares_is_heeded() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    before_the_intent(account, lambda: account.ledger.exempt(exemption(group=group_id)))
    record = account.mend(group_id)
    assert (record.status, record.edits) == ("exempt", ())
    assert "e-1, by network-team" in record.decision
    assert ingress(account.rules(group_id)) == {OPEN_SSH}
    (entry,) = account.ledger.entries()
    assert entry.state == "FAILED"
    assert account.ledger.open_intents() == ()


def test_an_exemption_of_one_rule_that_comes_while_a_mend_prepares_is_heeded() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, WORLD))
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if row["FromPort"] == 22)
    before_the_intent(account, lambda: account.ledger.exempt(exemption(group=group_id, rule=rule_id)))
    record = account.mend(group_id)
    assert record.status == "mended"
    assert account.records == [record], "people were told of the plan that was given up"
    assert account.ledger.open_intents() == ()
    assert ingress(account.rules(group_id)) == {OPEN_SSH, ("tcp", 3389, 3389, "10.0.0.0/8")}
