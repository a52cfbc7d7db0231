"""Reads that lag, and calls that are throttled: options of the model, which the contract suite runs without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudmend.local.ec2.checks import Ec2Error
from cloudmend.local.ec2.groups import SecurityGroups
from cloudmend.local.ec2.model import Vpc

VPC = Vpc("vpc-0000000000000000a", "172.31.0.0/16", is_default=True)


def _model(**options: Any) -> SecurityGroups:
    return SecurityGroups("111122223333", "us-east-1", lambda: [VPC], **options)


def _create(groups: SecurityGroups, name: str) -> None:
    groups.call("CreateSecurityGroup", {"GroupName": name, "Description": "testing"})


def _names(groups: SecurityGroups) -> set[str]:
    rows = groups.call("DescribeSecurityGroups", {})["SecurityGroups"]
    return {row["GroupName"] for row in rows} - {"default"}


def test_without_lag_a_read_shows_what_was_written() -> None:
    groups = _model()
    _create(groups, "web")
    assert _names(groups) == {"web"}


def test_as_many_reads_as_are_asked_for_show_what_was_before() -> None:
    groups = _model(read_lag=lambda: 2)
    _create(groups, "web")
    assert [_names(groups) for _ in range(3)] == [set(), set(), {"web"}]


def test_each_write_has_its_own_lag() -> None:
    groups = _model(read_lag=lambda: 2)
    _create(groups, "web")
    first = _names(groups)
    _create(groups, "db")
    assert [first, *(_names(groups) for _ in range(3))] == [set(), set(), {"web"}, {"web", "db"}]


def test_a_write_never_shows_before_an_earlier_one() -> None:
    lags = iter([2, 0])
    groups = _model(read_lag=lambda: next(lags))
    _create(groups, "web")
    _create(groups, "db")
    assert [_names(groups) for _ in range(3)] == [set(), set(), {"web", "db"}]


def test_writes_do_not_lag() -> None:
    groups = _model(read_lag=lambda: 9)
    _create(groups, "web")
    with pytest.raises(Ec2Error, match=r"InvalidGroup\.Duplicate"):
        _create(groups, "web")


def test_refused_and_dry_runs_hide_nothing() -> None:
    lags = iter([0])
    groups = _model(read_lag=lambda: next(lags))
    _create(groups, "web")
    for params in ({"GroupName": "web"}, {"GroupName": "db", "DryRun": True}):
        with pytest.raises(Ec2Error):
            groups.call("CreateSecurityGroup", {"Description": "testing", **params})
    assert _names(groups) == {"web"}


@pytest.mark.parametrize(
    ("params", "capacity", "refill_per_s"),
    [({}, 50, 10), ({"MaxResults": 5}, 100, 20), ({"Filters": [{"Name": "group-name", "Values": ["web"]}]}, 100, 20)],
)
def test_reading_all_at_once_has_fewer_tokens(params: dict[str, Any], capacity: int, refill_per_s: int) -> None:
    time = [0.0]
    groups = _model(throttle_clock=lambda: time[0])
    assert _answered(groups, params) == capacity
    time[0] += 0.5
    assert _answered(groups, params) == refill_per_s // 2
    time[0] += 3600
    assert _answered(groups, params) == capacity


def test_a_write_has_fifty_tokens_and_five_more_each_second() -> None:
    time = [0.0]
    groups = _model(throttle_clock=lambda: time[0])
    assert _created(groups) == 50
    time[0] += 0.5
    assert _created(groups) == 2
    time[0] += 0.5
    assert _created(groups) == 3


def test_a_throttled_call_is_refused_in_these_words_and_changes_nothing() -> None:
    groups = _model(throttle_clock=lambda: 0.0)
    for number in range(50):
        _create(groups, f"web-{number}")
    with pytest.raises(Ec2Error, match=r"RequestLimitExceeded: Request limit exceeded\.") as refusal:
        _create(groups, "web")
    assert refusal.value.status == 503
    assert "web" not in _names(groups)


def test_each_action_has_its_own_tokens() -> None:
    groups = _model(throttle_clock=lambda: 0.0)
    _answered(groups)
    _create(groups, "web")


def _answered(groups: SecurityGroups, params: dict[str, Any] | None = None) -> int:
    """How many reads are answered before one is throttled."""
    return _until_throttled(lambda _: groups.call("DescribeSecurityGroups", params or {}))


def _created(groups: SecurityGroups) -> int:
    return _until_throttled(lambda number: _create(groups, f"web-{len(_names_now(groups))}-{number}"))


def _names_now(groups: SecurityGroups) -> set[str]:
    return {group.name for group in groups.state.groups.values()}


def _until_throttled(call: Callable[[int], object]) -> int:
    for count in range(200):
        try:
            call(count)
        except Ec2Error as error:
            return count if error.code == "RequestLimitExceeded" else -1
    raise AssertionError("no call was throttled")
