"""The writes of a plan, as a value: what was done, what had no answer, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from cloudmend.core.contract import Control, Parts, State, View
from cloudmend.core.errors import AwsError
from cloudmend.core.model import Resource, Step
from cloudmend.core.ports import Call, Sent
from cloudmend.core.target import Outcome
from cloudmend.core.world import OneByOne
from cloudmend.engine.stations.put import put
from cloudmend.engine.stations.values import Planned, Written
from engine.test_judge import planned
from engine.test_verdict import Facts
from lamps import CONTROL, Home, Settings, refusal

HALL, STAIRS = Step("hall", "on", "off"), Step("stairs", "on", "off")
BOTH = {"hall": "on", "stairs": "on"}


def _all(lamp: Resource, now: State, then: Parts) -> Iterable[Call]:
    yield Call("home", "SetSwitch", {"Id": lamp.id, "Revision": now.guard, "All": dict(then)})


class Panel(Home):
    """A lamp whose switches are all set by one call."""

    def write(self, request: Sent) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        if request.params["Revision"] != str(self.revision):
            raise refusal("StaleRevision")
        self.written.append(request.params)
        self.switches = dict(request.params["All"])


WHOLE: Control[Settings] = replace(CONTROL, put=_all)
BUSY = "The lamp said LampBusy."
SURE_NO = AwsError("The lamp fell silent.", action="home:SetSwitch", code="Broken", refused=False)


def plan_for(home: Home, control: Control[Any] = CONTROL, parts: Mapping[str, str] = BOTH) -> Planned:
    home.switches = dict(parts)
    return planned(Facts(control, state=State({}, guard=str(home.revision))), dict(parts))


def written(home: Home, made: Planned) -> Written:
    (found,) = put([made], home.world)
    assert isinstance(found, Written)
    return found


def sent(home: Home) -> list[Mapping[str, str]]:
    return [each["All"] for each in home.written]


@pytest.mark.parametrize(
    ("errors", "steps", "silent", "told", "deferred"),
    [
        ([], (HALL, STAIRS), (), (), False),
        ([refusal("")], (STAIRS,), (HALL,), ("The lamp said nothing.",), False),
        ([refusal("")] * 2, (), (HALL, STAIRS), ("The lamp said nothing.",) * 2, False),
        (
            [refusal("LampBusy"), refusal("NotAllowed")],
            (),
            (),
            ("The lamp said LampBusy.", "The lamp said NotAllowed."),
            True,
        ),
        ([SURE_NO], (STAIRS,), (HALL,), ("The lamp fell silent.",), False),
        ([refusal("LampBusy")], (STAIRS,), (), (BUSY,), True),
        ([refusal("NotAllowed")], (), (), ("The lamp said NotAllowed.",), False),
        ([refusal("NoSuchSwitch")], (STAIRS,), (), (), False),
        ([refusal("StaleRevision")] * 3, (HALL, STAIRS), (), (), False),
    ],
)
def test_each_answer_to_a_write_has_its_own_effect(
    errors: list[AwsError], steps: Any, silent: Any, told: Any, deferred: bool
) -> None:
    home = Home(refuses=list(errors))
    made = plan_for(home)
    assert written(home, made) == Written(planned=made, steps=steps, silent=silent, errors=told, deferred=deferred)


def test_a_part_whose_second_way_is_refused_too_is_left() -> None:
    home = Home(refuses=[refusal("TooLoud"), refusal("TooLoud")])
    made = plan_for(home)
    assert written(home, made) == Written(
        planned=made,
        steps=(STAIRS,),
        errors=("The lamp said TooLoud.",),
        notes={"hall": "in the stricter way, because AWS refused the other"},
    )


def test_a_guard_that_stays_stale_is_given_up_and_then_mended_in_the_second_way_once() -> None:
    home = Home(refuses=[refusal("StaleRevision")] * 8)
    made = plan_for(home, parts={"hall": "on"})
    assert written(home, made).errors == ("The lamp said StaleRevision.",)
    assert home.refuses == []


@pytest.mark.parametrize("error", [refusal("TooLoud"), refusal("NoSuchSwitch"), SURE_NO])
def test_what_is_refused_as_a_whole_is_written_part_by_part(error: AwsError) -> None:
    home = Panel(refuses=[error])
    made = plan_for(home, WHOLE)
    assert written(home, made) == Written(planned=made, steps=(HALL, STAIRS))
    assert sent(home) == [{"hall": "off", "stairs": "on"}, {"hall": "off", "stairs": "off"}]


def test_without_an_answer_the_whole_may_have_been_done_and_nothing_more_is_written() -> None:
    home = Panel(refuses=[refusal("")])
    made = plan_for(home, WHOLE)
    assert written(home, made) == Written(planned=made, silent=(HALL, STAIRS), errors=("The lamp said nothing.",))
    assert sent(home) == []


def test_of_parts_each_is_tried_though_one_is_never_allowed() -> None:
    home = Panel(refuses=[refusal("TooLoud"), refusal("NotAllowed")])
    made = plan_for(home, WHOLE)
    assert written(home, made) == Written(planned=made, steps=(STAIRS,), errors=("The lamp said NotAllowed.",))
    assert sent(home) == [{"hall": "on", "stairs": "off"}]


def test_where_a_part_is_never_allowed_the_calls_that_follow_are_not_sent() -> None:
    def pairs(lamp: Resource, now: State, then: Parts) -> Iterable[Call]:
        for names in (("hall", "stairs"), ("porch",)):
            if changes := {name: then[name] for name in names if now.parts[name] != then[name]}:
                params = {"Id": lamp.id, "Revision": now.guard, "All": {**now.parts, **changes}}
                yield Call("home", "SetSwitch", params, parts=tuple(changes))

    home = Panel(refuses=[refusal("TooLoud"), refusal("NotAllowed")])
    made = plan_for(home, replace(CONTROL, put=pairs), {**BOTH, "porch": "on"})
    assert written(home, made) == Written(planned=made, steps=(STAIRS,), errors=("The lamp said NotAllowed.",))


@pytest.mark.parametrize("code", ["NotAllowed", "LampBusy"])
def test_a_whole_that_is_never_allowed_or_not_now_is_not_tried_in_parts(code: str) -> None:
    home = Panel(refuses=[refusal(code)])
    made = plan_for(home, WHOLE)
    assert written(home, made) == Written(planned=made, errors=(f"The lamp said {code}.",), deferred=code == "LampBusy")


def test_a_refused_part_is_mended_in_the_second_way_which_is_noted() -> None:
    home = Home(refuses=[refusal("TooLoud")])
    made = plan_for(home)
    note = "in the stricter way, because AWS refused the other"
    assert written(home, made) == Written(planned=made, steps=(replace(HALL, after=None), STAIRS), notes={"hall": note})


class Picky(Home):
    """A lamp that no switch of which can be switched off."""

    def write(self, request: Sent) -> None:
        if request.params["To"] == "off":
            raise refusal("TooLoud")
        super().write(request)


def test_each_refused_part_is_mended_by_what_is_there_then_and_noted() -> None:
    def judge(view: View, by: Settings) -> Any:
        return [
            replace(each, mended=f"not {view.parts['hall']}" if by.unscrew else "off")
            for each in CONTROL.judge(view, by)
        ]

    home = Picky()
    made = plan_for(home, replace(CONTROL, judge=judge, second_way="with a screwdriver"))
    found = written(home, made)
    assert found.steps == (Step("hall", "on", "not on"), Step("stairs", "on", "not not on"))
    assert found.notes == dict.fromkeys(BOTH, "with a screwdriver")


@pytest.mark.parametrize(
    ("control", "is_agreed"),
    [
        (replace(CONTROL, stricter=None), False),
        (CONTROL, True),
        (
            replace(
                CONTROL,
                judge=lambda view, by: [
                    replace(each, mended=UNSET if by.unscrew else "off") for each in CONTROL.judge(view, by)
                ],
            ),
            False,
        ),
    ],
    ids=["none", "agreed", "unknown"],
)
def test_where_there_is_no_second_way_the_error_stands_and_the_rest_goes_on(
    control: Control[Any], is_agreed: bool
) -> None:
    home = Home(refuses=[refusal("TooLoud")])
    made = replace(plan_for(home, control), agreed=is_agreed)
    assert written(home, made) == Written(planned=made, steps=(STAIRS,), errors=("The lamp said TooLoud.",))


def test_what_somebody_else_changed_is_not_written_over_though_the_guard_is_new() -> None:
    home = Home()
    made = plan_for(home)

    def somebody() -> None:
        home.revision += 1
        home.change("hall", "dimmed")

    home.before_write = somebody
    told = "Somebody else changed it meanwhile, so the rest was not written."
    assert written(home, made) == Written(planned=made, errors=(told,))
    home = Home()
    made = plan_for(home)
    home.revision, home.switches = 2, {}
    assert written(home, made) == Written(planned=made, errors=(told,))


def test_what_changed_beside_the_part_is_no_reason_to_stop() -> None:
    home = Home()
    made = plan_for(home, parts={"hall": "on"})
    home.revision, home.switches = 2, {"hall": "on", "porch": "dimmed"}
    assert written(home, made) == Written(planned=made, steps=(HALL,))
    assert home.written == [{"Id": "lamp-1", "Switch": "hall", "To": "off", "Revision": "2"}]


def test_while_another_is_at_it_nothing_is_written() -> None:
    home = Home()
    made = replace(plan_for(home), busy="Another is at it.")
    assert written(home, made) == Written(planned=made)
    assert not home.written


def test_an_unforeseen_error_ends_its_target_with_what_was_done_and_how_to_take_it_back() -> None:
    class Broken(Home):
        def write(self, request: Sent) -> None:
            if self.written:
                raise ValueError("a bug")
            super().write(request)

    home = Broken()
    made = plan_for(home)
    (end,) = put([made], home.world)
    back = Call("home", "SetSwitch", {"Id": "lamp-1", "Switch": "hall", "To": "on", "Revision": "1"}, parts=("hall",))
    assert end == made.ended(
        "failed", told="cloudmend crashed: ValueError: a bug", steps=(HALL,), undo=(back,), unsure=True
    )
    assert isinstance(end, Outcome)


def test_several_plans_are_carried_out_each_with_its_own_end_in_their_order() -> None:
    home = Home(refuses=[refusal("NotAllowed")])
    made = plan_for(home, parts={"hall": "on"})
    second = replace(made, decision="another")
    assert put([made, second], home.world) == [
        Written(planned=made, errors=("The lamp said NotAllowed.",)),
        Written(planned=second, steps=(HALL,)),
    ]


def test_several_plans_are_carried_out_with_a_reader_that_begins_nothing() -> None:
    def read(lamp: Resource, reader: Any, settings: Settings) -> State | None:
        assert isinstance(reader, OneByOne)
        assert settings == Settings()
        return CONTROL.read(lamp, reader, settings)

    home = Home()
    stale = plan_for(home, replace(CONTROL, read=read), {"hall": "on"})
    home.revision = 2
    first, busy = put([stale, replace(stale, busy="busy")], home.world)
    assert (first, busy) == (Written(planned=stale, steps=(HALL,)), Written(planned=replace(stale, busy="busy")))
