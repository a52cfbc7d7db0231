"""What stands: how it is kept from look to look, when people are told again, and what is read of what was stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.standing import (
    MOST_UNREADABLE,
    Before,
    Fault,
    StandingFinding,
    StandingResource,
    Unit,
    UnitState,
    UnreadableStanding,
    UnreadResource,
    by_id,
    decode_standing,
    decode_unit,
    is_news,
    is_same,
    merged,
    needs_first_look,
    next_revision,
    precedes,
    replaces,
    unreadable_after,
    with_room,
)
from support import ACCOUNT, NOW, REGION

UNIT_KEY = f"{ACCOUNT}/{REGION}/ebs_snapshot_public"
KEY = f"{UNIT_KEY}/snap-1"
EARLIER, WEEK = NOW - timedelta(days=3), timedelta(days=7)


def finding(mark: str = "m", **fields: Any) -> StandingFinding:
    defaults: dict[str, Any] = {"part": "p", "why": "open", "status": "observed", "since": EARLIER}
    return StandingFinding(mark=mark, **{**defaults, **fields})


def resource(*findings: StandingFinding, **fields: Any) -> StandingResource:
    found = StandingResource(
        account=ACCOUNT,
        region=REGION,
        control="ebs_snapshot_public",
        resource=Resource(type="AWS::EC2::Snapshot", id="snap-1"),
        findings=findings,
        seen=NOW,
    )
    return replace(found, **fields)


def unit(**fields: Any) -> Unit:
    return replace(Unit(account=ACCOUNT, region=REGION, control="ebs_snapshot_public", tried=NOW), **fields)


def test_keys_are_of_the_account_region_and_control() -> None:
    assert (resource(finding()).id, resource(finding()).unit, unit().id) == (KEY, UNIT_KEY, UNIT_KEY)


def test_of_several_findings_the_oldest_tells_since_when_and_the_baseline_is_what_was_there_before() -> None:
    old, new = finding(), finding("n", since=NOW, status="baseline")
    assert resource(new, old).since == EARLIER
    assert resource(old, new).baseline == (new,)


def test_another_time_of_the_look_says_the_same_and_all_else_does_not() -> None:
    stands = resource(finding())
    assert stands.says_the_same(replace(stands, seen=EARLIER))
    assert stands.says_the_same(replace(stands, revision=7))
    assert not stands.says_the_same(replace(stands, held=1))
    assert not stands.says_the_same(None)


def test_a_finding_that_is_known_by_its_mark_keeps_its_time_and_each_stands_once() -> None:
    faults = [Fault("p", "open", "m", "open"), Fault("q", "new", "n", "observed"), Fault("r", "again", "m", "failed")]
    assert merged(resource(finding("m")), faults, NOW) == (
        finding("m", part="r", why="again", status="failed"),
        finding("n", part="q", why="new", since=NOW),
    )
    assert merged(None, faults[:1], NOW) == (finding("m", status="open", since=NOW),)


@pytest.mark.parametrize(
    ("before", "marks", "news"),
    [
        (None, "m", True),
        (resource(finding("m")), "m", True),  # nobody was told yet
        (resource(finding("m"), finding("n"), told=NOW), "m", False),
        (resource(finding("m"), told=NOW), "mn", True),
        (resource(finding("m"), told=NOW - WEEK + timedelta(seconds=1)), "m", False),
        (resource(finding("m"), told=NOW - WEEK), "m", True),
    ],
)
def test_people_are_told_of_what_they_do_not_know_and_again_after_a_week(
    before: StandingResource | None, marks: str, news: bool
) -> None:
    assert is_news(before, [finding(mark) for mark in marks], NOW) is news


@pytest.mark.parametrize(
    ("since", "named", "time", "before_it"),
    [
        (EARLIER, ["p"], NOW, False),
        (NOW, ["other"], NOW, True),
        (EARLIER, [], NOW, True),
        (NOW, [], NOW, False),  # it may be the call's doing
        (NOW, [], None, True),
    ],
)
def test_a_finding_precedes_a_call_that_neither_names_it_nor_is_older(
    since: Any, named: list[str], time: Any, before_it: bool
) -> None:
    call = ApiCall(event_id="", source="", name="", time=time, account="", region="")
    assert precedes(finding(since=since), call, named) is before_it


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (None, True),
        (UnreadableStanding(UNIT_KEY, "spoiled"), True),
        (unit(), True),
        (unit(baseline=NOW), False),
        (unit(baseline=NOW, first_looks=("snap-1",)), True),
        (unit(baseline=NOW, first_looks=("snap-2",)), False),
    ],
)
def test_a_first_look_is_one_before_the_mark_or_at_what_it_does_not_cover(found: Any, first: bool) -> None:
    assert needs_first_look(found, "snap-1") is first


def test_a_sweep_knows_what_stood_before_each_look() -> None:
    stands, marked = resource(finding(status="baseline")), unit(baseline=NOW, first_looks=("snap-2",))
    spoiled = UnreadableStanding(f"{UNIT_KEY}/snap-3", "spoiled")
    state = UnitState(unit=marked, standing=by_id([stands, spoiled]), keeps_baseline=True)
    assert state.before(KEY) == Before(standing=stands, keeps_baseline=True)
    assert state.before(KEY).baseline == stands.findings
    assert state.before(f"{UNIT_KEY}/snap-2") == Before(is_first=True, keeps_baseline=True)
    assert state.before(spoiled.id) == Before(is_first=True, keeps_baseline=True)
    assert state.before(spoiled.id).baseline == ()
    without = replace(state, keeps_baseline=False)
    assert without.before(KEY) == Before(standing=stands)
    assert without.before(KEY).baseline == ()
    assert without.before(spoiled.id) == Before()


def test_what_was_stored_is_read_as_it_was() -> None:
    assert decode_standing(KEY, msgspec.json.encode(resource(finding()))) == resource(finding())
    assert decode_unit(UNIT_KEY, msgspec.json.encode(unit())) == unit()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (msgspec.json.encode(resource(finding(), region="us-east-1")), f"it says that it is about {KEY}"),
        (msgspec.json.encode(resource()), "it holds no finding"),
        (b'{"version": 9}', "it was stored in version 9; this cloudmend reads up to 1"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_stored_findings_that_cannot_be_read_say_why(data: bytes, problem: str) -> None:
    problem = problem.replace(REGION, "us-east-1")
    told = f"What stands at {KEY} cannot be read: {problem}. Was it edited by hand?"
    assert decode_standing(KEY, data) == UnreadableStanding(KEY, told)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (msgspec.json.encode(unit(region="us-east-1")), f"it says that it is about {UNIT_KEY}"),
        (b'{"version": 9}', "it was stored in version 9; this cloudmend reads up to 1"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_a_stored_unit_that_cannot_be_read_says_why(data: bytes, problem: str) -> None:
    problem = problem.replace(REGION, "us-east-1")
    told = f"When {UNIT_KEY} was last read cannot be read: {problem}. Was it edited by hand?"
    assert decode_unit(UNIT_KEY, data) == UnreadableStanding(UNIT_KEY, told)


@pytest.mark.parametrize(
    ("new", "stored", "stands"),
    [
        (0, None, True),
        (0, 5, True),
        (1, None, True),
        (2, None, False),
        (3, 2, True),
        (2, 2, True),  # it is stored already: the answer was lost
        (4, 2, False),
        (1, 2, False),
        (1, 0, True),
    ],
)
def test_an_item_is_stored_in_place_of_the_one_that_was_known(new: int, stored: int | None, stands: bool) -> None:
    found = None if stored is None else resource(finding(), revision=stored)
    assert replaces(resource(finding(), revision=new), found) is stands


def test_another_item_of_the_same_revision_is_not_stored_already() -> None:
    assert not replaces(resource(finding(), revision=2), resource(finding("n"), revision=2))
    assert replaces(resource(finding(), revision=2), UnreadableStanding(KEY, "spoiled"))


@pytest.mark.parametrize(
    ("known", "stored", "same"), [(0, 5, True), (2, None, True), (2, 2, True), (2, 3, False), (2, 1, False)]
)
def test_what_was_known_is_forgotten_if_nobody_replaced_it(known: int, stored: int | None, same: bool) -> None:
    found = None if stored is None else resource(finding("n"), revision=stored)
    assert is_same(resource(finding(), revision=known), found) is same


@pytest.mark.parametrize(
    ("found", "revision"),
    [
        (None, 1),
        (UnreadableStanding(KEY, "spoiled"), 0),
        (resource(finding(), revision=4), 5),
        (unit(revision=1), 2),
        (resource(finding()), 1),
    ],
)
def test_the_next_revision_is_one_more(found: Any, revision: int) -> None:
    assert next_revision(found) == revision


@pytest.mark.parametrize(
    ("unlisted", "told"),
    [(None, False), (NOW, True), (NOW - WEEK + timedelta(seconds=1), True), (NOW - WEEK, False)],
)
def test_a_unit_that_cannot_be_listed_is_told_again_after_a_week(unlisted: Any, told: bool) -> None:
    assert unit(unlisted=unlisted).is_known_unlisted(NOW) is told


def test_what_could_not_be_read_stays_known_until_it_is_read_and_counts_the_looks() -> None:
    known = tuple(UnreadResource(each, EARLIER, held=2) for each in ("read", "still", "not-looked-at"))
    after = unreadable_after(known, {"still", "z", "a"}, lambda each: each != "not-looked-at", NOW)
    assert after == (
        UnreadResource("still", EARLIER, held=3),
        UnreadResource("not-looked-at", EARLIER, held=2),
        UnreadResource("a", NOW),
        UnreadResource("z", NOW),
    )
    assert [unit(unreadable=after).is_known_unread(each) for each in ("a", "read")] == [True, False]


def test_of_what_could_not_be_read_as_much_is_known_as_has_room_beside_a_mark() -> None:
    names = [f"{number:05}{'x' * 250}" for number in range(300)]
    first = unreadable_after((), names[:100], lambda _: True, NOW)
    assert len(first) == 100
    full = unreadable_after(first, names, lambda _: True, NOW)
    assert [each.id for each in full] == names[: len(full)]
    assert MOST_UNREADABLE - 5_000 < len(msgspec.json.encode(full)) <= MOST_UNREADABLE


def test_ids_have_room_with_what_stands_beside_them() -> None:
    assert list(with_room(["aa", "b", "c"], 9)) == ["aa", "b"]
    assert list(with_room(["aa", "b", "c"], 8)) == ["aa"]
    assert list(with_room(["aa", "b"], 9, beside=4)) == ["aa"]
    assert list(with_room(["a" * 9, "b"], 9)) == []
