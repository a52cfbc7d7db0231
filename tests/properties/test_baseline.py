"""The promises of a first sweep, on random groups, in memory; reach is measured by the oracle's packets."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cloudmend import engine
from cloudmend.controls import woken_by
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Record
from cloudmend.core.standing import StandingResource
from properties.test_promises import is_open
from random_groups import authorize, groups, make
from support import ACCOUNT, REGION, Account, event, ipv4, policy

UNIT = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
Rows = list[dict[str, Any]]
HALVES = [f"{first}.{second}.0.0/13" for first in (11, 12, 13) for second in (0, 128)]  # of the limit, which is a /12


def deployed(permissions: Rows) -> tuple[Account, str]:
    """An account with an old group, and a stack of which the first sweep is through."""
    account = Account()
    account.world = msgspec.structs.replace(account.world, keeps_baseline=True)
    group_id = make(account, permissions)
    sweep(account)
    account.clock.sleep(3600)
    return account, group_id


def sweep(account: Account) -> None:
    engine.sweep(controls=[CONTROL], policy=policy(), world=account.world)


def open_more(account: Account, group_id: str, permissions: Rows) -> list[str]:
    """The ids of the rules that come."""
    return [each for permission in permissions for each in authorize(account, group_id, permission)]


def handled(account: Account, group_id: str, named: list[str]) -> list[str]:
    """The statuses of an event that names these rules."""
    rows = [{"groupId": group_id, "securityGroupRuleId": each} for each in named]
    called = f"{account.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    raw = event(group_id, eventTime=called, responseElements={"securityGroupRuleSet": {"items": rows}})
    answer = engine.handle(raw, woken_by=woken_by, policy=policy(), world=account.world)
    return [each.status for each in answer if isinstance(each, Record)]


def baseline(account: Account) -> set[str]:
    """The ids of the rules in the baseline."""
    found = [each for each in account.ledger.standing(UNIT) if isinstance(each, StandingResource)]
    return {finding.part for each in found for finding in each.findings if finding.status == "baseline"}


@given(groups)
def test_the_first_sweep_changes_nothing_and_keeps_all_that_is_too_wide(permissions: Rows) -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, keeps_baseline=True)
    group_id = make(account, permissions)
    before = account.rules(group_id)
    sweep(account)
    assert account.rules(group_id) == before
    assert not is_open(account, [row for row in before if row["SecurityGroupRuleId"] not in baseline(account)])


@given(groups, groups, st.booleans())
def test_what_comes_later_is_closed_and_the_baseline_is_never_touched(old: Rows, new: Rows, is_swept: bool) -> None:
    account, group_id = deployed(old)
    kept = baseline(account)
    before = [row for row in account.rules(group_id) if row["SecurityGroupRuleId"] in kept]
    made = open_more(account, group_id, new)
    if is_swept:
        sweep(account)
    elif made:
        assert set(handled(account, group_id, made)) <= {"mended", "clean", "observed"}
    after = account.rules(group_id)
    assert [row for row in after if row["SecurityGroupRuleId"] in kept] == before
    assert not is_open(account, [row for row in after if row["SecurityGroupRuleId"] not in kept])
    sweep(account)
    assert account.rules(group_id) == after


@given(st.lists(st.sampled_from(HALVES), min_size=3, max_size=5, unique=True), st.integers(1, 2))
def test_where_old_rules_are_too_wide_together_no_sweep_takes_one_of_them_for_a_new_one(
    ranges: list[str], new: int
) -> None:
    old, more = ranges[new:], ranges[:new]
    account, group_id = deployed([ipv4(22, "8.0.0.0/8", *old)])
    there = account.rules(group_id)
    open_more(account, group_id, [ipv4(22, each) for each in more])
    sweep(account)
    assert [row for row in account.rules(group_id) if row in there] == there


@given(groups, groups, st.integers(0, 3))
def test_before_the_first_sweep_an_event_touches_only_what_it_names(old: Rows, new: Rows, count: int) -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, keeps_baseline=True)
    group_id = make(account, old)
    made = open_more(account, group_id, new)[:count]
    before = [row for row in account.rules(group_id) if row["SecurityGroupRuleId"] not in made]
    if not made:
        return
    handled(account, group_id, made)
    sweep(account)
    sweep(account)
    rows = account.rules(group_id)
    assert [row for row in rows if row["SecurityGroupRuleId"] not in made] == before
    kept = baseline(account)
    assert kept.isdisjoint(made)
    assert not is_open(account, [row for row in rows if row["SecurityGroupRuleId"] not in kept])
