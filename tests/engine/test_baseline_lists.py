"""The baseline of a rule that refers to a list which cannot be read for a while: what it says is not known then."""

from __future__ import annotations

import pytest

from cloudmend import engine
from cloudmend.controls import woken_by
from cloudmend.core.model import Record
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from engine.test_baseline import Stack
from support import event, ingress, policy

OPERATIONS = ("DescribeManagedPrefixLists", "GetManagedPrefixListEntries")
REFUSED, BROKEN = Ec2Error("UnauthorizedOperation", "Refused.", 403), Ec2Error("InternalError", "Broken.", 500)


@pytest.fixture
def stack() -> Stack:
    return Stack()


def fail(stack: Stack, operation: str, error: Ec2Error) -> None:
    def fails(_: object) -> None:
        raise error

    stack.groups.before[operation] = fails


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("error", [REFUSED, BROKEN], ids=lambda error: error.code)
def test_a_list_that_cannot_be_read_for_a_while_is_the_same_baseline_after_it(
    stack: Stack, operation: str, error: Ec2Error
) -> None:
    list_id = prefix_list(stack, "0.0.0.0/1")
    group = stack.group(refers(22, list_id))
    stack.sweep()
    kept = stack.stands(group)
    fail(stack, operation, error)
    stack.sweep()
    stack.groups.before.clear()
    assert [record.status for record in stack.sweep()] == ["observed"]
    assert stack.stands(group) == kept
    stack.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "128.0.0.0/1"}])
    assert [record.status for record in stack.sweep()] == ["mended"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_list_that_only_the_first_sweep_cannot_read_is_baseline_as_the_next_one_reads_it(
    stack: Stack, operation: str
) -> None:
    list_id = prefix_list(stack, "0.0.0.0/1")
    group = stack.group(refers(22, list_id))
    before = ingress(stack.rules(group))
    fail(stack, operation, BROKEN)
    stack.sweep()
    assert stack.unit().first_looks == (group,)
    stack.groups.before.clear()
    stack.sweep()
    stack.sweep()
    assert (ingress(stack.rules(group)), stack.unit().first_looks) == (before, ())
    stack.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "128.0.0.0/1"}])
    assert [record.status for record in stack.sweep()] == ["mended"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_list_that_was_hidden_and_grows_is_no_baseline(stack: Stack, operation: str) -> None:
    list_id = prefix_list(stack, "3.0.0.0/24")
    group = stack.group(refers(22, list_id))
    fail(stack, operation, REFUSED)
    stack.sweep()
    stack.groups.before.clear()
    stack.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/1"}])
    assert [record.status for record in stack.sweep()] == ["mended"]
    assert ingress(stack.rules(group)) == set()


def told_of_list(stack: Stack, list_id: str) -> str:
    """The status after the event of a change of a list, a second ago."""
    asked = {"ModifyManagedPrefixListRequest": {"PrefixListId": list_id}}
    called = f"{stack.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    raw = event("", "ModifyManagedPrefixList", eventTime=called, requestParameters=asked)
    (record,) = engine.handle(raw, woken_by=woken_by, policy=policy(), world=stack.world)
    assert isinstance(record, Record)
    return record.status


def test_a_list_that_grows_before_the_first_sweep_is_no_baseline_to_its_event(stack: Stack) -> None:
    list_id, other = prefix_list(stack, "3.0.0.0/24"), prefix_list(stack, "128.0.0.0/1")
    group = stack.group(refers(22, list_id), refers(3389, other))
    stack.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "0.0.0.0/1"}])
    assert told_of_list(stack, list_id) == "mended"
    assert {source for *_, source in ingress(stack.rules(group))} == {other}


def test_a_list_that_an_event_found_grown_and_nobody_could_mend_is_no_baseline_to_the_first_sweep(
    stack: Stack,
) -> None:
    list_id = prefix_list(stack, "0.0.0.0/1")
    group = stack.group(refers(22, list_id))
    fail(stack, "RevokeSecurityGroupIngress", REFUSED)
    assert told_of_list(stack, list_id) == "open"
    stack.groups.before.clear()
    stack.sweep()
    assert ingress(stack.rules(group)) == set()
