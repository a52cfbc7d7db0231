"""The walk of a batch: which calls lead where, how often a target is walked, and what is known of it at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control
from cloudmend.core.errors import EventError, LedgerError
from cloudmend.core.model import Edit, Record
from cloudmend.core.standing import StandingResource, Unit, UnitState
from cloudmend.core.target import Target
from cloudmend.core.world import at_need
from cloudmend.engine.stations.walk import mend, parse
from engine.test_before import KEY, UNIT
from lamps import CONTROL, ID, Home, call, policy, refusal, target
from support import ACCOUNT, NOW, REGION

AGREED = {(CONTROL.id, ID): [Edit(part="hall", before="on", after="off", did="", why="")]}


def test_a_call_leads_to_each_resource_that_it_names_under_each_control_that_it_wakes() -> None:
    other, deaf = replace(CONTROL, id="other"), replace(CONTROL, triggers=())
    sent = call({}, {"lamps": [{"id": "lamp-1"}, {"id": "lamp-2"}]})
    assert parse(sent, [CONTROL, deaf, other]) == [
        Target(control=control, resource=target(lamp=lamp).resource, cause=sent)
        for control in (CONTROL, other)
        for lamp in ("lamp-1", "lamp-2")
    ]
    with pytest.raises(EventError):
        parse(call({"lampId": "door"}), [CONTROL])


class Restless(Home):
    """A lamp on which somebody switches on something else after each write, some times."""

    again: int = 1

    def write(self, request: Any) -> None:
        super().write(request)
        if self.again:
            self.again -= 1
            self.change(f"switch-{self.again}", "on")


@pytest.mark.parametrize(("again", "statuses"), [(0, ["mended"]), (1, ["mended"] * 2), (2, ["mended"] * 3)])
def test_what_is_open_again_after_a_mend_is_mended_next(again: int, statuses: list[str]) -> None:
    home = Restless()
    home.again = again
    assert home.mend().status == "mended"
    assert [each.status for each in home.told] == statuses
    assert set(home.switches.values()) == {"off"}


def test_after_three_walks_what_is_open_is_told_as_open() -> None:
    home = Restless()
    home.again = 9
    record = home.mend()
    assert (record.status, record, len(home.told)) == ("open", home.told[-1], 3)
    assert record.summary == "lamp lamp-1 (the hall) is STILL OPEN: switch-6 is on."
    assert [each.summary.endswith("cloudmend looks at it next.") for each in home.told] == [True, True, False]


@pytest.mark.parametrize("parts", [(), ("hall",)])
def test_what_changed_beside_the_intent_three_times_is_told_at_last(parts: tuple[str, ...]) -> None:
    home = Home()
    keep, value = home.ledger.intend, 0

    def intend(intent: Any) -> Any:
        nonlocal value
        value += 1
        home.change("stairs", f"dimmed {value}")
        return keep(intent)

    home.ledger.intend = intend
    record = home.mend(replace(CONTROL, whole=True), parts)
    assert (record.status, home.told, value) == ("failed", [record], 3)
    assert record.resource.parts == parts
    assert record.errors == ("Somebody changed it meanwhile. Nothing was changed; the next try looks again.",)


def records(home: Home, *targets: Target, agreed: Any = None, control: Control[Any] = CONTROL) -> list[Record]:
    return mend(targets, policy(control), home.world, **({} if agreed is None else {"agreed": agreed}))


def test_each_target_has_its_last_record_in_its_own_place() -> None:
    home = Restless()
    failing = replace(CONTROL, id="failing", read=_no_answer)
    clean = replace(CONTROL, id="clean", judge=lambda *_: [])
    controls = [failing, CONTROL, clean]
    found = mend([target(each) for each in controls], policy(CONTROL), home.world)
    assert [(each.control, each.status) for each in found] == [
        ("failing", "failed"),
        (CONTROL.id, "mended"),
        ("clean", "clean"),
    ]
    assert found[1].edits[0].part == "switch-0"
    assert [each.status for each in home.told] == ["failed", "mended", "clean", "mended"]
    assert records(home) == []


@pytest.mark.parametrize(
    ("agreed", "status"),
    [
        (AGREED, "mended"),
        ({("other", ID): []}, "mended"),
        ({(CONTROL.id, "lamp-2"): []}, "mended"),
        ({(CONTROL.id, ID): []}, "failed"),
    ],
)
def test_what_a_person_agreed_to_counts_for_its_control_and_resource(agreed: Any, status: str) -> None:
    assert records(Home(), target(), agreed=agreed)[0].status == status


@pytest.mark.parametrize("parts", [(), ("hall",)])
def test_the_walk_after_a_mend_does_not_wait_for_what_the_event_named(parts: tuple[str, ...]) -> None:
    home = Restless()
    home.mend(parts=parts)
    assert [each.resource.parts for each in home.told] == [parts, ()]
    assert home.clock.now() - NOW == timedelta(seconds=1.5)


def test_a_walk_after_a_mend_that_is_put_off_still_names_what_the_event_named() -> None:
    home = Restless()
    first = home.write

    def write(request: Any) -> None:
        first(request)
        home.refuses = [refusal("LampBusy")]

    home.write = write  # type: ignore[method-assign]
    assert home.mend(parts=("hall",)).status == "deferred"
    (task,) = home.put_off_tasks
    assert (task.resource.parts, task.opened, task.told) == ((), ("hall",), ("switch-0",))


def test_a_look_that_finds_nothing_asks_the_ledger_nothing_more() -> None:
    home, asked = Home(switches={"hall": "off"}), 0

    def begin(read: Any) -> Any:
        nonlocal asked
        asked += 1
        return at_need(read)

    (record,) = mend([target()], policy(), replace(home.world, begin=begin))
    assert (record.status, asked) == ("clean", 3)  # exemptions, switch, history


def test_a_part_that_is_still_missing_is_waited_for_in_the_next_walk_too() -> None:
    home = Restless()
    home.mend(parts=("hall", "attic"))
    assert [each.resource.parts for each in home.told] == [("hall", "attic")] * 2


def stack(home: Home, **more: Any) -> Any:
    return replace(home.world, keeps_baseline=True, **more)


def test_what_stands_is_kept_of_a_look_that_knew_what_stood() -> None:
    home = Home(switches={"hall": "bolted"})
    mend([target()], policy(), home.world)
    (stood,) = home.ledger.standing(UNIT)
    assert isinstance(stood, StandingResource)
    assert (stood.id, [each.part for each in stood.findings]) == (KEY, ["hall"])
    failed = Home()
    mend([target(replace(CONTROL, read=_no_answer))], policy(), failed.world)
    assert failed.ledger.standing(UNIT) == ()


@pytest.mark.parametrize("is_sure", [True, False])
def test_what_counts_as_the_baseline_for_want_of_an_answer_is_not_kept(is_sure: bool) -> None:
    home = Home(switches={"hall": "on"})
    if not is_sure:
        home.ledger.unit = _no_answer
    (record,) = mend([target(parts=["x"])], policy(), stack(home))
    assert record.status == "observed"
    assert bool(home.ledger.standing(UNIT)) is is_sure


def _no_answer(*_: Any) -> Any:
    raise LedgerError("No answer.")


def test_a_sweep_gives_what_it_knows_of_its_unit() -> None:
    unit = Unit(account=ACCOUNT, region=REGION, control=CONTROL.id, tried=NOW, baseline=NOW)
    swept = replace(target(), swept=True, unit=UnitState(unit=unit, keeps_baseline=True))
    (record,) = mend([swept], policy(), stack(Home()))
    assert (record.status, record.missed) == ("mended", True)
