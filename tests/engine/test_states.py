"""What is read of resources, and how often: together, one by one, and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, State
from cloudmend.core.errors import AwsError, LedgerError
from cloudmend.core.ledger import History
from cloudmend.core.ledger_records import Exemptions
from cloudmend.core.model import Resource
from cloudmend.core.policy.catalog import Catalog
from cloudmend.core.policy.model import Policy
from cloudmend.core.policy.parse import parse_policy
from cloudmend.core.standing import Before, UnitState
from cloudmend.core.target import Outcome, Target
from cloudmend.core.world import OneByOne, World
from cloudmend.engine.stations.read import read
from cloudmend.engine.stations.reading import read_one, states
from cloudmend.engine.stations.values import Situation
from engine.test_before import HOUR, KEY, Ledger, unit
from lamps import CONTROL, TYPE, Home, Settings, target
from ledgers.values import exemption
from support import ACCOUNT, NOW, REGION

UNANSWERED = AwsError("No answer.", action="home:GetLamp", code="", refused=False)
DENIED = AwsError("Denied.", action="home:GetLamp", code="AccessDenied", refused=True)


class Rooms:
    """What AWS says of lamps, by id; `asked` are the reads, each as the ids that it was for."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[Any] = []
        self.readers: list[Any] = []

    def one(self, lamp: Resource, reader: Any, settings: Settings) -> State | None:
        assert settings == Settings(unscrew=True)
        self.asked.append(lamp.id)
        self.readers.append(reader)
        answer = self.answers.get(lamp.id)
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        found: State | None = answer
        return found

    def many(self, lamps: Sequence[Resource], /, reader: Any, settings: Settings) -> Mapping[str, State]:
        ids = [lamp.id for lamp in lamps]
        answers = [(name, self.one(lamp, reader, settings)) for name, lamp in zip(ids, lamps, strict=True)]
        self.asked[-len(ids) :] = [ids]
        return {name: state for name, state in answers if state}

    def again(self, lamps: Sequence[Resource], /, before: Any, reader: Any, settings: Settings) -> Mapping[str, State]:
        found = self.many(lamps, reader, settings)
        self.asked.append(before)
        return found

    @property
    def control(self) -> Control[Any]:
        return replace(CONTROL, read=self.one)


def policy(*controls: Control[Any]) -> Policy:
    text = "".join(f"[control.{each.id}]\nunscrew = true\n" for each in controls)
    return parse_policy({}, text, catalog=Catalog(controls={each.id: each for each in controls}))


def lamps(control: Control[Any], *numbers: int) -> list[Target]:
    return [target(control, lamp=f"lamp-{number}") for number in numbers]


def answers(targets: Sequence[Target], world: World, before: Sequence[State | None] = ()) -> list[Any]:
    controls = {each.control.id: each.control for each in targets}
    told: list[Any] = []
    for answer in states(targets, policy(*controls.values()), world, before):
        try:
            told.append(answer())
        except Exception as error:  # noqa: BLE001 - it is what the target gets
            told.append(error)
    return told


class Begun(list[Any]):
    """The reads that were begun, each of which runs when its answer is asked for."""

    def __call__(self, read: Callable[[], Any]) -> Callable[[], Any]:
        self.append(read)
        return read


A, B, C = State({"a": "on"}), State({"b": "on"}), State({"c": "on"})


def test_each_target_gets_its_own_answer_whatever_control_reads_it() -> None:
    rooms, world = Rooms(lamp_1=A, lamp_2=B, lamp_3=C), Home().world
    other = replace(rooms.control, id="other", read_many=rooms.many)
    (first, second), (third,) = lamps(other, 1, 3), lamps(rooms.control, 2)
    assert answers([first, third, second], world) == [A, B, C]
    assert rooms.asked == [["lamp-1", "lamp-3"], "lamp-2"]


def test_resources_of_a_control_that_can_are_read_at_once_when_the_first_is_asked_for() -> None:
    rooms, world = Rooms(lamp_1=A, lamp_2=B), Home().world
    together = replace(rooms.control, read_many=rooms.many)
    begun = states(lamps(together, 1, 2, 3), policy(together), world)
    assert rooms.asked == []
    assert [answer() for answer in begun] == [A, B, None]
    assert rooms.asked == [["lamp-1", "lamp-2", "lamp-3"]]
    assert all(reader is world.reader for reader in rooms.readers)
    assert answers(lamps(together, 1), world) == [A]
    assert rooms.asked[1:] == ["lamp-1"]


def test_where_one_makes_the_joint_read_fail_each_is_read_by_itself() -> None:
    rooms = Rooms(lamp_1=A, lamp_2=DENIED)
    together = replace(rooms.control, read_many=rooms.many)
    assert answers(lamps(together, 1, 2, 3), Home().world) == [A, DENIED, None]
    assert rooms.asked == ["lamp-1", "lamp-2", ["lamp-1"], "lamp-2", ["lamp-3"]]


