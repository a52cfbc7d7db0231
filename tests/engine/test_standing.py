"""What stands is known: kept with each look, told once, then weekly, and gone when nothing stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.events import parse_event
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.standing import StandingFound, StandingResource
from cloudmend.core.target import Target
from cloudmend.local.ec2.checks import Ec2Error
from support import ACCOUNT, NOW, REGION, Account, event, ipv4, policy

WORLD = "0.0.0.0/0"
UNIT = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
DAY = 24 * 3600


@pytest.fixture
def account() -> Account:
    return Account()


def stands(account: Account) -> list[StandingResource]:
    return [each for each in account.ledger.standing(UNIT) if isinstance(each, StandingResource)]


def observed(account: Account, group_id: str) -> Record:
    """The record of an event under a policy that observes."""
    return account.mend(group_id, mode="observe")


def sweep(account: Account, text: str = 'mode = "observe"') -> None:
    engine.sweep(controls=[CONTROL], policy=policy(text), world=account.world)


def test_what_an_event_observes_stands_with_the_time_when_it_was_first_seen(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    observed(account, group)
    account.clock.sleep(DAY)
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ipv4(3389, WORLD)])
    observed(account, group)
    (found,) = stands(account)
    assert [(each.mark, each.status, each.since) for each in found.findings] == [
        ("tcp/22 from 0.0.0.0/0", "observed", NOW),
        ("tcp/3389 from 0.0.0.0/0", "observed", NOW + timedelta(days=1)),
    ]
    assert found.id == f"{UNIT}/{group}"


def test_what_is_mended_clean_or_gone_stands_no_more(account: Account) -> None:
    mended, closed, gone = (account.group(ipv4(22, WORLD)) for _ in range(3))
    for group in (mended, closed, gone):
        observed(account, group)
    assert len(stands(account)) == 3
    account.mend(mended)
    rules = [row["SecurityGroupRuleId"] for row in account.rules(closed) if not row["IsEgress"]]
    account.ec2.revoke_security_group_ingress(GroupId=closed, SecurityGroupRuleIds=rules)
    account.mend(closed)
    account.ec2.delete_security_group(GroupId=gone)
    account.clock.sleep(600)  # by now AWS is not merely late
    account.mend(gone)
    assert stands(account) == []


def test_a_sweep_forgets_what_nobody_told_it_is_gone(account: Account) -> None:
    gone, left = account.group(ipv4(22, WORLD)), account.group(ipv4(22, WORLD))
    sweep(account)
    account.ec2.delete_security_group(GroupId=gone)
    account.clock.sleep(60)
    sweep(account)
    assert [each.resource.id for each in stands(account)] == [left]


def test_what_the_ledger_refuses_to_forget_costs_nothing_else_that_is_gone(account: Account) -> None:
    refused, *others = sorted(account.group(ipv4(22, WORLD)) for _ in range(52))
    sweep(account)
    for group in (refused, *others):
        account.ec2.delete_security_group(GroupId=group)
    keep = account.ledger.keep_standing

    def refuses(found: Sequence[StandingResource], gone: Sequence[StandingFound]) -> Any:
        if any(each.id == f"{UNIT}/{refused}" for each in gone):
            raise LedgerError("The table does not answer.")
        return keep(found, gone)

    account.ledger.keep_standing = refuses  # type: ignore[attr-defined]
    account.clock.sleep(60)
    sweep(account)
    assert [each.resource.id for each in stands(account)] == [refused]


def test_what_cannot_be_mended_stands_as_open_until_it_is(account: Account) -> None:
    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    group = account.group(ipv4(22, WORLD))
    account.groups.before |= {"ModifySecurityGroupRules": refuse, "RevokeSecurityGroupIngress": refuse}
    assert account.mend(group).status == "open"
    assert [each.status for found in stands(account) for each in found.findings] == ["open"]
    account.groups.before.clear()
    account.clock.sleep(120)
    assert account.mend(group).status == "mended"
    assert stands(account) == []


def test_an_event_that_observes_tells_at_once_then_after_a_week_and_counts_the_rest(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    notices = []
    for _ in range(9):
        notices.append(observed(account, group).notice)
        account.clock.sleep(DAY)
    assert notices == ["now", *["held"] * 6, "now", "held"]
    assert stands(account)[0].held == 1


def test_something_new_beside_what_people_know_is_told_at_once(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    assert observed(account, group).notice == "now"
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ipv4(3389, WORLD)])
    assert observed(account, group).notice == "now"
    assert observed(account, group).notice == "held"


def test_sweeps_tell_once_in_a_digest_then_weekly_and_say_how_many_told_nobody(account: Account) -> None:
    account.group(ipv4(22, WORLD))
    for _ in range(9):
        sweep(account)
        account.clock.sleep(DAY)
    assert [digest.at for digest in account.digests] == [NOW, NOW + timedelta(days=7)]
    assert [(len(digest.new), digest.held) for digest in account.digests] == [(1, 0), (0, 6)]
    assert [record.notice for record in account.records] == ["digest"]


def test_a_sweep_writes_only_what_changed(account: Account) -> None:
    for _ in range(3):
        account.group(ipv4(22, WORLD))
    sweep(account)
    written: list[Any] = []
    keep = account.ledger.keep_standing

    def counted(stands: Any, gone: Any) -> Any:
        written.extend([*stands, *gone])
        return keep(stands, gone)

    account.ledger.keep_standing = counted  # type: ignore[attr-defined]
    account.clock.sleep(3600)
    sweep(account)
    assert written == []
    group = account.group(ipv4(22, WORLD))
    sweep(account)
    assert {each.resource.id for each in written} == {group}


def test_a_ledger_that_keeps_nothing_does_not_stop_a_mend(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    observed(account, group)

    def refused(*_: object) -> None:
        raise LedgerError("The table is full.")

    account.ledger.keep_standing = refused  # type: ignore[attr-defined]
    assert account.mend(group).status == "mended"
    assert account.ledger_problems == ["The table is full."]
    del account.ledger.keep_standing
    account.clock.sleep(60)
    sweep(account)
    assert stands(account) == []


def test_a_group_that_the_ledger_has_no_room_for_costs_no_other_group_of_an_event(account: Account) -> None:
    large, small = sorted(account.group(ipv4(22, WORLD)) for _ in range(2))
    keep = account.ledger.keep_standing

    def refuses(found: Sequence[StandingResource], gone: Sequence[StandingFound]) -> Any:
        if any(each.resource.id == large for each in found):
            raise LedgerError("Item size has exceeded the maximum allowed size.")
        return keep(found, gone)

    account.ledger.keep_standing = refuses  # type: ignore[attr-defined]
    call = parse_event(event(large))
    assert isinstance(call, ApiCall)
    resources = [
        Resource(type=CONTROL.resource.type, id=each, account=ACCOUNT, region=REGION) for each in (large, small)
    ]
    targets = [Target(control=CONTROL, resource=each, cause=call) for each in resources]
    records = engine.mend_all(targets, policy('mode = "observe"'), account.world)
    assert [record.status for record in records] == ["observed", "observed"]
    assert [each.resource.id for each in stands(account)] == [small]
    assert account.ledger_problems == ["Item size has exceeded the maximum allowed size."]


def test_what_is_exempt_stands_and_is_no_reason_for_a_digest(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    exempt = f'[[exemption]]\nresource = "{group}"\nowner = "a"\nreason = "b"\nexpires = 2030-01-01\n'
    sweep(account, exempt)
    assert [each.status for found in stands(account) for each in found.findings] == ["exempt"]
    assert account.digests == []


def test_an_unread_look_leaves_what_stands_as_it_was(account: Account) -> None:
    group = account.group(ipv4(22, WORLD))
    observed(account, group)
    before = stands(account)

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    account.groups.before |= {"DescribeSecurityGroupRules": refuse, "DescribeSecurityGroups": refuse}
    account.respond(event(group))
    assert stands(account) == before
