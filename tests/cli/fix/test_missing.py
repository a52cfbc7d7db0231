"""A resource that somebody asks `fix` for and that is nowhere is said to be nowhere, and is no success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cloudmend.cli.context import LookContext
from cloudmend.cli.fix.plan import RequestedResource, plan_of
from cloudmend.cli.fix.run import looked_up, named
from cloudmend.controls import every
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import InputError
from cloudmend.local.ec2.checks import Ec2Error
from support import NOW, Account, policy

TYPO = "sg-0123456789abcdef0"
BRIEF = LookContext(policy(), NOW)


def kinds(text: str, controls: Sequence[Any]) -> list[tuple[str, str]]:
    return [(each.control.resource.noun, each.resource.id) for each in dict(named([text], controls)).popitem()[1]]


def test_a_group_that_no_region_has_is_missing_and_one_that_is_there_is_not() -> None:
    account, elsewhere = Account(), Account()
    group = account.group()
    readers = {"us-east-1": elsewhere.world.reader, "eu-west-1": account.world.reader}
    assert looked_up(named([group, TYPO], [CONTROL]), readers, BRIEF) == RequestedResource(missing=frozenset({TYPO}))


def test_one_that_cannot_be_read_is_neither_nowhere_nor_said_to_be_clean() -> None:
    account = Account()

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    account.groups.before["DescribeSecurityGroups"] = refuse
    found = looked_up(named([TYPO], [CONTROL]), {"eu-west-1": account.world.reader}, BRIEF)
    assert (found.missing, list(found.unread)) == (frozenset(), [TYPO])
    plan = plan_of((), [TYPO], found)
    assert (plan.missing, plan.unlisted, plan.leaves_open) == ((), (), True)
    assert [(each.region, each.control) for each in plan.unread] == [("eu-west-1", CONTROL.id)]
    assert plan.unread[0].error.startswith(f"{TYPO}: ec2:DescribeSecurityGroups in eu-west-1: AWS answered")


def test_nothing_is_asked_of_aws_if_no_resource_was_named() -> None:
    account = Account()
    assert looked_up({}, {"eu-west-1": account.world.reader}, BRIEF) == RequestedResource()
    assert account.calls == []


def test_a_plan_with_a_missing_resource_leaves_something_open() -> None:
    plan = plan_of((), [TYPO], RequestedResource(missing=frozenset({TYPO})))
    assert (plan.missing, plan.unlisted, plan.leaves_open) == ((TYPO,), (), True)


def test_an_id_may_be_of_several_kinds_and_one_that_aws_gives_is_of_one() -> None:
    named_freely = {noun for noun, _ in kinds("a-name", every())}
    assert {"S3 bucket", "SQS queue"} <= named_freely
    assert "security group" not in named_freely
    assert kinds(TYPO, every()) == [("security group", TYPO), ("default security group", TYPO)]
    assert set(kinds("arn:aws:s3:::a-name", every())) == {("S3 bucket", "a-name")}


@pytest.mark.parametrize("text", ["a name", "sgr-0d8df4bc713c9bb09", "arn:aws:iam::111122223333:role/r"])
def test_what_names_nothing_that_can_be_mended_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="is not the id or the ARN of anything that can be mended here: security g"):
        named([text], every())


def test_what_another_control_mends_is_bad_input_if_only_one_is_asked_for() -> None:
    with pytest.raises(InputError, match="mended here: security group\\."):
        named(["a-bucket"], [CONTROL])
