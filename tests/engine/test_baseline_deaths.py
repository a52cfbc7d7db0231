"""A first sweep dies at any call. What an event mended meanwhile is no baseline, nor is what comes after a look."""

from __future__ import annotations

from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls import woken_by
from cloudmend.core.errors import LedgerError
from cloudmend.core.standing import Unit
from engine.test_baseline import MENDED, MENDED_RDP, OPEN, OPEN_RDP, UNIT, WORLD, Stack
from reliability.faults import Killed
from support import event, ingress, ipv4, policy

CALLS = ("units", "standing", "entries", "keep_standing", "keep_unit")
HOURS = 3600


@pytest.fixture
def stack() -> Stack:
    return Stack()


def die(stack: Stack, call: str, when: str) -> None:
    """Sweep for the first time, and die before or after the first call of a ledger's method."""
    real = getattr(stack.ledger, call)

    def deadly(*arguments: Any) -> Any:
        if when == "after":
            real(*arguments)
        raise Killed

    setattr(stack.ledger, call, deadly)
    with pytest.raises(Killed):
        stack.sweep()
    delattr(stack.ledger, call)
    stack.clock.sleep(6 * HOURS)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_whatever_killed_the_first_sweep_the_next_ones_keep_the_old_and_mend_what_comes(
    stack: Stack, call: str, when: str
) -> None:
    group = stack.group(ipv4(22, WORLD))
    die(stack, call, when)
    named = stack.open(group, ipv4(3389, WORLD))
    assert stack.told(group, *named).status == "mended"
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}
    for _ in range(2):
        stack.sweep()
        assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}
    other = stack.group(ipv4(22, WORLD))
    stack.sweep()
    assert ingress(stack.rules(other)) == MENDED
    assert len(stack.digests) >= 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_opened_after_a_look_of_a_sweep_that_died_is_new_to_the_next(stack: Stack, when: str) -> None:
    group = stack.group(ipv4(22, WORLD))
    die(stack, "keep_unit", when)
    stack.open(group, ipv4(3389, WORLD))  # its event is lost
    for _ in range(2):
        stack.sweep()
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}


def mended_while_it_looked(stack: Stack, group: str, *named: str) -> None:
    """A first sweep that sees what an event mends before the sweep keeps it, and dies when it has kept it."""
    keep, happened = stack.ledger.keep_standing, list[bool]()

    def meanwhile(*arguments: Any) -> Any:
        if happened:
            return keep(*arguments)
        happened.append(True)
        assert stack.told(group, *named).status == "mended"
        keep(*arguments)
        raise Killed

    stack.ledger.keep_standing = meanwhile  # type: ignore[attr-defined]
    with pytest.raises(Killed):
        stack.sweep()
    del stack.ledger.keep_standing
    assert stack.stands(group) == {"tcp/3389 from 0.0.0.0/0": "baseline"}
    stack.clock.sleep(6 * HOURS)


def open_again(stack: Stack, group: str, rule: str) -> None:
    said = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "CidrIpv4": WORLD}
    update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": said}]
    stack.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)
    assert ingress(stack.rules(group)) == {OPEN_RDP}


def test_what_was_mended_while_a_sweep_that_died_looked_is_new_to_the_next_sweep(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(3389, WORLD))
    mended_while_it_looked(stack, group, rule)
    open_again(stack, group, rule)  # its event is lost
    for _ in range(2):
        stack.sweep()
    assert ingress(stack.rules(group)) == {MENDED_RDP}


def test_what_was_mended_while_a_sweep_that_died_looked_is_new_to_an_event_that_names_no_part(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(3389, WORLD))
    mended_while_it_looked(stack, group, rule)
    open_again(stack, group, rule)
    raw = event(group, "ModifySecurityGroupRules", eventTime=f"{stack.clock.now():%Y-%m-%dT%H:%M:%SZ}")
    (record,) = engine.handle(raw, woken_by=woken_by, policy=policy(), world=stack.world)
    assert getattr(record, "status", "") == "mended"
    assert ingress(stack.rules(group)) == {MENDED_RDP}


def test_a_sweep_that_cannot_know_what_was_mended_before_it_mends_nothing(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    die(stack, "keep_unit", "before")

    def unanswered(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    stack.ledger.entries = unanswered  # type: ignore[attr-defined]
    (record,) = stack.sweep()
    assert (record.status, ingress(stack.rules(group))) == ("failed", OPEN)
    assert "so nothing was looked at: The table does not answer." in record.summary
    del stack.ledger.entries
    stack.sweep()
    found = stack.ledger.unit(UNIT)
    assert isinstance(found, Unit)
    assert found.baseline
    assert ingress(stack.rules(group)) == OPEN
