"""A resource that cannot be read is reported once, then weekly in a digest, which counts what was held back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.standing import Unit
from cloudmend.local.ec2.checks import Ec2Error
from support import ACCOUNT, REGION, Account, ipv4, policy

WORLD = "0.0.0.0/0"
UNIT = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
DAY = 24 * 3600


class Hiding(Account):
    """An account in which AWS refuses to show some of the groups."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()
        self.groups.before["DescribeSecurityGroupRules"] = self._refuse

    def _refuse(self, params: Mapping[str, Any]) -> None:
        if self.hidden & {each for one in params.get("Filters", ()) for each in one["Values"]}:
            raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    def sweep(self) -> list[str]:
        """Whom a sweep a day later tells: the ids of the groups that its notices are about."""
        self.clock.sleep(DAY)
        self.records.clear()
        self.swept = engine.sweep(controls=[CONTROL], policy=policy(), world=self.world)
        return [each.resource.id for each in self.records if each.notice == "now"]

    def unit(self) -> Unit:
        found = self.ledger.unit(UNIT)
        assert isinstance(found, Unit)
        return found


@pytest.fixture
def account() -> Hiding:
    return Hiding()


def test_it_is_reported_once_then_weekly_in_a_digest_that_counts_the_rest(account: Hiding) -> None:
    group = account.group(ipv4(22, WORLD))
    account.hidden = {group}
    assert account.sweep() == [group]
    assert [account.sweep() for _ in range(6)] == [[]] * 6
    assert [each.notice for each in account.swept.records] == ["held"]
    assert (account.digests, account.unit().unreadable[0].held) == ([], 6)
    assert account.sweep() == []
    (digest,) = account.digests
    assert (digest.standing, digest.unread_resources, digest.unread_held) == ((), 1, 7)
    assert "You are not authorized" in digest.unread[0]
    assert [account.sweep() for _ in range(7)] == [[]] * 7
    assert [each.unread_held for each in account.digests] == [7, 7]


def test_it_is_news_again_once_it_was_read_in_between(account: Hiding) -> None:
    group = account.group(ipv4(22, WORLD))
    account.hidden = {group}
    account.sweep()
    account.hidden = set()
    assert account.sweep() == [group]  # it is mended
    assert account.unit().unreadable == ()
    account.hidden = {group}
    account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ipv4(3389, WORLD)])
    assert account.sweep() == [group]


def test_another_one_is_reported_beside_it(account: Hiding) -> None:
    first = account.group(ipv4(22, WORLD))
    account.hidden = {first}
    account.sweep()
    second = account.group(ipv4(22, WORLD))
    account.hidden = {first, second}
    assert account.sweep() == [second]
    assert {each.id: each.held for each in account.unit().unreadable} == {first: 1, second: 0}


def test_one_that_is_gone_is_forgotten(account: Hiding) -> None:
    group = account.group(ipv4(22, WORLD))
    account.hidden = {group}
    account.sweep()
    account.ec2.delete_security_group(GroupId=group)
    account.sweep()
    assert account.unit().unreadable == ()


def test_what_another_sweep_left_is_looked_at_without_forgetting_the_others(account: Hiding) -> None:
    groups = {account.group(ipv4(22, WORLD)) for _ in range(2)}
    account.hidden = set(groups)
    account.sweep()
    left = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, until=account.clock.now()).left
    assert {each.id for each in account.unit().unreadable} == groups
    (one, other) = [each for each in left if each.resource.id in groups]
    account.records.clear()
    engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, only=[one])
    assert [each.notice for each in account.records] == ["held"]
    assert {each.id: each.held for each in account.unit().unreadable} == {one.resource.id: 1, other.resource.id: 0}


def test_a_digest_for_another_reason_says_so_and_the_week_begins_again(account: Hiding) -> None:
    group = account.group(ipv4(22, WORLD))
    account.hidden = {group}
    account.sweep()
    account.sweep()
    account.group(ipv4(22, WORLD))
    account.clock.sleep(DAY)
    engine.sweep(controls=[CONTROL], policy=policy('mode = "observe"'), world=account.world)
    (digest,) = account.digests
    assert (len(digest.standing), digest.unread_resources, digest.unread_held) == (1, 1, 2)
    (known,) = account.unit().unreadable
    assert (known.held, known.told) == (0, account.clock.now())
    account.clock.sleep(timedelta(days=6).total_seconds())
    account.sweep()
    assert len(account.digests) == 2
