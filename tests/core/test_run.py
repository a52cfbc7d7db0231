"""What lasts through a run is read once, and what AWS lastingly refuses is asked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudmend.core.errors import AwsError
from cloudmend.core.model import Request
from cloudmend.core.ports import NEVER, Call
from cloudmend.core.world import NoLater, NoSwitch, OneByOne, RunReader, one_run
from core.test_ports import TASK
from support import Account

CALL, REQUEST, OTHER = Call("sqs", "ListQueues"), Request("ec2:DescribeVpcs", {}), Request("ec2:DescribeVpcs", {"a": 1})


class Noting:
    """A Reader that answers with how often it was called, notes the calls, and refuses with an error if it has one."""

    def __init__(self, error: AwsError | None = None) -> None:
        self.error = error
        self.calls: list[tuple[Any, ...]] = []

    def _noted(self, *call: Any) -> int:
        self.calls.append(call)
        if self.error:
            raise self.error
        return len(self.calls)

    def get(self, call: Call, absent: Any) -> Any:
        return self._noted("get", call, absent)

    def rows(self, request: Request, key: str, *, enough: Any) -> Any:
        return self._noted("rows", request, key, enough)

    def lasting_rows(self, request: Request, key: str) -> Any:
        return self._noted("lasting_rows", request, key)

    def stream(self, request: Request, key: str) -> Any:
        return self._noted("stream", request, key)


def reader(own: Noting, *begin: Any) -> Any:
    return RunReader(own, *begin)  # type: ignore[arg-type]


def error(code: str) -> AwsError:
    return AwsError("No.", action="", code=code, refused=True)


def test_lasting_rows_are_read_once_by_request_and_key() -> None:
    own = Noting()
    run = reader(own)
    asked = [(REQUEST, "Vpcs"), (REQUEST, "Others"), (OTHER, "Vpcs"), (REQUEST, "Vpcs")]
    assert [run.lasting_rows(*each) for each in asked] == [1, 2, 3, 1]
    assert own.calls == [("lasting_rows", *each) for each in asked[:3]]


@pytest.mark.parametrize(("code", "times"), [("UnauthorizedOperation", 1), ("InternalError", 2)])
def test_what_lasts_is_refused_without_a_second_call_and_all_else_is_asked_again(code: str, times: int) -> None:
    own = Noting(error(code))
    run = reader(own)
    for _ in range(2):
        with pytest.raises(AwsError) as raised:
            run.lasting_rows(REQUEST, "Vpcs")
        assert raised.value is own.error
    assert len(own.calls) == times


def test_all_other_reads_are_passed_on() -> None:
    own = Noting()
    run = reader(own)
    enough: Callable[[Any], bool] = bool
    absent = {"Gone": None}
    run.get(CALL, absent)
    run.get(CALL)
    run.rows(REQUEST, "Vpcs", enough=enough)
    run.stream(REQUEST, "Vpcs")
    assert own.calls == [
        ("get", CALL, absent),
        ("get", CALL, NEVER),
        ("rows", REQUEST, "Vpcs", enough),
        ("stream", REQUEST, "Vpcs"),
    ]
    own.calls.clear()
    run.rows(REQUEST, "Vpcs")
    assert own.calls[0][-1]([])  # whatever comes is enough


def test_reads_are_begun_as_the_run_says_and_one_by_one_when_asked_for() -> None:
    begun: list[str] = []

    def begin(read: Callable[[], Any]) -> Callable[[], Any]:
        begun.append("begun")
        return read

    assert reader(Noting(), begin).begin(lambda: 1)() == 1
    assert begun == ["begun"]
    own = reader(Noting(), begin)
    alone = OneByOne(own)
    count: list[int] = []
    later = alone.begin(lambda: count.append(1))
    assert count == []
    later()
    later()
    assert count == [1]
    assert begun == ["begun"]
    assert (alone.get, alone.rows, alone.lasting_rows, alone.stream) == (
        own.get,
        own.rows,
        own.lasting_rows,
        own.stream,
    )


def test_a_run_has_a_reader_of_its_own_over_the_world_s() -> None:
    world = Account().world
    run = one_run(world)
    assert isinstance(run.reader, RunReader)
    assert (run.reader._reader, run.reader._begin) == (world.reader, world.begin)
    assert (run.ledger, run.clock) == (world.ledger, world.clock)


def test_a_laptop_has_no_switch_and_nothing_that_runs_later() -> None:
    assert NoSwitch().mode() is None  # type: ignore[func-returns-value]
    assert NoLater().put_off(TASK) is False
