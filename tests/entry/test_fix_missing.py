"""A group that somebody asks `fix` for and that is nowhere is said to be nowhere, and is no success."""

from __future__ import annotations

from cloudmend.entry.fix_plan import plan_of
from cloudmend.entry.fixing import missing
from support import Account, policy

TYPO = "sg-0123456789abcdef0"


def test_a_group_that_no_region_has_is_missing_and_one_that_is_there_is_not() -> None:
    account, elsewhere = Account(), Account()
    group = account.group()
    assert missing([group, TYPO], [elsewhere.world.reader, account.world.reader]) == {TYPO}


def test_nothing_is_asked_of_aws_if_no_group_was_named() -> None:
    account = Account()
    assert missing([], [account.world.reader]) == frozenset()
    assert account.calls == []


def test_a_plan_with_a_missing_group_leaves_something_open() -> None:
    plan = plan_of({}, policy(), [TYPO], [TYPO])
    assert (plan.missing, plan.unlisted, plan.leaves_open) == ((TYPO,), (), True)