@pytest.mark.parametrize(
    ("said", "expected", "asked"),
    [
        ([UNANSWERED] * 5, [UNANSWERED] * 5, "12"),
        ([UNANSWERED, A, UNANSWERED, UNANSWERED, A], [UNANSWERED, A, UNANSWERED, UNANSWERED, UNANSWERED], "1234"),
        ([DENIED, DENIED, DENIED, A, A], [DENIED, DENIED, DENIED, A, A], "12345"),
        ([ValueError("bug"), ValueError("bug"), A, A, A], [ValueError, ValueError, A, A, A], "12345"),
        ([A, A, UNANSWERED, DENIED, UNANSWERED], [A, A, UNANSWERED, DENIED, UNANSWERED], "12345"),
    ],
)
def test_after_two_reads_in_a_row_without_an_answer_the_others_are_not_read(
    said: list[Any], expected: list[Any], asked: str
) -> None:
    rooms = Rooms(**{f"lamp_{number}": [answer] for number, answer in enumerate(said, 1)})

    def many(some: Sequence[Resource], /, reader: Any, settings: Settings) -> Mapping[str, State]:
        if len(some) > 1:
            raise DENIED
        return rooms.many(some, reader, settings)

    told = answers(lamps(replace(rooms.control, read_many=many), 1, 2, 3, 4, 5), Home().world)
    kinds = [
        each if isinstance(wanted, State | AwsError) else type(each)
        for each, wanted in zip(told, expected, strict=True)
    ]
    assert kinds == expected
    assert "".join(str(each[-1]).removeprefix("lamp-")[-1] for each in rooms.asked) == asked


def test_what_no_control_can_read_at_once_is_begun_side_by_side_with_a_reader_each_alone() -> None:
    rooms, begun = Rooms(lamp_1=A, lamp_2=DENIED), Begun()
    assert answers(lamps(rooms.control, 1, 2), replace(Home().world, begin=begun)) == [A, DENIED]
    assert len(begun) == 2
    assert all(isinstance(reader, OneByOne) for reader in rooms.readers)


def test_a_proof_reads_again_with_the_states_of_before_those_that_are_known() -> None:
    rooms, world = Rooms(lamp_1=A, lamp_2=B), Home().world
    control = replace(rooms.control, read_again=rooms.again, read_many=rooms.many)
    assert answers(lamps(control, 1, 2), world, [C, None]) == [A, B]
    assert rooms.asked == [["lamp-1", "lamp-2"], {"lamp-1": C}]
    assert all(reader is world.reader for reader in rooms.readers)
    assert answers(lamps(control, 1), world, [None]) == [A]
    assert answers(lamps(control, 1), world, [C]) == [A]
    assert rooms.asked[2:] == ["lamp-1", ["lamp-1"], {"lamp-1": C}]
    plain = Rooms(lamp_1=A)
    assert answers(lamps(plain.control, 1), world, [C]) == [A]


@pytest.mark.parametrize(
    ("said", "asks", "waits"),
    [
        ([C, B, A, A, A], 3, 0.4),
        ([C, C, C, C, C], 4, 1.0),
        ([C, None, A, A, A], 2, 0.1),
        ([A, A, A, A, A], 1, 0.0),
    ],
)
def test_a_part_that_the_event_names_is_waited_for_briefly(said: list[Any], asks: int, waits: float) -> None:
    rooms, home = Rooms(lamp_1=list(said)), Home()
    there = target(rooms.control, ["a"])
    assert read_one(there, policy(rooms.control), home.world) == said[asks - 1]
    assert (len(rooms.asked), home.clock.now() - NOW) == (asks, timedelta(seconds=waits))
    patient = replace(Rooms(lamp_1=[C]).control, unseen=lambda *_: {})
    assert read_one(replace(there, control=patient), policy(patient), home.world) == C


def world_of(ledger: Ledger, mode: Any = None, **more: Any) -> World:
    class Switch:
        def mode(self) -> Any:
            ledger.asked.append(("mode",))
            return mode

    stub: Any = ledger
    return replace(Home().world, ledger=stub, switch=Switch(), **more)


def situations(targets: list[Target], world: World) -> list[Any]:
    return list(read(targets, policy(targets[0].control), world))


HELD = Exemptions((exemption(),))


