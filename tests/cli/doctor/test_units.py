"""When each control was last read, as doctor judges it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cloudmend.cli.doctor.settings import units
from cloudmend.core.standing import Unit, UnreadableStanding
from support import ACCOUNT, NOW, REGION


def unit(**fields: Any) -> Unit:
    known: dict[str, Any] = {"read": NOW, "baseline": NOW, **fields}
    return Unit(account=ACCOUNT, region=REGION, control="sqs_policy_public", tried=NOW, **known)


def test_all_that_was_read_of_late_is_well() -> None:
    answer = units([unit(), unit(read=NOW - timedelta(days=1))], NOW)
    assert (answer.verdict, answer.found) == (
        "ok",
        "2 controls read whole, the first of them at 2026-11-23 07:00 UTC.",
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "No sweep has read anything yet"),
        ([unit(unread=("ListQueues was refused.",))], "Not read: ListQueues was refused."),
        ([unit(read=None, baseline=None)], "The first sweep of sqs_policy_public in account 111122223333"),
        ([unit(read=NOW - timedelta(days=3))], "was last read whole at 2026-11-21 07:00 UTC."),
        ([unit(read=None)], "was never read whole."),
        ([UnreadableStanding("a/b/c", "It cannot be read.")], "It cannot be read."),
        ([unit(read=None), unit(read=None), unit()], "The same holds for 1 more."),
    ],
)
def test_what_was_not_read_is_a_warning(found: Any, said: str) -> None:
    answer = units(found, NOW)
    assert answer.verdict == "warning"
    assert said in answer.found
