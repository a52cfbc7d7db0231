"""What was there before cloudmend, as a value: at a first look, at a later one, and by the age of parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.baseline import baseline_of, lasting_mark, old_marks, old_parts, put_at_fault_by
from cloudmend.core.contract import Control, Finding, Followed, Following, State, View
from cloudmend.core.ledger_records import LedgerRecord
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.planning import Covers, judge, mark
from cloudmend.core.standing import Before, StandingFinding
from core.test_standing import EARLIER, resource
from lamps import CONTROL, Settings, call, target
from ledgers.values import intent
from support import NOW

SOON = NOW + timedelta(seconds=1)
LASTING = replace(
    CONTROL,
    marks=lambda state: {part: frozenset({f"~{part}", f"{part} {value}"}) for part, value in state.parts.items()},
    by_age=True,
)


def seen(parts: Mapping[str, str], cause: ApiCall | None = None, **more: Any) -> View:
    there = target()
    return View(resource=there.resource, state=State(parts), cause=cause or there.cause, now=NOW, **more)


def known(part: str, value: str = "on", **more: Any) -> StandingFinding:
    fields: dict[str, Any] = {
        "why": "it was",
        "mark": mark(CONTROL, part, value),
        "status": "baseline",
        "since": EARLIER,
    }
    return StandingFinding(part=part, **{**fields, **more})


def before(*findings: StandingFinding, is_first: bool = False, **more: Any) -> Before:
    standing = resource(*findings, **more) if findings or more else None
    return Before(standing=standing, is_first=is_first, keeps_baseline=True)


def found(
    view: View,
    known_before: Before,
    opened: Sequence[str] = (),
    by_call: Sequence[str] = (),
    exempt: Sequence[str] = (),
    control: Control[Any] = CONTROL,
) -> tuple[Finding, ...]:
    everything = judge(control, replace(view, exempt=frozenset()), Settings()).counted
    return baseline_of(control, view, everything, Covers(parts=frozenset(exempt)), known_before, opened, by_call)


def parts(findings: Sequence[Finding]) -> list[str]:
    return [each.part for each in findings]


def test_a_first_look_takes_what_is_there_but_what_was_opened_is_exempt_or_stood_otherwise() -> None:
    view = seen(dict.fromkeys("abcdefg", "on"), exempt=frozenset("b"))
    stood = before(known("a"), known("e", status="observed"), known("f"), is_first=True)
    assert parts(found(view, stood, opened=["c"], by_call=["d"], exempt=["g"])) == ["a", "f"]
    assert found(view, replace(stood, keeps_baseline=False)) == ()
    assert parts(found(view, before(is_first=True), opened=["c"])) == ["a", "d", "e", "f", "g"]


@pytest.mark.parametrize(
    ("time", "expected", "unknown"), [(None, "ab", "ab"), (SOON, "ab", "ab"), (NOW, "b", ""), (EARLIER, "", "")]
)
def test_a_first_look_for_a_call_that_names_nothing_takes_what_was_seen_before_the_call(
    time: Any, expected: str, unknown: str
) -> None:
    view = seen({"a": "on", "b": "on"}, replace(call(), time=time))
    assert parts(found(view, before(known("a", since=NOW), known("b"), is_first=True))) == list(expected)
    assert parts(found(view, before(is_first=True))) == list(unknown)


def test_what_an_earlier_first_look_did_not_see_is_new_to_the_next() -> None:
    view, stood = seen({"a": "on", "b": "on", "c": "on"}), before(known("b"), is_first=True)
    assert parts(found(view, stood)) == ["b"]
    assert parts(found(view, before(known("x", status="observed"), is_first=True))) == []


def test_a_later_look_knows_the_baseline_by_its_marks() -> None:
    values = {"a": "on", "b": "off", "c": "hot", "d": "on", "e": "on", "f": "on", "g": "hot", "h": "on"}
    stood = before(
        known("a"),
        known("b", "off"),
        known("c"),
        known("d", "dimmed"),
        known("e"),
        known("f"),
        known("h", status="open"),
    )
    view = seen(values)
    (a, *_) = judge(CONTROL, view, Settings()).counted
    assert found(view, stood, opened=["e"], by_call=["f"]) == (
        a,
        Finding(part="b", why="it was", mark=mark(CONTROL, "b", "off")),
        Finding(part="c", why="c is hot", mark=mark(CONTROL, "c", "on"), wait="it is hot", mended="off"),
    )
    assert found(view, before()) == ()


def test_what_waits_and_is_known_keeps_its_own_mark() -> None:
    assert [each.mark for each in found(seen({"c": "hot"}), before(known("c", "hot")))] == [mark(CONTROL, "c", "hot")]


def test_a_part_of_the_baseline_that_has_another_id_by_now_is_not_what_the_call_opened() -> None:
    view = seen({"a": "on"})
    renamed = replace(known("a"), part="z")
    assert parts(found(view, before(renamed), opened=["z"])) == ["a"]
    assert parts(found(view, before(renamed), opened=["a"])) == []


def test_a_mark_that_lasts_tells_most_of_the_value() -> None:
    on = Finding(part="a", why="", mark="a")
    assert lasting_mark(on, {"a": frozenset({"a", "a on", "b"})}) == "a on"
    assert lasting_mark(on, {"a": frozenset({"a"}), "b": frozenset({"b on"})}) == "a"
    assert lasting_mark(on, {}) == "a"
    assert lasting_mark(replace(on, mark="a very long one"), {"a": frozenset({"a very long one", "a"})}) == "a"
    (first,) = found(seen({"a": "on"}), before(is_first=True), opened=["b"], control=LASTING)
    assert first.mark == "a on"
    (again,) = found(seen({"a": "on"}), before(known("a", mark="a on")), control=LASTING)
    assert again.mark == "a on"
    assert found(seen({"a": "on"}), before(known("a", mark="a off")), control=LASTING) == ()


def test_what_an_event_found_at_fault_is_known_under_any_mark_of_its_part() -> None:
    view, old = seen({"a": "on", "b": "on"}), ("a on", "b on")
    b = known("b", mark="b on")
    stood = before(known("a", mark="~a", status="observed"), b, is_first=True, old=old)
    assert parts(found(view, stood, opened=["x"], control=LASTING)) == ["b"]
    assert old_parts(LASTING, view, stood, ["x"], []) == {"b"}
    plain = before(
        known("a", status="observed"), is_first=True, old=(mark(CONTROL, "a", "on"), mark(CONTROL, "b", "on"))
    )
    assert old_parts(replace(CONTROL, by_age=True), view, plain, ["x"], []) == {"b"}


def test_a_control_that_judges_by_age_knows_which_parts_are_older_than_cloudmend() -> None:
    view = seen({"a": "on", "b": "off", "c": "on", "d": "on"})
    everything = ("a on", "b off", "c on", "d on")
    first = before(known("c", mark="c on", status="observed"), is_first=True, old=everything)
    assert old_parts(LASTING, view, first, ["b"], ["d"]) == {"a"}
    later = before(known("c", mark="c on"), is_first=True, old=("a on", "c on"))
    assert old_parts(LASTING, view, later, ["c"], []) == {"a"}
    assert old_parts(LASTING, view, before(is_first=True), ["b"], ["d"]) == {"a", "c"}
    assert old_parts(LASTING, view, before(known("x"), old=("a on", "b on")), ["a"], ["a"]) == {"a"}
    assert old_parts(LASTING, view, before(), [], []) == frozenset()
    assert old_parts(replace(LASTING, by_age=False), view, first, [], []) == frozenset()


def test_the_first_look_of_an_event_takes_by_age_only_what_was_seen_before_its_call() -> None:
    view = seen({"a": "on", "b": "off"})
    first = before(known("a", mark="a on"), is_first=True, old=("a on", "b off"))
    assert old_parts(LASTING, view, first, [], []) == {"a"}


def test_what_is_old_is_known_by_the_marks_of_its_parts_in_order() -> None:
    values = {"b": "on", "a": "off", "c": "on"}
    assert old_marks(LASTING, seen(values, old=frozenset({"a", "b", "gone"}))) == ("a off", "b on")
    assert old_marks(CONTROL, seen(values, old=frozenset({"c"}))) == (mark(CONTROL, "c", "on"),)


def following(*states: State | Exception | None, judged: list[View] | None = None) -> Control[Any]:
    def step(was: State | None, lamp: Resource, sent: ApiCall, now: Any) -> Followed:
        assert (was, lamp, sent, now) == (None, target().resource, call(), NOW)
        (state,) = states
        if isinstance(state, Exception):
            raise state
        return Followed(state)

    def noted(view: View, settings: Any) -> Any:
        assert settings == Settings()
        if judged is not None:
            judged.append(view)
        return CONTROL.judge(view, settings)

    return replace(CONTROL, follow=Following(calls=(), step=step), judge=noted)


def test_the_parts_that_a_call_puts_at_fault_are_judged_by_its_record_alone() -> None:
    judged: list[View] = []
    late = LedgerRecord.of(intent(), NOW, bytes(5))
    view = seen({"x": "on"}, exempt=frozenset({"a"}), old=frozenset({"a"}), recent=(late,))
    said = State({"a": "on", "b": "off", "c": "hot"})
    assert put_at_fault_by(following(said, judged=judged), view, Settings()) == ("a", "c")
    assert judged == [replace(view, state=said, exempt=frozenset(), recent=())]


@pytest.mark.parametrize("state", [None, ValueError("a bug")])
def test_a_record_that_tells_nothing_puts_nothing_at_fault(state: State | Exception | None) -> None:
    blind = replace(following(state), judge=lambda *_: [Finding(part="a", why="always")])
    assert put_at_fault_by(blind, seen({"a": "on"}), Settings()) == ()


def test_a_call_that_wakes_no_control_or_that_none_follows_puts_nothing_at_fault() -> None:
    other = seen({"a": "on"}, replace(call(), name="GetLamp"))
    told = Following[Settings](calls=(), step=lambda *_: Followed(State({"a": "on"})))
    assert put_at_fault_by(replace(CONTROL, follow=told), seen({"a": "on"}), Settings()) == ("a",)
    assert put_at_fault_by(replace(CONTROL, follow=told), other, Settings()) == ()
    assert put_at_fault_by(CONTROL, seen({"a": "on"}), Settings()) == ()
