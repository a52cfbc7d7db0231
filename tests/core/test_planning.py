"""No plan passes the check that does less than mend what is at fault, or more; and what counts as exempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, Finding, State, View, rights
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.planning import (
    NOTHING,
    Covers,
    Plan,
    calls,
    check,
    covers_of,
    exempt_parts,
    judge,
    mark,
    plan,
    restrained,
    resumed,
    same,
    same_parts,
    steps_between,
)
from lamps import CONTROL, ID, Settings, target
from ledgers.values import exemption
from support import ACCOUNT, NOW

ON = {"hall": "on", "stairs": "off"}


def seen(parts: Mapping[str, str] = ON, exempt: frozenset[str] = frozenset()) -> View:
    there = target()
    return View(resource=there.resource, state=State(parts, guard="1"), cause=there.cause, now=NOW, exempt=exempt)


def planned(control: Control[Any] = CONTROL, view: View | None = None, covers: Covers | None = None) -> Any:
    view = view or seen()
    findings = judge(control, view, Settings(), covers or Covers()).counted
    return plan(control, view, findings, Settings(), covers or Covers())


def test_a_plan_is_what_there_shall_be_and_the_steps_to_it() -> None:
    made = planned()
    assert made.then == {"hall": "off", "stairs": "off"}
    assert [(step.part, step.before, step.after) for step in made.steps] == [("hall", "on", "off")]


def test_a_plan_that_leaves_a_fault_is_refused() -> None:
    lazy = replace(CONTROL, mend=lambda *_: {})
    with pytest.raises(UnsafePlan, match="would leave hall at fault"):
        planned(lazy)


def test_a_plan_that_widens_is_refused() -> None:
    with pytest.raises(UnsafePlan, match="would widen what is there"):
        planned(replace(CONTROL, narrows=lambda *_: False))
    assert planned(replace(CONTROL, narrows=lambda view, then: (view, then) == (seen(), {**ON, "hall": "off"}))).steps


def test_a_plan_that_touches_what_is_exempt_is_refused() -> None:
    greedy = replace(CONTROL, mend=lambda *_: {"hall": "off", "stairs": None})
    with pytest.raises(UnsafePlan, match="would touch stairs, which is exempt"):
        planned(greedy, seen({"hall": "on", "stairs": "on"}, exempt=frozenset({"stairs"})))


def test_a_plan_that_touches_what_is_not_at_fault_is_refused() -> None:
    view = seen()
    findings = judge(CONTROL, view, Settings()).counted
    then = {"hall": "off", "stairs": "dimmed"}
    made = Plan(view=view, findings=findings, settings=Settings(), then=then, steps=steps_between(view.parts, then))
    with pytest.raises(UnsafePlan, match="would touch stairs, which is not at fault"):
        check(CONTROL, made, Covers())


def test_a_call_without_a_declared_right_is_refused() -> None:
    with pytest.raises(UnsafePlan, match=r"The plan needs home:SetSwitch with .*, which is not declared"):
        planned(replace(CONTROL, writes=rights("home:GetLamp")))


def test_a_part_that_is_not_there_has_no_form() -> None:
    upper = replace(CONTROL, form=lambda value: f"{value}".lower())
    assert same(upper, "ON", "on")
    assert not same(upper, None, "none")


def test_a_plan_that_was_cut_off_goes_on_with_what_is_as_it_was() -> None:
    both = seen({"hall": "on", "stairs": "on"})
    whole = planned(view=both)
    half = seen({"hall": "off", "stairs": "on"})
    rest = resumed(CONTROL, half, whole.steps, Settings())
    assert [(step.part, step.after) for step in rest.steps] == [("stairs", "off")]


def test_a_plan_that_was_cut_off_goes_on_beside_what_is_exempt_by_now() -> None:
    whole = planned(view=seen({"hall": "on", "stairs": "on"}))
    covers = Covers(parts=frozenset({"porch"}))
    half = seen({"hall": "off", "stairs": "on", "porch": "on"}, exempt=frozenset({"porch"}))
    blind = replace(CONTROL, judge=lambda view, _: [Finding(part=p, why=p) for p, v in view.parts.items() if v == "on"])
    rest = resumed(blind, half, whole.steps, Settings(), covers)
    assert [each.part for each in rest.findings] == ["stairs"]


def test_a_control_s_own_mend_gets_the_view_the_findings_and_the_settings() -> None:
    given = []

    def own(*arguments: Any) -> Mapping[str, str]:
        given.append(arguments)
        return {"hall": "off"}

    view, settings = seen(), Settings(unscrew=True)
    found = judge(CONTROL, view, settings).counted
    assert plan(replace(CONTROL, mend=own), view, found, settings).settings is settings
    assert given == [(view, found, settings)]


def test_what_is_exempt_is_told_apart_by_part_and_by_mark_and_whole() -> None:
    view = seen({"hall": "on", "stairs": "on"})
    by_mark = Covers(marks=frozenset({mark(CONTROL, "hall", "on")}))
    for covers in (Covers(parts=frozenset({"hall"})), by_mark):
        judged = judge(CONTROL, view, Settings(), covers)
        assert [each.part for each in judged.counted] == ["stairs"]
        assert [each.part for each in judged.exempt] == ["hall"]
        assert exempt_parts(CONTROL, view.state, covers) == {"hall"}
    assert not judge(CONTROL, view, Settings(), Covers(whole=True)).counted


def test_timed_exemptions_cover_whole_resources_old_ids_and_marks() -> None:
    lamp = target().resource
    whole = exemption("e-1", group=ID)
    old = exemption("e-2", group=ID, rule="hall")
    marked = exemption("e-3", group=ID, parts=("m-1", "m-2"))
    others = [exemption("e-4", group="lamp-2"), exemption("e-5", group=ID, control="another_control")]
    assert covers_of([whole], CONTROL, lamp) == Covers(whole=True)
    assert covers_of([old, marked, *others], CONTROL, lamp) == Covers(
        parts=frozenset({"hall"}), marks=frozenset({"m-1", "m-2"})
    )
    assert covers_of(others, CONTROL, lamp) is NOTHING


def test_a_scope_with_the_marks_of_findings_covers_them_too() -> None:
    covers = Covers(parts=frozenset({"hall"}), marks=frozenset({"m-1"}))
    found = [Finding(part="stairs", why="on", mark="m-2")]
    assert covers.besides(found) == Covers(parts=frozenset({"hall"}), marks=frozenset({"m-1", "m-2"}))
    assert covers.besides([]) is covers


def test_a_part_is_exempt_by_each_mark_that_the_control_gives_it() -> None:
    several = replace(CONTROL, marks=lambda state: {part: {f"{part}-1", f"{part}-2"} for part in state.parts})
    for name in ("hall-1", "hall-2"):
        assert exempt_parts(several, seen().state, Covers(marks=frozenset({name}))) == {"hall"}
    assert exempt_parts(several, seen().state, Covers(marks=frozenset({mark(CONTROL, "hall", "on")}))) == set()


def test_a_mark_names_a_part_and_its_value_or_the_value_alone_where_ids_change() -> None:
    assert mark(CONTROL, "hall", "on") != mark(CONTROL, "stairs", "on")
    assert mark(CONTROL, "hall", "on") != mark(CONTROL, "hall", "off")
    fleeting = replace(CONTROL, new_ids=True)
    assert mark(fleeting, "hall", "on") == mark(fleeting, "stairs", "on")
    assert mark(CONTROL, "hall", {"a": 1, "b": 2}) == mark(CONTROL, "hall", {"b": 2, "a": 1})
    assert mark(CONTROL, "hall", "on") == "d0a64fadfe62b180"  # stored: an exemption names a fault by it


def test_of_another_account_s_resource_findings_are_only_reported() -> None:
    found = judge(CONTROL, seen(), Settings()).counted
    assert restrained(found, ACCOUNT, ACCOUNT) == found
    assert restrained(found, "", ACCOUNT) == found
    assert restrained(found, "444455556666", "") == found
    (reported,) = restrained(found, "444455556666", ACCOUNT)
    why = "account 444455556666 owns it, and only its owner can change it: tell them, or have cloudmend run there too"
    assert reported == replace(found[0], restraint=why)
    hot = judge(CONTROL, seen({"hall": "hot"}), Settings()).counted
    assert [(each.restraint, each.wait) for each in restrained(hot, "444455556666", ACCOUNT)] == [(why, "")]


def test_two_reads_say_the_same_in_any_order_and_without_what_aws_chooses() -> None:
    blind = replace(CONTROL, form=str.lower)
    assert same_parts(blind, {"a": "ON", "b": "off"}, {"b": "OFF", "a": "on"})
    assert not same_parts(CONTROL, {"a": "ON"}, {"a": "on"})
    assert not same_parts(CONTROL, {"a": "on"}, {"a": "on", "b": "on"})


def test_a_control_that_only_reports_sends_nothing() -> None:
    assert calls(replace(CONTROL, put=None), seen().resource, seen().state, {}) == ()
