"""What a dead process left behind, as a value: what was done, what was not, and what people are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, State, View
from cloudmend.core.errors import Busy, LedgerError, WrongState
from cloudmend.core.ledger_records import LedgerRecord, Unreadable
from cloudmend.core.model import Edit, Finding, Record, Resource, Step
from cloudmend.core.world import World
from cloudmend.engine.stations.orphaned import Completed, complete_all, complete_met, open_intents, resource_of
from engine.test_before import Ledger
from engine.test_verdict import Facts, begun
from lamps import CONTROL, SETTLING, Home, policy, target
from support import ACCOUNT, NOW, REGION

LAMP = replace(target().resource, parts=("hall",), account="", region="")
BEFORE = {"hall": "on", "stairs": "on", "porch": "on"}
UNSCREW = "[control.lamp_on]\nunscrew = true"
STEPS = tuple(Step(part, "on", "off") for part in BEFORE)
BEGAN = NOW - timedelta(seconds=60)
DIED = (
    "The process that began this mend at 2026-11-24 06:59:00 UTC died before its end was recorded. This was found "
    "afterwards; a notice of it may have come before."
)


def entry(*steps: Step, at: timedelta = timedelta(seconds=-60), **more: Any) -> LedgerRecord:
    known: dict[str, Any] = {
        "resource": LAMP,
        "before": {"parts": BEFORE},
        "requests": (),
        "findings": (Finding(part="hall", why="hall was on"),),
        "at": at,
    }
    return begun(*steps, **{**known, **more})


def swept(
    left: LedgerRecord, parts: Mapping[str, str], control: Control[Any] = CONTROL, text: str = "", **answers: Any
) -> tuple[list[Completed], Home, Ledger]:
    home, ledger = Home(switches=dict(parts)), Ledger(**{"resume": left, "finish": left, **answers})
    return list(complete_all([left], [control], policy(control, text), world(home, ledger))), home, ledger


def world(home: Home, ledger: Ledger) -> World:
    stub: Any = ledger
    return replace(home.world, ledger=stub)


def one(left: LedgerRecord, parts: Mapping[str, str], control: Control[Any] = CONTROL, **answers: Any) -> Record:
    ((found,), home, ledger) = swept(left, parts, control, **answers)
    (record,) = found.told
    assert home.told == [record]
    assert (found.entry, found.control) == (left, control)
    if "finish" not in answers and "resume" not in answers:
        assert ledger.asked[-1] == ("finish", left, "DONE" if record.status == "mended" else "FAILED", record)
    return record


def test_what_was_done_is_told_with_how_to_take_it_back_and_what_was_not_with_what_it_is() -> None:
    left = entry(*STEPS)
    ((found,), home, ledger) = swept(left, {"hall": "off", "stairs": "on", "porch": "dimmed"})
    (record,) = found.told
    assert record.summary == (
        "lamp lamp-1: hall: changed from on to off. These are as they were before, never changed or changed back: on "
        "(stairs). Somebody has changed these since, so it is not known what the mend did: porch was on, is dimmed. "
        f"{DIED}"
    )
    assert record.edits == (
        Edit(part="hall", before="on", after="off", did="hall: changed from on to off", why="hall was on"),
    )
    undo = '{"Id":"lamp-1","Switch":"hall","To":"on","Revision":"1"}'
    assert record.undo == (f"aws home set-switch --region {REGION} --cli-input-json '{undo}'",)
    assert (record.steps, record.status, record.words.noun) == (STEPS[:1], "failed", "lamp")
    assert (found.entry, found.control, found.is_left, home.told) == (left, CONTROL, True, [record])
    assert ledger.asked == [("resume", left, NOW), ("finish", left, "FAILED", record)]


def test_what_is_still_open_has_the_commands_to_close_it_by_the_settings() -> None:
    control = replace(CONTROL, stricter=None)
    left, parts = entry(*STEPS), {"hall": "on", "stairs": "off", "porch": "off"}
    for text, to in (("", '"off"'), (UNSCREW, "null")):
        ((found,), _, _) = swept(left, parts, control, text)
        (by_hand,) = found.told[0].by_hand
        assert f'"Switch":"hall","To":{to},' in by_hand


def test_what_is_still_open_is_judged_as_it_is_now_with_the_call_of_the_intent() -> None:
    views: list[View] = []

    def noted(view: View, settings: Any) -> Any:
        views.append(view)
        return CONTROL.judge(view, settings)

    left = entry(*STEPS)
    parts = {"hall": "on", "stairs": "off", "porch": "off"}
    swept(left, parts, replace(CONTROL, judge=noted))
    cause, state = left.intent.cause, State(parts, guard="1", labels={"name": "the hall"})
    assert views[0] == View(resource=resource_of(left.intent), state=state, cause=cause, now=NOW)


def test_what_was_done_beside_what_was_at_fault_has_no_reason() -> None:
    record = one(entry(*STEPS[:2]), {"hall": "off", "stairs": "off"})
    assert [(each.part, each.why) for each in record.edits] == [("hall", "hall was on"), ("stairs", "")]


def test_what_was_done_whole_is_mended_and_nothing_is_left() -> None:
    ((found,), _, _) = swept(entry(*STEPS), dict.fromkeys(BEFORE, "off"))
    assert ([each.status for each in found.told], found.is_left) == (["mended"], False)
    assert f"{one(entry(STEPS[0]), {'hall': 'off'}).summary}" == f"lamp lamp-1: hall: changed from on to off. {DIED}"


def test_a_mend_that_changed_nothing_ends_in_silence() -> None:
    ((found,), home, ledger) = swept(entry(*STEPS), BEFORE)
    assert (found.told, found.is_left, home.told) == ((), True, [])
    ((name, left, ending, record),) = ledger.asked[1:]
    assert (name, left, ending, record.status) == ("finish", entry(*STEPS), "FAILED", "failed")


def test_of_a_lamp_that_is_gone_nothing_is_known() -> None:
    record = one(entry(*STEPS), {})
    assert record.summary.startswith("lamp lamp-1 does not exist any more, so it is not known what was done to it.")
    assert record.status == "gone"


def test_what_aws_may_show_late_need_not_be_of_a_dead_process() -> None:
    slow = replace(CONTROL, settles_in=SETTLING)
    assert "AWS showed it late, or its process died." in one(entry(STEPS[0]), {"hall": "off"}, slow).summary


def test_what_is_gone_was_mended_so_where_there_is_a_second_way() -> None:
    record = one(entry(STEPS[0]), {"stairs": "off"})
    assert record.edits == (
        Edit(
            part="hall",
            before="on",
            after="",
            did="on is gone, removed by this mend or by somebody since",
            why="hall was on",
        ),
    )
    assert record.steps == (Step("hall", "on"),)
    only = one(entry(STEPS[0]), {"stairs": "off"}, replace(CONTROL, stricter=None))
    assert "hall was on, is not there" in only.summary


@pytest.mark.parametrize(
    ("left", "problem"),
    [
        (
            entry(Step("hall", "dimmed", "off")),
            "The record of this mend cannot be trusted: what it did and what was there before do not fit each other.",
        ),
        (
            entry(requests=begun().intent.requests),
            "An older cloudmend began it, and did not keep what it planned for each part. Look up in CloudTrail",
        ),
    ],
)
def test_what_can_never_be_compared_is_told_and_ended(left: LedgerRecord, problem: str) -> None:
    record = one(left, BEFORE)
    assert record.summary.startswith(f"lamp lamp-1: {DIED} What it did cannot be found out: {problem}")
    assert (record.status, record.words.noun) == ("failed", "lamp")


@pytest.mark.parametrize("error", [Busy("Another is at it."), WrongState("It has ended.")])
def test_what_another_completes_is_left_to_it(error: Exception) -> None:
    left = entry(*STEPS)
    ((found,), home, _) = swept(left, BEFORE, resume=error)
    assert (found, home.told) == (Completed(left, CONTROL, ()), [])


@pytest.mark.parametrize(
    ("error", "told"),
    [(LedgerError("No."), "No."), (ValueError("a bug"), "cloudmend crashed: ValueError: a bug")],
)
def test_what_cannot_be_completed_now_is_told_and_stays(error: Exception, told: str) -> None:
    left = entry(*STEPS)
    record = one(left, BEFORE, resume=error)
    assert record.summary == f"lamp lamp-1: {DIED} What it did cannot be found out: {told}"
    assert (record.status, record.words.noun) == ("failed", "lamp")


@pytest.mark.parametrize(
    ("left", "is_completed"),
    [
        (entry(*STEPS), True),
        (entry(*STEPS, at=timedelta(seconds=-59)), False),
        (entry(*STEPS, region="us-east-1"), False),
        (replace(entry(*STEPS), intent=replace(entry(*STEPS).intent, control="another")), False),
    ],
)
def test_a_sweep_completes_what_was_left_in_its_region_under_its_controls(
    left: LedgerRecord, is_completed: bool
) -> None:
    found, _, ledger = swept(left, BEFORE)
    assert (bool(found), bool(ledger.asked)) == (is_completed, is_completed)
    assert found == [] or found[0].entry == left


def test_one_that_is_skipped_hides_no_other() -> None:
    others = [entry(region="us-east-1"), entry(at=timedelta()), entry(*STEPS)]
    home, ledger = Home(switches=BEFORE), Ledger(resume=others[2], finish=None)
    found = complete_all(others, [replace(CONTROL, id="another"), CONTROL], policy(), world(home, ledger))
    assert [each.entry for each in found] == others[2:]


def test_the_resource_of_an_intent_is_read_in_its_own_place_without_the_parts_of_its_event() -> None:
    intent = replace(entry().intent, account="444455556666", region="us-east-1")
    expected = Resource(type=LAMP.type, id="lamp-1", account="444455556666", region="us-east-1")
    assert resource_of(intent) == expected
    read: list[Resource] = []

    def noted(lamp: Resource, reader: Any, settings: Any) -> State | None:
        read.append(lamp)
        return CONTROL.read(lamp, reader, settings)

    swept(entry(*STEPS), BEFORE, replace(CONTROL, read=noted))
    assert read[0] == replace(LAMP, parts=(), account=ACCOUNT, region=REGION)


def test_a_ledger_that_does_not_name_its_open_items_is_told_as_one() -> None:
    assert open_intents(world(Home(), Ledger(open_intents=(entry(),)))) == (entry(),)
    problem = "Which mends did not end cannot be read. No."
    assert open_intents(world(Home(), Ledger(open_intents=LedgerError("No.")))) == (Unreadable("", problem),)


def met(
    *recent: LedgerRecord, control: Control[Any] = CONTROL, swept: bool = False, text: str = "", **answers: Any
) -> tuple[bool, Ledger, Home]:
    situation = Facts(control, recent=recent, swept=swept).situation(hall="off", stairs="on", porch="on")
    home, ledger = Home(), Ledger(**{"finish": None, **answers})
    return complete_met(situation, policy(control, text), world(home, ledger)), ledger, home


def test_a_mend_completes_the_oldest_that_was_left_at_its_resource() -> None:
    old, young = entry(*STEPS, at=timedelta(seconds=-61)), entry(*STEPS, at=timedelta(seconds=-60.5))
    is_completed, ledger, home = met(young, old, resume=old)
    assert is_completed
    seen = NOW - timedelta(seconds=1)
    assert ledger.asked[0] == ("resume", old, seen)
    assert [each.summary.partition(" These")[0] for each in home.told] == ["lamp lamp-1: hall: changed from on to off."]
    assert not met(young, resume=young)[0]
    assert not met(old, swept=True, resume=old)[0]


@pytest.mark.parametrize(
    ("age", "settles_in", "is_named", "stairs", "is_completed"),
    [
        (99, 100, True, "on", False),
        (100, 100, True, "on", True),
        (99, 0, True, "on", True),
        (99, 100, False, "on", True),
        (99, 100, True, "off", True),
    ],
)
def test_what_aws_accepted_and_does_not_show_yet_is_left_to_the_queue(
    age: int, settles_in: int, is_named: bool, stairs: str, is_completed: bool
) -> None:
    left = entry(*STEPS, at=timedelta(seconds=-1 - age))
    control = replace(CONTROL, settles_in=timedelta(seconds=settles_in))
    situation = Facts(control, recent=(left,)).situation(hall="off", stairs=stairs, porch="off")
    named = replace(situation, target=replace(situation.target, accepted=left.id if is_named else "another"))
    ledger = Ledger(finish=None, resume=left)
    assert complete_met(named, policy(control), world(Home(), ledger)) is is_completed
    assert not complete_met(replace(named, state=None), policy(control), world(Home(), Ledger())) or is_completed


def test_a_mend_tells_how_to_close_by_the_settings_what_was_left() -> None:
    left = entry(*STEPS, at=timedelta(seconds=-61), findings=(Finding(part="stairs", why="stairs was on"),))
    for text, to in (("", '"off"'), (UNSCREW, "null")):
        _, _, home = met(left, control=replace(CONTROL, stricter=None), text=text, resume=left)
        (by_hand,) = home.told[0].by_hand
        assert f'"Switch":"stairs","To":{to},' in by_hand


def test_a_mend_goes_on_where_the_first_cannot_be_completed_and_completes_the_next() -> None:
    first, second = entry(*STEPS, at=timedelta(seconds=-90)), entry(*STEPS, at=timedelta(seconds=-80))
    is_completed, ledger, _ = met(first, second, resume=[Busy("Another."), second])
    assert (is_completed, [each[1] for each in ledger.asked[:2]]) == (True, [first, second])
    assert met(first, resume=Busy("Another."))[0] is False
