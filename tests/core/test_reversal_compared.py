"""How far a mend is undone: what is still to be sent, what came back, and what somebody else changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, Difference, Parts, State, UndoStatus, View, rights
from cloudmend.core.errors import UndoRefused, UnsafePlan
from cloudmend.core.model import Edit, Intent, Record, Resource, Step
from cloudmend.core.planning import mark
from cloudmend.core.ports import Call
from cloudmend.core.reversal import check_intent, revert
from lamps import CONTROL, Home, Settings, target
from ledgers.values import intent, record
from support import NOW

LAMP = target().resource
HALL, STAIRS, PORCH = Step("hall", "on", "off"), Step("stairs", "on", "off"), Step("porch", "hot", None)
BEFORE = {"hall": "on", "stairs": "on", "porch": "hot"}
REFUSED = (
    "The record of this mend cannot be trusted: what it did and what was there before do not fit each other. It may "
    "have been changed in the ledger. Nothing was changed. Look up in CloudTrail what was done to lamp lamp-1, and "
    "restore it by hand."
)


def planned(*steps: Step, resource: Resource = LAMP, **more: Any) -> Intent:
    return intent(control=CONTROL.id, resource=resource, steps=steps, **{"before": {"parts": BEFORE}, **more})


def done(*steps: Step) -> Record:
    return replace(record(), steps=steps)


def reverted(switches: dict[str, str], *steps: Step, control: Control[Any] = CONTROL) -> UndoStatus:
    return revert(control, Settings(), planned(*steps), done(*steps), Home(switches=switches), NOW)


def test_each_step_is_still_to_be_taken_back_or_is_already_or_was_changed_since() -> None:
    found = reverted({"hall": "off", "stairs": "on", "porch": "dimmed"}, HALL, STAIRS, PORCH)
    assert found == UndoStatus(
        marks=(mark(CONTROL, "hall", "on"), mark(CONTROL, "stairs", "on"), mark(CONTROL, "porch", "hot")),
        differences=(Difference(part="porch", expected="not there", found="dimmed"),),
        requests=(
            Call("home", "SetSwitch", {"Id": "lamp-1", "Switch": "hall", "To": "on", "Revision": "1"}, parts=("hall",)),
        ),
        restored=(Edit(part="stairs", before="off", after="on", did="stairs is on again", why="undone"),),
    )


def test_what_is_not_there_any_more_is_a_difference_from_what_the_mend_left() -> None:
    assert reverted({"lamp": "off"}, HALL).differences == (Difference(part="hall", expected="off", found="not there"),)


def test_of_a_resource_that_is_gone_nothing_can_be_taken_back() -> None:
    assert reverted({}, HALL) == UndoStatus(is_gone=True)


def test_the_steps_are_taken_back_from_the_last_to_the_first() -> None:
    other = {"hall": "dimmed", "stairs": "dimmed"}
    assert [each.part for each in reverted(other, HALL, STAIRS).differences] == ["stairs", "hall"]
    assert [each.part for each in reverted(BEFORE, HALL, STAIRS).restored] == ["stairs", "hall"]


def test_what_was_at_fault_before_and_after_a_mend_is_no_mark_of_it() -> None:
    narrowed = Step("hall", "on", "hot")
    always = replace(
        CONTROL, judge=lambda view, _: [replace(each, mark="m") for each in CONTROL.judge(view, Settings())]
    )
    assert reverted({"hall": "hot"}, narrowed, control=always).marks == ()
    assert reverted({"hall": "hot"}, narrowed).marks == (mark(CONTROL, "hall", "on"),)


def test_the_marks_are_those_of_the_settings_and_of_the_moment_of_the_undo() -> None:
    seen: list[tuple[View, Any]] = []

    def judge(view: View, settings: Any) -> Any:
        seen.append((view, settings))
        return CONTROL.judge(view, settings)

    def read(lamp: Resource, reader: Any, by: Settings) -> State | None:
        assert (lamp, by) == (LAMP, settings)
        return CONTROL.read(lamp, reader, by)

    settings, kept = Settings(unscrew=True), planned(HALL)
    revert(replace(CONTROL, judge=judge, read=read), settings, kept, done(HALL), Home(switches={"hall": "off"}), NOW)
    (before, one), (left, other) = seen
    assert (one, other) == (settings, settings)
    assert (before.parts, left.parts) == ({"hall": "on"}, {"hall": "off"})
    assert (before.resource, before.cause, before.now) == (kept.resource, kept.cause, NOW)
    assert before.state.labels == {"name": "the hall"}


@pytest.mark.parametrize(
    ("value", "did"),
    [
        ("x" * 60, f"lamp is {'x' * 60} again, in place of hall"),
        ("x" * 61, "lamp is again what it was, in place of hall"),
    ],
)
def test_a_part_that_came_back_under_another_id_is_told_with_both(value: str, did: str) -> None:
    fleeting = replace(CONTROL, new_ids=True)
    step = Step("hall", value, None)
    found = revert(
        fleeting, Settings(), planned(step, before={}), done(step), Home(switches={"lamp": value}), NOW
    ).restored
    assert found == (Edit(part="lamp", before="", after=value, did=did, why="undone"),)


def test_a_part_whose_id_lasts_does_not_come_back_under_another() -> None:
    assert reverted({"lamp": "hot"}, PORCH).restored == ()
    fleeting = replace(CONTROL, new_ids=True)
    assert reverted({"lamp": "hot"}, PORCH, control=fleeting).restored[0].part == "lamp"
    assert reverted({"lamp": "off"}, PORCH, control=fleeting).restored == ()
    added = Step("hall", None, "off")
    found = revert(fleeting, Settings(), planned(added, before={}), done(added), Home(switches=BEFORE), NOW)
    assert found.restored == ()


def test_an_undo_holds_the_rights_to_its_calls() -> None:
    with pytest.raises(UnsafePlan, match="The plan needs home:SetSwitch"):
        reverted({"hall": "off"}, HALL, control=replace(CONTROL, undoes=rights("home:GetLamp")))


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (planned(HALL), done(STAIRS)),
        (planned(HALL), done(Step("hall", "hot", "off"))),
        (planned(HALL, before={"parts": {"hall": "hot"}}), done(HALL)),
        (planned(HALL, before={"parts": {}}), done(HALL)),
        (planned(HALL, resource=Resource(type="AWS::Home::Door", id="lamp-1")), done(HALL)),
    ],
    ids=["another part", "another value", "another image", "no image", "another kind"],
)
def test_a_record_that_contradicts_its_intent_is_refused(kept: Intent, told: Record) -> None:
    with pytest.raises(UndoRefused) as refused:
        revert(CONTROL, Settings(), kept, told, Home(switches={"hall": "off"}), NOW)
    assert str(refused.value) == REFUSED


def test_an_intent_that_would_widen_is_not_believed_and_is_seen_as_of_its_own_time() -> None:
    seen: list[tuple[View, Parts]] = []

    def narrows(view: View, then: Parts) -> bool:
        seen.append((view, then))
        return False

    for kept in (planned(HALL, seen=NOW), planned(HALL)):
        with pytest.raises(UndoRefused):
            check_intent(replace(CONTROL, narrows=narrows), kept)
    check_intent(replace(CONTROL, narrows=lambda *_: True), kept)
    assert [view.now for view, _ in seen] == [NOW, datetime.min.replace(tzinfo=UTC)]
    view, then = seen[0]
    assert (view.resource, view.state, view.cause) == (kept.resource, State(BEFORE), kept.cause)
    assert then == {**BEFORE, "hall": "off"}
