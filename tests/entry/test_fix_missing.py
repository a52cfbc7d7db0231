"""A resource that somebody asks `fix` for and that is nowhere is said to be nowhere, and is no success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cloudmend.controls import every
from cloudmend.controls.security_group_ingress import CONTROL
from cloudmend.core.errors import InputError
from cloudmend.entry.fix_plan import plan_of
from cloudmend.entry.fixing import missing, named
from cloudmend.entry.standing import Brief
from cloudmend.local.ec2 import Ec2Error
from support import NOW, Account, policy

TYPO = "sg-0123456789abcdef0"
BRIEF = Brief(policy(), NOW)


def kinds(text: str, controls: Sequence[Any]) -> list[tuple[str, str]]:
    return [(each.control.resource.noun, each.resource.id) for each in dict(named([text], controls)).popitem()[1]]


def test_a_group_that_no_region_has_is_missing_and_one_that_is_there_is_not() -> None:
    account, elsewhere = Account(), Account()
    group = account.group()
    readers = {"us-east-1": elsewhere.world.reader, "eu-west-1": account.world.reader}
    assert missing(named([group, TYPO], [CONTROL]), readers, BRIEF) == {TYPO}


def test_one_that_cannot_be_read_is_not_said_to_be_nowhere() -> None:
    account = Account()

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    account.groups.before["DescribeSecurityGroups"] = refuse
    assert missing(named([TYPO], [CONTROL]), {"eu-west-1": account.world.reader}, BRIEF) == frozenset()


def test_nothing_is_asked_of_aws_if_no_resource_was_named() -> None:
    account = Account()
    assert missing({}, {"eu-west-1": account.world.reader}, BRIEF) == frozenset()
    assert account.calls == []


def test_a_plan_with_a_missing_resource_leaves_something_open() -> None:
    plan = plan_of((), [TYPO], [TYPO])
    assert (plan.missing, plan.unlisted, plan.leaves_open) == ((TYPO,), (), True)


def test_an_id_may_be_of_several_kinds_and_one_that_aws_gives_is_of_one() -> None:
    assert kinds("a-name", every()) == [("S3 bucket", "a-name"), ("SQS queue", "a-name"), ("DB snapshot", "a-name")]
    assert kinds(TYPO, every()) == [("security group", TYPO)]
    assert kinds("arn:aws:s3:::a-name", every()) == [("S3 bucket", "a-name")]


@pytest.mark.parametrize("text", ["a name", "sgr-0d8df4bc713c9bb09", "arn:aws:iam::111122223333:role/r"])
def test_what_names_nothing_that_can_be_mended_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="is not the id or the ARN of anything that can be mended here: security g"):
        named([text], every())


def test_what_another_control_mends_is_bad_input_if_only_one_is_asked_for() -> None:
    with pytest.raises(InputError, match="mended here: security group\\."):
        named(["a-bucket"], [CONTROL])
