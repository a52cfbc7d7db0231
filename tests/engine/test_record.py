"""What is told and stored at the end of a walk, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Finding, State, View
from cloudmend.core.ending import record_of
from cloudmend.core.errors import LedgerError, WrongState
from cloudmend.core.ledger import History, MendEnd
from cloudmend.core.model import Record, Resource
from cloudmend.core.standing import StandingFinding, StandingResource, UnitState, UnreadableStanding
from cloudmend.core.target import Outcome
from cloudmend.core.world import World
from cloudmend.engine.stations.record import record
from core.test_standing import EARLIER
from engine.test_before import KEY, Ledger, unit
from engine.test_verdict import begun
from lamps import CONTROL, Home, target
from support import ACCOUNT, NOW, REGION

ON = Finding(part="hall", why="hall is on", mark="m-hall")
ENTRY, OTHER = begun(), begun(event_id="2")


class Watch:
    """A notifier of one record at a time; `heard` is what the ledger and people heard, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self.heard = ledger.asked
        self.problems: list[Any] = []

    def publish(self, made: Record) -> None:
        self.heard.append(("publish", made))

    def ledger_problem(self, keys: Sequence[str], problem: str) -> None:
        self.problems.append((list(keys), problem))


class Together(Watch):
    """A notifier of all records at once."""

    def publish_all(self, made: Sequence[Record]) -> None:
        self.heard.append(("publish_all", list(made)))


def world(ledger: Ledger, notifier: Any = None) -> World:
    stub: Any = ledger
    return replace(Home().world, ledger=stub, notifier=notifier or Watch(ledger), run_by="arn:alice")


def ended(status: Any = "mended", *findings: Finding, swept: bool = False, **more: Any) -> Outcome:
    return Outcome(target=replace(target(), swept=swept), status=status, findings=findings, **more)


def expected(end: Outcome, **more: Any) -> Record:
    return replace(record_of(end, NOW, "arn:alice"), **more)


@pytest.mark.parametrize(
    ("end", "ending"),
    [
        (ended(entry=ENTRY), "DONE"),
        (ended("open", entry=ENTRY), "FAILED"),
        (ended("deferred", entry=ENTRY), "FAILED"),
        (ended("pending", entry=ENTRY), None),
        (ended(entry=ENTRY, unsure=True), None),
        (ended(), None),
    ],
)
def test_people_are_told_before_the_ledger_ends_what_is_known_to_have_ended(end: Outcome, ending: Any) -> None:
    ledger, made = Ledger(finish=None), expected(end)
    assert record([end], world(ledger)) == [made]
    assert ledger.asked == [("publish", made), *([("finish", ENTRY, ending, made)] if ending else [])]


def test_several_are_told_and_ended_at_once() -> None:
    ends = [ended(entry=ENTRY), ended("clean"), ended("open", entry=OTHER)]
    ledger = Ledger(finish_all=None)
    made = [expected(each) for each in ends]
    assert record(ends, world(ledger, Together(ledger))) == made
    assert ledger.asked == [
        ("publish_all", made),
        ("finish_all", [MendEnd(ENTRY, "DONE", made[0]), MendEnd(OTHER, "FAILED", made[2])]),
    ]
    alone = Ledger(finish=None)
    record(ends[:1], world(alone, Together(alone)))
    assert [name for name, *_ in alone.asked] == ["publish_all", "finish"]


def test_where_they_cannot_be_ended_at_once_each_meets_its_own_answer_and_is_told_again() -> None:
    ends = [ended(entry=ENTRY), ended("open", entry=OTHER)]
    ledger = Ledger(finish_all=LedgerError("No."), finish=[None, LedgerError("Spoiled.")])
    first, second = (expected(each) for each in ends)
    told = (
        "The ledger does not hold the result (Spoiled.). The next try or sweep completes it, and reports it once more. "
        "Until then, cloudmend undo refuses it."
    )
    again = replace(second, errors=(told,))
    assert record(ends, world(ledger)) == [first, again]
    assert ledger.asked[-3:] == [
        ("finish", ENTRY, "DONE", first),
        ("finish", OTHER, "FAILED", second),
        ("publish", again),
    ]


