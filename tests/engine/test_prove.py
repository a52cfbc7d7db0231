"""The end of a plan after its writes, as a value: only what a read shows counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, State
from cloudmend.core.errors import AwsError, CloudmendError
from cloudmend.core.ledger_records import End
from cloudmend.core.model import Step
from cloudmend.core.planning import judge
from cloudmend.core.ports import Call
from cloudmend.core.target import Outcome
from cloudmend.engine.stations.prove import prove
from cloudmend.engine.stations.values import Planned, Written
from core.test_baseline import before, known
from engine.test_judge import planned
from engine.test_verdict import Facts, begun, timed
from lamps import CONTROL, SETTLING, Home, Settings, policy, target
from ledgers.values import record
from support import NOW

HALL, STAIRS = Step("hall", "on", "off"), Step("stairs", "on", "off")
SOON = NOW + timedelta(seconds=1.5)  # when what is still open was read five times
LATER = SOON + timedelta(minutes=5)
UNANSWERED = AwsError("No answer.", action="home:GetLamp", code="", refused=False)


def made(control: Control[Any] = CONTROL, **parts: str) -> Planned:
    return planned(Facts(control, state=State({}, guard="1", labels={"name": "the hall"})), parts or {"hall": "on"})


def proven(home: Home, *written: Written) -> list[Outcome]:
    return prove(written, policy(written[0].planned.target.control), home.world)


def back(*parts: str, to: str = "on") -> tuple[Call, ...]:
    sent = ({"Id": "lamp-1", "Switch": part, "To": to, "Revision": "1"} for part in parts)
    return tuple(Call("home", "SetSwitch", params, parts=(params["Switch"],)) for params in sent)


def seen(plan: Planned, now: Any = NOW, **parts: str) -> dict[str, Any]:
    """What an end has of a look: the view, and what remains."""
    state = replace(plan.plan.view.state, parts=parts)
    view = replace(plan.plan.view, state=state, now=now)
    return {"view": view, "remaining": judge(plan.target.control, view, Settings()).counted}


def test_what_is_seen_closed_is_mended_with_all_that_was_done() -> None:
    plan = made(hall="on", porch="bolted")
    written = Written(planned=plan, steps=(HALL,), notes={"hall": "so"}, errors=("once",))
    assert proven(Home(switches={"hall": "off", "porch": "bolted"}), written) == [
        plan.ended(
            "mended",
            steps=(HALL,),
            undo=back("hall"),
            notes={"hall": "so"},
            errors=("once",),
            unsure=False,
            **seen(plan, hall="off", porch="bolted"),
        )
    ]


def test_a_lamp_that_is_gone_by_then_is_as_the_writes_left_it() -> None:
    plan = made()
    (end,) = proven(Home(switches={}), Written(planned=plan, steps=(HALL,)))
    assert end == plan.ended("mended", steps=(HALL,), undo=back("hall"), notes={}, errors=(), unsure=False)


def test_a_proof_that_cannot_be_had_is_a_failure() -> None:
    plan = made(replace(CONTROL, read=lambda *_: _fail()))
    written = Written(planned=plan, steps=(HALL,), silent=(STAIRS,))
    (end,) = proven(Home(), written)
    assert end == plan.ended(
        "failed", told="No answer.", steps=(HALL,), undo=back("hall"), notes={}, errors=(), unsure=True
    )


def _fail() -> Any:
    raise UNANSWERED


class Counted(Home):
    """A lamp that counts its reads, and may be switched off before one of them."""

    reads: int = 0
    off_at: int = 99

    def get(self, *arguments: Any) -> Any:
        self.reads += 1
        if self.reads == self.off_at:
            self.switches = dict.fromkeys(self.switches, "off")
        return super().get(*arguments)


@pytest.mark.parametrize(("off_at", "waits"), [(1, 0.0), (2, 0.1), (3, 0.3), (4, 0.7), (5, 1.5)])
def test_what_is_still_shown_open_is_read_again_up_to_five_times(off_at: int, waits: float) -> None:
    home = Counted()
    home.off_at = off_at
    (end,) = proven(home, Written(planned=made(), steps=(HALL,)))
    assert (end.status, home.reads, home.clock.now() - NOW) == ("mended", off_at, timedelta(seconds=waits))


def test_only_what_is_still_open_is_read_again() -> None:
    home = Counted(switches={"hall": "on"})
    one = made()
    two = replace(one, target=target(replace(CONTROL, judge=lambda *_: [])))
    ends = proven(home, Written(planned=one, steps=(HALL,)), Written(planned=two, steps=(HALL,)))
    assert ([each.status for each in ends], home.reads) == (["open", "mended"], 6)


def test_what_stays_open_is_told_so() -> None:
    plan = made()
    (end,) = proven(Home(), Written(planned=plan, errors=("No.",)))
    assert end == plan.ended(
        "open", steps=(), undo=(), notes={}, errors=("No.",), unsure=False, **seen(plan, SOON, hall="on")
    )


@pytest.mark.parametrize("new_ids", [False, True])
def test_something_new_that_is_open_is_mended_next(new_ids: bool) -> None:
    plan = made(replace(CONTROL, new_ids=new_ids))
    switches = {"hall": "off", "stairs": "on"}
    (end,) = proven(Home(switches=switches), Written(planned=plan, steps=(HALL,)))
    assert end == plan.ended(
        "mended",
        steps=(HALL,),
        undo=back("hall"),
        notes={},
        errors=(),
        unsure=False,
        again=True,
        **seen(plan, SOON, **switches),
    )


@pytest.mark.parametrize(
    ("new_ids", "switches", "status"),
    [
        (False, {"hall": "on", "stairs": "on"}, "open"),
        (False, {"stairs": "on"}, "mended"),
        (True, {"stairs": "on"}, "mended"),
        (True, {"hall": "hot", "stairs": "on"}, "mended"),
        (True, {"hall": "on"}, "open"),
    ],
)
def test_the_plan_s_own_is_known_by_its_mark_or_where_ids_change_by_its_part(
    new_ids: bool, switches: dict[str, str], status: str
) -> None:
    plan = made(replace(CONTROL, new_ids=new_ids))
    (end,) = proven(Home(switches=switches), Written(planned=plan))
    assert (end.status, end.again) == (status, status == "mended")


def test_what_the_state_refuses_now_is_deferred_with_the_reasons() -> None:
    plan = made()
    (end,) = proven(Home(), Written(planned=plan, errors=("It is busy.", "It is hot at X."), deferred=True))
    assert (end.status, end.told, end.retry_at) == ("deferred", "It is busy; It is hot at X", LATER)


@pytest.mark.parametrize(
    ("control", "steps", "errors", "opened", "status"),
    [
        (replace(CONTROL, settles_in=SETTLING), (HALL,), (), 0, "pending"),
        (replace(CONTROL, settles_in=SETTLING), (HALL,), (), -58, "pending"),
        (replace(CONTROL, settles_in=SETTLING), (HALL,), (), -58.5, "open"),
        (replace(CONTROL, settles_in=SETTLING), (HALL,), ("No.",), 0, "open"),
        (replace(CONTROL, settles_in=SETTLING), (), (), 0, "open"),
        (replace(CONTROL, settles_in=SETTLING), (HALL,), (), None, "pending"),
        (CONTROL, (HALL,), (), 0, "open"),
    ],
)
def test_what_aws_accepted_is_pending_for_as_long_as_it_may_settle(
    control: Control[Any], steps: Any, errors: Any, opened: float | None, status: str
) -> None:
    entry = None if opened is None else begun(at=timedelta(seconds=opened))
    plan = replace(made(control), entry=entry)
    (end,) = proven(Home(), Written(planned=plan, steps=steps, errors=errors))
    assert (end.status, end.retry_at) == (status, LATER if status == "pending" else None)
    assert end.steps == steps


def test_what_waits_beside_what_is_mended_is_looked_at_later() -> None:
    plan = made(hall="on", stairs="hot")
    (end,) = proven(Home(switches={"hall": "off", "stairs": "hot"}), Written(planned=plan, steps=(HALL,)))
    assert (end.status, end.steps, end.retry_at) == ("deferred", (HALL,), NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("settles_in", "errors", "switches", "status"),
    [
        (SETTLING, (), {"hall": "hot"}, "pending"),
        (SETTLING, (), {"hall": "hot", "stairs": "hot"}, "deferred"),
        (SETTLING, ("No.",), {"hall": "hot"}, "deferred"),
        (timedelta(), (), {"hall": "hot"}, "deferred"),
    ],
)
def test_what_was_written_and_waits_is_pending_while_it_may_settle(
    settles_in: timedelta, errors: Any, switches: dict[str, str], status: str
) -> None:
    """AWS may show a part in another state while it applies what it accepted."""
    plan = made(replace(CONTROL, settles_in=settles_in))
    (end,) = proven(Home(switches=switches), Written(planned=plan, steps=(HALL,), errors=errors))
    assert (end.status, end.steps, end.retry_at) == (status, (HALL,), NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("ended", "age", "status"),
    [("failed", 59, "pending"), ("failed", 60, "deferred"), ("open", 59, "deferred"), (None, 59, "deferred")],
)
def test_a_state_that_refuses_may_be_that_of_an_earlier_mend_whose_end_is_not_known(
    ended: Any, age: float, status: str
) -> None:
    earlier = begun(at=SOON - NOW - timedelta(seconds=age))
    if ended:
        earlier = earlier.moved("FAILED", End(NOW, replace(record(), status=ended)))
    plan = replace(made(replace(CONTROL, settles_in=SETTLING)), recent=(earlier,))
    (end,) = proven(Home(), Written(planned=plan, errors=("It is busy.",), deferred=True))
    assert (end.status, end.told, end.retry_at) == (status, "It is busy", LATER)


@pytest.mark.parametrize(
    ("switches", "steps", "unsure", "status"),
    [
        ({"hall": "off", "stairs": "off"}, (HALL, STAIRS), False, "mended"),
        ({"hall": "off", "stairs": "on"}, (HALL,), True, "open"),
        ({"hall": "off", "stairs": "dimmed"}, (HALL,), False, "mended"),
        ({"hall": "on", "stairs": "off"}, (HALL, STAIRS), False, "open"),
    ],
)
def test_of_a_write_without_an_answer_the_read_decides(
    switches: dict[str, str], steps: Sequence[Step], unsure: bool, status: str
) -> None:
    plan = made(hall="on", stairs="on")
    (end,) = proven(Home(switches=switches), Written(planned=plan, steps=(HALL,), silent=(STAIRS,)))
    assert (end.status, end.steps, end.unsure) == (status, tuple(steps), unsure)
    assert end.undo == back(*(step.part for step in steps))


def test_of_a_lamp_that_is_gone_no_silent_write_is_known() -> None:
    gone = Step("hall", "on", None)
    (end,) = proven(Home(switches={}), Written(planned=made(), silent=(gone,)))
    assert (end.status, end.steps, end.unsure) == ("mended", (), False)


def busy(**parts: str) -> Planned:
    facts = Facts(held=[timed(1, rule="porch")], before=before(known("attic")), opened=["x"])
    return replace(planned(facts, {"hall": "on", "attic": "on", "porch": "on"}), busy="Another is at it.")


@pytest.mark.parametrize(
    ("value", "status", "told", "decision"),
    [
        ("on", "failed", "Another is at it.", "mode.default is fix"),
        ("off", "clean", "no finding of lamp_on", ""),
        ("bolted", "observed", "hall is bolted", "somebody bolted it"),
        ("hot", "deferred", "hall is hot", "it is hot"),
    ],
)
def test_while_another_is_at_it_what_is_seen_is_told(value: str, status: str, told: str, decision: str) -> None:
    plan = busy()
    (end,) = proven(Home(switches={"hall": value, "attic": "on", "porch": "on"}), Written(planned=plan))
    assert (end.status, end.told, end.decision) == (status, told, decision)
    assert (end.baseline, end.spared, end.exempt_aside) == (plan.baseline, plan.spared, True)
    assert (end.retry_at is not None) is (status == "deferred")
    left = seen(plan, hall=value)["remaining"]
    assert end.remaining == (left if status == "failed" else ())
    assert end.findings == {"failed": plan.findings, "clean": ()}.get(status, left)


def test_while_another_is_at_it_what_is_clean_is_told_of_the_state_that_the_plan_saw() -> None:
    clear = replace(CONTROL, clear=lambda lamp, state, settings: f"{lamp.id}, {state}, {settings}")
    plan = replace(made(clear), busy="Another is at it.")
    (end,) = proven(Home(switches={"hall": "off"}), Written(planned=plan))
    assert end.told == f"lamp-1, {plan.plan.view.state}, {Settings()}"


def test_while_another_is_at_it_a_read_that_fails_is_told() -> None:
    plan = replace(made(replace(CONTROL, read=lambda *_: _fail())), busy="Another is at it.")
    (end,) = proven(Home(), Written(planned=plan))
    assert end == plan.ended("failed", told="No answer.")
    several = replace(made(hall="on"), busy="Another is at it.")
    (end,) = proven(Home(switches={"a": "hot", "b": "bolted", "c": "bolted"}), Written(planned=several))
    assert (end.told, end.decision) == ("a is hot; b is bolted; c is bolted", "it is hot; somebody bolted it")


def test_a_proof_does_not_wait_for_parts_that_the_event_named() -> None:
    home = Counted(switches={"hall": "off"})
    plan = planned(Facts(opened=["gone"]), {"hall": "on"})
    proven(home, Written(planned=plan, steps=(HALL,)))
    assert home.reads == 1


def test_a_control_that_can_reads_again_with_the_state_of_before() -> None:
    given: list[Any] = []

    def again(lamps: Any, /, before: Any, reader: Any, settings: Any) -> Any:
        given.append(before)
        return {"lamp-1": State({"hall": "off"})}

    plan = made(replace(CONTROL, read_again=again))
    (end,) = proven(Home(), Written(planned=plan, steps=(HALL,)))
    assert (end.status, given) == ("mended", [{"lamp-1": plan.plan.view.state}])


def test_the_reads_of_a_proof_know_the_state_of_before_and_the_time() -> None:
    plan = made(hall="on", porch="bolted")
    home = Home(switches={"hall": "off", "porch": "bolted"})
    home.clock.sleep(30)
    (end,) = proven(home, Written(planned=plan, steps=(HALL,)))
    assert end.view
    assert (end.view.now, end.view.state.guard) == (NOW + timedelta(seconds=30), "1")


def test_what_waits_and_cannot_be_put_off_has_failed() -> None:
    home = Home(switches={"hall": "off", "stairs": "hot"}, takes=CloudmendError("The queue is not there."))
    (end,) = proven(home, Written(planned=made(hall="on", stairs="hot"), steps=(HALL,)))
    assert (end.status, end.told) == ("failed", "deferred. It could not be put off: The queue is not there.")


def test_what_the_plan_left_exempt_is_left_so_by_the_proof() -> None:
    own = replace(CONTROL, judge=lambda view, by: [replace(each, mark=each.part) for each in CONTROL.judge(view, by)])
    plan = planned(Facts(own, held=[timed(1, parts=("porch",))]), {"hall": "on", "porch": "on"})
    (end,) = proven(Home(switches={"hall": "off", "porch": "on"}), Written(planned=plan, steps=(HALL,)))
    assert (end.status, end.remaining) == ("mended", ())
