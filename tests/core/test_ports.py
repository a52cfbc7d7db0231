"""A task that is due later: its key, the delay of its message, and what the message holds."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.ports import PutOff
from support import ACCOUNT, NOW, REGION

CAUSE = ApiCall(event_id="e", source="ec2.amazonaws.com", name="Open", time=NOW, account=ACCOUNT, region=REGION)
TASK = PutOff(
    due=NOW,
    account=ACCOUNT,
    region=REGION,
    control="a_control",
    resource=Resource(type="AWS::EC2::Snapshot", id="snap-1", name="backup"),
    cause=CAUSE,
    opened=("a",),
)


def test_its_key_is_the_ledger_s() -> None:
    assert TASK.place == f"{ACCOUNT}/{REGION}/a_control/snap-1"


@pytest.mark.parametrize(
    ("before_due", "delay"),
    [
        (timedelta(seconds=-5), 0),
        (timedelta(), 0),
        (timedelta(milliseconds=1), 1),
        (timedelta(seconds=2), 2),
        (timedelta(minutes=15), 900),
        (timedelta(minutes=16), 900),  # it is delayed again then
    ],
)
def test_its_message_waits_whole_seconds_up_to_what_sqs_can_delay(before_due: timedelta, delay: int) -> None:
    assert TASK.delay_s(NOW - before_due) == delay


def test_its_message_is_read_as_the_same_task() -> None:
    assert msgspec.json.decode(TASK.body(), type=PutOff) == TASK