def test_a_situation_is_the_target_its_state_and_answers_that_are_asked_for_once() -> None:
    rooms = Rooms(lamp_1=State({"a": "on"}, labels={"name": "the hall"}, owner="444455556666"))
    ledger = Ledger(exemptions=HELD, recent=(), history=None)
    swept = replace(target(rooms.control), swept=True, unit=UnitState(unit=unit()))
    (found,) = situations([swept], world_of(ledger, "observe"))
    assert isinstance(found, Situation)
    named = Resource(type=TYPE.type, id="lamp-1", name="the hall", account="444455556666", region=REGION)
    assert (found.target, found.state, found.seen) == (replace(swept, resource=named), rooms.answers["lamp-1"], NOW)
    assert ledger.asked == []
    for _ in range(2):
        assert (found.known.exemptions(), found.known.mode(), found.known.recent().entries) == (HELD, "observe", ())
    assert ledger.asked == [("exemptions", NOW), ("mode",), ("recent", KEY, HOUR)]
    assert found.known.stood() is None
    assert found.known.before() == Before()


def test_for_an_event_the_ledger_and_the_switch_are_asked_beside_the_read() -> None:
    rooms, ledger = Rooms(lamp_1=A, lamp_2=A), Ledger(exemptions=HELD, history=LedgerError("No."), unit=None)
    begun, swept = Begun(), replace(target(rooms.control, lamp="lamp-2"), swept=True)
    found = situations([target(rooms.control), swept], world_of(ledger, begin=begun))
    assert len(begun) == 6  # exemptions, switch, two histories, two reads
    assert [each.known.recent().unreadable for each in found] == [("No.",), ("No.",)]


def test_where_only_the_state_says_whose_it_is_the_ledger_is_asked_by_that() -> None:
    rooms = Rooms(lamp_1=replace(A, owner=ACCOUNT))
    ledger = Ledger(exemptions=HELD, history=LedgerError("No."), unit=None)
    there = target(rooms.control)
    nobody_s = replace(there, resource=replace(there.resource, account=""), cause=replace(there.cause, account=""))
    (found,) = situations([nobody_s], world_of(ledger))
    assert (found.known.recent().unreadable, found.known.stood()) == (("No.",), None)
    assert found.known.before() == Before()
    assert set(ledger.asked) - {("exemptions", NOW), ("mode",)} == {("history", KEY, HOUR)}


def test_where_the_call_says_whose_it_is_the_ledger_is_asked_by_that() -> None:
    rooms = Rooms(lamp_1=replace(A, owner="444455556666"))
    ledger, there = Ledger(exemptions=HELD, history=LedgerError("No."), unit=None), target(rooms.control)
    of_cause = replace(there, resource=replace(there.resource, account=""))
    (found,) = situations([of_cause], world_of(ledger))
    assert (found.target.account, found.known.recent().unreadable) == ("444455556666", ("No.",))
    assert ledger.asked == [("history", KEY, HOUR)]


def test_what_was_there_before_is_known_by_the_policy_also_where_only_the_state_says_whose_it_is() -> None:
    rooms, there = Rooms(lamp_1=replace(A, owner=ACCOUNT)), target()
    nobody_s = Target(
        control=rooms.control,
        resource=replace(there.resource, account=""),
        cause=replace(there.cause, account=""),
    )
    world = world_of(Ledger(exemptions=HELD, history=History(), unit=unit()), keeps_baseline=True)
    (found,) = situations([nobody_s], world)
    assert found.known.before() == Before(keeps_baseline=True)


@pytest.mark.parametrize(("swept", "asked"), [([True, True], []), ([True, False], [("exemptions", NOW), ("mode",)])])
def test_a_sweep_begins_to_ask_only_when_something_is_found(swept: list[bool], asked: list[Any]) -> None:
    rooms, ledger = Rooms(lamp_1=A, lamp_2=A), Ledger(exemptions=HELD, history=LedgerError("No."), unit=None)
    targets = [replace(each, swept=of) for each, of in zip(lamps(rooms.control, 1, 2), swept, strict=True)]
    situations(targets, world_of(ledger, begin=eager))
    assert [each for each in ledger.asked if each[0] != "history"] == asked


def eager(read: Callable[[], Any]) -> Callable[[], Any]:
    answer = read()
    return lambda: answer


def test_what_cannot_be_read_or_is_gone_is_the_value_of_its_own_target() -> None:
    rooms = Rooms(lamp_1=DENIED)
    ledger = Ledger(exemptions=HELD, history=LedgerError("No."), unit=None)
    one, two = lamps(rooms.control, 1, 2)
    denied, gone = situations([one, two], world_of(ledger))
    assert denied == Outcome(target=one, status="failed", told="Denied.")
    assert (gone.state, gone.target) == (None, two)


def test_a_name_and_an_owner_that_the_state_does_not_say_stay_as_they_are() -> None:
    rooms = Rooms(lamp_1=A)
    there = target(rooms.control)
    there = replace(there, resource=replace(there.resource, name="typed"))
    ledger = Ledger(exemptions=HELD, history=LedgerError("No."), unit=None)
    (found,) = situations([there], world_of(ledger))
    assert found.target == there
