"""Writes keep to AWS's token bucket: 50 at once, then 5 a second, for each action."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.model import Request, Resource
from cloudmend.core.ports import Leftover, Sent
from cloudmend.engine.sweep import EC2_WRITES, Bucket, PacedWriter
from cloudmend.local.ec2.groups import WRITING
from support import NOW, Account, StandingClock, ipv4, policy

MODIFY, REVOKE = Request("ec2:ModifySecurityGroupRules", {}), Request("ec2:RevokeSecurityGroupIngress", {})


class Written:
    """A Writer that notes when each action was written."""

    def __init__(self, clock: StandingClock) -> None:
        self._clock = clock
        self._lock = Lock()
        self.at: list[tuple[str, datetime]] = []

    def write(self, request: Sent) -> None:
        with self._lock:
            self.at.append((request.action, self._clock.now()))


def seconds(since: datetime, clock: StandingClock) -> float:
    return (clock.now() - since).total_seconds()


def test_a_full_bucket_is_written_at_once_and_then_five_a_second() -> None:
    clock = StandingClock()
    writer = PacedWriter(Written(clock), clock, Bucket(50, 5))
    for _ in range(50):
        writer.write(MODIFY)
    assert seconds(NOW, clock) == 0
    for _ in range(10):
        writer.write(MODIFY)
    assert seconds(NOW, clock) == 2
    writer.write(REVOKE)
    assert seconds(NOW, clock) == 2


def test_an_idle_bucket_fills_up_and_no_further() -> None:
    clock = StandingClock()
    writer = PacedWriter(Written(clock), clock, Bucket(2, 5), full=False)
    clock.sleep(3600)
    idle = clock.now()
    for _ in range(3):
        writer.write(MODIFY)
    assert seconds(idle, clock) == 0.2


def test_where_somebody_else_may_have_emptied_the_bucket_the_first_write_waits() -> None:
    clock = StandingClock()
    PacedWriter(Written(clock), clock, Bucket(50, 5), full=False).write(MODIFY)
    assert seconds(NOW, clock) == 0.2


def test_whoever_rests_first_need_not_wait_to_write() -> None:
    clock = StandingClock()
    writer = PacedWriter(Written(clock), clock, Bucket(50, 5))
    writer.rest(50)
    for _ in range(45):
        writer.write(MODIFY)
    assert seconds(NOW, clock) == 0
    writer.rest(15)
    assert seconds(NOW, clock) == 2
    for _ in range(15):
        writer.write(MODIFY)
    assert seconds(NOW, clock) == 2
    writer.rest(1000)
    assert seconds(NOW, clock) == 12


@given(st.lists(st.floats(0, 3), min_size=1, max_size=150), st.booleans())
def test_no_span_of_time_holds_more_writes_than_aws_takes_in_it(pauses: list[float], is_full: bool) -> None:
    clock = StandingClock()
    written = Written(clock)
    writer = PacedWriter(written, clock, EC2_WRITES, full=is_full)
    for pause in pauses:
        clock.sleep(pause)
        writer.write(MODIFY)
    times = [(time - NOW).total_seconds() for _, time in written.at]
    capacity, refill_per_s = WRITING
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= capacity + refill_per_s * (times[last] - start) + 1e-3


def test_threads_share_a_bucket() -> None:
    clock = StandingClock()
    written = Written(clock)
    writer = PacedWriter(written, clock, Bucket(50, 5))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(writer.write, [MODIFY] * 60))
    assert len(written.at) == 60
    assert Counter(time for _, time in written.at)[NOW] <= 50


def throttled_sweep(**arguments: Any) -> tuple[set[str], Counter[str]]:
    """Statuses and calls of a sweep of 60 open groups, where EC2 throttles."""
    account: Account = Account(throttle_clock=lambda: seconds(NOW, account.clock))
    for _ in range(60):
        account.group(ipv4(22, "0.0.0.0/0"))
        account.clock.sleep(1)
    account.clock.sleep(60)
    account.calls.clear()
    swept = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, **arguments)
    return {record.status for record in swept.records}, Counter(account.calls)


def test_a_sweep_of_more_groups_than_tokens_is_never_throttled() -> None:
    statuses, calls = throttled_sweep()
    assert statuses == {"mended"}
    assert calls["ec2:ModifySecurityGroupRules"] == 60
    assert calls["ec2:RevokeSecurityGroupIngress"] == 0


def test_without_that_pace_it_would_be() -> None:
    _, calls = throttled_sweep(writes=Bucket(1e9, 1e9))
    assert calls["ec2:RevokeSecurityGroupIngress"] > 0  # the second way, because Modify was refused


def test_a_sweep_that_goes_on_takes_the_buckets_for_empty() -> None:
    account = Account()
    groups = [Resource(type="AWS::EC2::SecurityGroup", id=account.group(ipv4(22, "0.0.0.0/0"))) for _ in range(3)]
    left = [Leftover(CONTROL.id, each) for each in groups]
    engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, only=left)
    assert account.clock.now() - NOW >= timedelta(seconds=0.6)