def test_what_another_completed_is_not_told_again() -> None:
    end, ledger = ended(entry=ENTRY, errors=("once",)), Ledger(finish=WrongState("It has ended."))
    assert record([end], world(ledger)) == [expected(end)]
    assert [name for name, *_ in ledger.asked] == ["publish", "finish"]
    crash = Ledger(finish=ValueError("a bug"))
    (made,) = record([end], world(crash))
    assert made.errors[0] == "once"
    assert "(cloudmend crashed: ValueError: a bug)" in made.errors[1]


REGION_WIDE = replace(target(), resource=Resource(type="AWS::Region", id=REGION, account=ACCOUNT, region=REGION))


@pytest.mark.parametrize(
    ("end", "is_told"),
    [
        (ended("failed", given_up=True), False),
        (ended("clean", swept=True), False),
        (ended("clean", swept=True, entry=ENTRY), True),
        (ended("clean"), True),
        (replace(ended("clean"), target=replace(REGION_WIDE, swept=True)), True),
        (ended("mended", swept=True), True),
        (ended("observed", ON, swept=True, stood=lambda: stood("m-hall")), False),
        (ended("observed", ON, stood=lambda: stood("m-hall")), True),
    ],
)
def test_what_the_next_walk_goes_on_with_and_what_a_sweep_found_before_is_not_told(end: Outcome, is_told: bool) -> None:
    ledger = Ledger(finish=None, keep_standing=frozenset())
    record([end], world(ledger))
    assert any(name == "publish" for name, *_ in ledger.asked) is is_told


def stood(*marks: str, **more: Any) -> StandingResource:
    findings = tuple(
        StandingFinding(part=mark.removeprefix("m-"), why="it was", mark=mark, status="observed", since=EARLIER)
        for mark in marks
    )
    there = StandingResource(
        account=ACCOUNT,
        region=REGION,
        control=CONTROL.id,
        resource=target().resource,
        findings=findings,
        seen=EARLIER,
        told=EARLIER,
        revision=3,
    )
    return replace(there, **more)


def kept(ledger: Ledger) -> list[Any]:
    return [arguments for name, *arguments in ledger.asked if name == "keep_standing"]


def seen(end: Outcome) -> Outcome:
    view = View(resource=end.target.resource, state=State({"hall": "on"}), cause=end.target.cause, now=NOW)
    return replace(end, view=view)


NEW = stood(
    findings=(StandingFinding(part="hall", why="hall is on", mark="m-hall", status="observed", since=NOW),),
    seen=NOW,
    told=NOW,
    revision=1,
)


def test_what_stands_is_kept_once_people_know_of_it() -> None:
    end, ledger = seen(ended("observed", ON, stood=lambda: None)), Ledger(keep_standing=frozenset())
    (made,) = record([end], world(ledger))
    assert made == expected(end, notice="now")
    assert kept(ledger) == [[[NEW], []]]
    assert [name for name, *_ in ledger.asked] == ["publish", "keep_standing"]


def test_what_stands_no_more_is_forgotten_and_what_stands_as_before_is_not_written() -> None:
    was, ledger = stood("m-hall"), Ledger(keep_standing=frozenset())
    record([ended("clean", stood=lambda: was), ended("clean", stood=lambda: None)], world(ledger))
    assert kept(ledger) == [[[], [was]]]
    same = Ledger(keep_standing=frozenset())
    again = replace(was, findings=(replace(was.findings[0], why="hall is on"),))
    (made,) = record([ended("observed", ON, swept=True, stood=lambda: again)], world(same))
    assert (made.notice, kept(same)) == ("held", [])


def test_what_stood_and_cannot_be_read_is_replaced_or_forgotten() -> None:
    spoiled, ledger = UnreadableStanding(KEY, "no"), Ledger(keep_standing=frozenset())
    record([seen(ended("observed", ON, stood=lambda: spoiled))], world(ledger))
    record([ended("clean", stood=lambda: spoiled)], world(ledger))
    assert kept(ledger) == [[[replace(NEW, revision=0)], []], [[], [spoiled]]]


@pytest.mark.parametrize(
    "end",
    [
        ended("observed", ON),
        ended("failed", stood=lambda: stood("m-hall")),
        replace(ended("observed", ON, stood=lambda: None), target=REGION_WIDE),
        replace(
            ended("observed", ON, stood=lambda: None),
            target=replace(
                target(),
                resource=replace(target().resource, account=""),
                cause=replace(target().cause, account=""),
            ),
        ),
    ],
    ids=["not asked", "could not tell", "another kind", "nobody's"],
)
def test_a_look_that_could_not_tell_keeps_nothing_and_is_told_at_once(end: Outcome) -> None:
    ledger = Ledger(keep_standing=frozenset())
    (made,) = record([end], world(ledger))
    assert (made.notice, kept(ledger)) == ("now", [])


WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("status", "unlisted", "notice"),
    [
        ("failed", NOW - timedelta(hours=1), "held"),
        ("failed", NOW - WEEK, "now"),
        ("failed", None, "now"),
        ("clean", NOW - timedelta(hours=1), "now"),
    ],
)
def test_people_hear_once_a_week_of_a_region_that_cannot_be_listed(status: Any, unlisted: Any, notice: str) -> None:
    of = UnitState(unit=unit(unlisted=unlisted))
    end = Outcome(target=replace(REGION_WIDE, swept=True, unit=of), status=status)
    one = replace(end, target=replace(end.target, resource=target().resource))
    alone = replace(end, target=replace(end.target, unit=None))
    made = record([end, one, alone], world(Ledger()))
    assert [each.notice for each in made] == [notice, "now", "now"]


def test_what_another_look_kept_meanwhile_is_kept_beside_what_an_event_saw() -> None:
    other = stood("m-stairs", "m-old", revision=7)
    ledger = Ledger(
        keep_standing=[frozenset({KEY}), frozenset({KEY}), frozenset()], history=[History((), other), History((), None)]
    )
    end = seen(ended("observed", ON, stood=lambda: stood("m-old")))
    record([end], world(ledger))
    first, second, third = ([each.findings for each in stands] for stands, _ in kept(ledger))
    assert [[one.mark for one in each] for each in (first[0], second[0], third[0])] == [
        ["m-hall"],
        ["m-hall", "m-stairs"],
        ["m-hall"],
    ]
    assert [each for each in ledger.asked if each[0] == "history"] == [("history", KEY, NOW)] * 2
    assert kept(ledger)[1][0][0].revision == 8


def test_an_event_tries_five_times_and_a_sweep_leaves_it_at_one() -> None:
    busy = Ledger(keep_standing=frozenset({KEY}), history=History())
    watch = Watch(busy)
    record([seen(ended("observed", ON, stood=lambda: None))], world(busy, watch))
    assert len(kept(busy)) == 5
    assert watch.problems == [([KEY], "Other looks kept something there at the same time, 5 times in a row.")]
    swept = Ledger(keep_standing=frozenset({KEY}), history=History())
    record([seen(ended("observed", ON, swept=True, stood=lambda: None))], world(swept))
    assert len(kept(swept)) == 1


def test_what_cannot_be_kept_is_in_the_log_of_a_notifier_that_has_one() -> None:
    ledger = Ledger(keep_standing=LedgerError("No."))
    watch = Watch(ledger)
    record([seen(ended("observed", ON, stood=lambda: None))], world(ledger, watch))
    assert watch.problems == [([KEY], "No.")]
    record([seen(ended("observed", ON, stood=lambda: None))], replace(world(ledger), notifier=Home()))
