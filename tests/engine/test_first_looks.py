"""What a sweep takes out of the baseline at the end of its first looks, and what it knows when it begins them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.model import Finding, Step
from cloudmend.core.standing import StandingResource, Unit, UnitState, UnreadableStanding, by_id
from cloudmend.core.target import FLAP_WINDOW
from cloudmend.engine.first_looks import Looked, take_back, without_mended
from cloudmend.engine.run_ledger import RunLedger
from core.test_baseline import known
from core.test_standing import EARLIER, resource
from engine.test_before import Ledger
from engine.test_verdict import begun
from lamps import CONTROL, ID, Home, target
from ledgers.values import record
from support import ACCOUNT, NOW, REGION

OLD = known("hall", "on")
UNIT = Unit(account=ACCOUNT, region=REGION, control=CONTROL.id, tried=EARLIER)
MARKED = replace(UNIT, baseline=EARLIER, first_looks=(ID,))
SECOND = timedelta(seconds=1)


def stands(*findings: Any, name: str = ID) -> StandingResource:
    found = replace(target().resource, id=name)
    return resource(*(findings or (OLD,)), control=CONTROL.id, resource=found, revision=3)


def looked(*statuses: str, **more: Any) -> Looked:
    records = [replace(record(), status=status, resource=target().resource) for status in statuses]
    fields = {"is_whole": False, "targets": frozenset({ID}), "left": frozenset(), "unlisted": ()}
    return Looked(began=NOW, records=records, **{**fields, **more})


class Sweep:
    """A sweep at its end: what it knew, what it saw and tried to keep, and what others did meanwhile."""

    def __init__(self, unit: Unit = MARKED, *, knew: Sequence[StandingResource] = (), keeps: bool = True) -> None:
        self.state = UnitState(unit=unit, standing=by_id(knew), keeps_baseline=keeps)
        self.kept: list[StandingResource] = []
        self.store = Ledger(entries=(), standing=[], keep_standing=frozenset())
        stub: Any = self.store
        self.ledger = RunLedger(stub)
        self.ledger.begin(self.state)
        self.world = replace(Home().world, ledger=stub)

    def saw(self, *findings: Any) -> Sweep:
        self.ledger.keep_standing([stands(*findings)], [])
        return self

    def taken(self, latest: Any, how: Looked, current: Unit | None = None, mended: Any = ()) -> list[str]:
        """The parts that it took out."""
        self.store.answers |= {"standing": [[latest]], "entries": [mended]}
        self.store.asked.clear()
        take_back(self.state, current or self.state.unit, how, self.ledger, self.world)
        stored = [arguments[0] for name, *arguments in self.store.asked if name == "keep_standing"]
        self.kept = [one for each in stored for one in each]
        return [each.part for one in self.kept for each in one.findings if each.status == "observed"]


def test_what_a_first_look_did_not_see_is_taken_out_and_what_it_saw_by_mark_or_part_is_not() -> None:
    renamed, hidden, new = replace(OLD, part="x"), known("stairs", "dim"), known("door")
    sweep = Sweep().saw(OLD, known("stairs", "on"))
    assert sweep.taken(stands(renamed, hidden, new, known("cellar", status="open")), looked()) == ["door"]
    assert sweep.kept[0].revision == 4
    assert [each.status for each in sweep.kept[0].findings] == ["baseline", "baseline", "observed", "open"]
    assert sweep.taken(stands(renamed), looked()) == []
    assert sweep.kept == []


def test_only_of_what_needed_a_first_look_is_anything_unseen_taken_out() -> None:
    other = replace(MARKED, first_looks=("another",))
    assert Sweep(other).saw(OLD).taken(stands(known("door")), looked()) == []
    assert Sweep(replace(MARKED, first_looks=())).saw(OLD).taken(stands(known("door")), looked()) == []
    assert Sweep(keeps=False).saw(OLD).taken(stands(known("door")), looked()) == []
    assert Sweep(UNIT).saw(OLD).taken(stands(known("door")), looked()) == ["door"]
    assert Sweep().saw(OLD).taken(UnreadableStanding(stands().id, "spoiled"), looked()) == []


def test_a_look_that_could_not_judge_everything_takes_nothing_out() -> None:
    waits = replace(record(), resource=target().resource, findings=(Finding(part="hall", why="", wait="it is hot"),))
    assert Sweep().saw(OLD).taken(stands(known("door")), replace(looked(), records=[waits])) == []


@pytest.mark.parametrize(
    ("knew", "how", "taken"),
    [
        ((), looked("clean"), ["hall"]),
        ((stands(),), looked("clean"), []),  # only the baseline is there, as it was
        ((), looked("failed"), []),
        ((), looked(targets=frozenset()), []),  # a part of the unit, and not this
        ((), looked(is_whole=True, targets=frozenset()), ["hall"]),
        ((), looked(is_whole=True, targets=frozenset(), unlisted=("It cannot be listed.",)), []),
        ((), looked(is_whole=True), []),  # it was not reached
    ],
)
def test_what_was_not_at_fault_or_not_listed_had_no_baseline(
    knew: Sequence[StandingResource], how: Looked, taken: list[str]
) -> None:
    assert Sweep(knew=knew).taken(stands(), how) == taken


@pytest.mark.parametrize(
    ("current", "since", "taken"),
    [
        (replace(MARKED, first_looks=(), first_looked=NOW), NOW + SECOND, ["hall"]),
        (replace(MARKED, first_looks=(), first_looked=NOW), NOW, []),
        (replace(MARKED, first_looks=(), first_looked=None), EARLIER + SECOND, ["hall"]),
        (replace(MARKED, first_looks=(), first_looked=EARLIER, baseline=NOW), NOW, []),
        (replace(MARKED, first_looked=EARLIER), NOW, []),
        (UNIT, NOW, []),
    ],
)
def test_what_was_first_seen_after_another_sweep_ended_the_first_look_is_taken_out(
    current: Unit, since: datetime, taken: list[str]
) -> None:
    found = replace(OLD, since=since)
    assert Sweep().saw(found).taken(stands(found), looked(), current) == taken


def test_what_was_mended_within_the_hour_before_the_sweep_is_taken_out() -> None:
    mend = begun(Step("hall", "on", "off"), resource=target().resource)
    sweep = Sweep().saw(OLD, known("door"))
    assert sweep.taken(stands(OLD, known("door")), looked(), mended=(mend,)) == ["hall"]
    assert ("entries", NOW - FLAP_WINDOW) in sweep.store.asked


def test_what_another_look_kept_meanwhile_leaves_its_resource_without_a_first_look() -> None:
    sweep = Sweep()
    sweep.store.answers["keep_standing"] = [frozenset({stands().id})]
    sweep.saw(OLD)
    assert sweep.ledger.unkept == {stands().id}
    sweep.store.answers["keep_standing"] = [frozenset()]
    sweep.saw(OLD)
    assert sweep.ledger.unkept == set()


def test_before_its_first_looks_a_sweep_asks_once_for_each_time_what_was_mended_of_the_baseline() -> None:
    first, again = stands(), stands(OLD, known("door"), name="lamp-2")
    watched = stands(name="lamp-3")
    other = UnreadableStanding(f"{UNIT.id}/lamp-4", "spoiled")
    mend = begun(Step("hall", "on", "off"), resource=target().resource)
    sweep = Sweep(replace(MARKED, first_looks=(ID, "lamp-2")))
    sweep.store.answers["entries"] = [(mend,)]
    state = replace(sweep.state, standing=by_id([first, again, watched, other]))
    found = without_mended(state, sweep.world)
    assert found == by_id([stands(replace(OLD, status="observed")), again, watched, other])
    assert sweep.store.asked == [("entries", EARLIER - FLAP_WINDOW)]


def test_what_stands_after_a_first_look_was_judged_by_it_and_mends_are_not_asked_for() -> None:
    sweep = Sweep(knew=[stands(name="lamp-2")])
    assert without_mended(sweep.state, sweep.world) == sweep.state.standing
    assert sweep.store.asked == []


@pytest.mark.parametrize(
    ("which", "is_whole", "unlisted", "wanted"),
    [
        ("read", False, (), True),
        ("left", True, (), False),
        ("not listed", True, (), True),
        ("not listed", False, (), False),
        ("not listed", True, ("ListQueues was refused.",), False),
    ],
)
def test_what_could_not_be_read_is_over_when_it_was_read_or_a_whole_list_lacks_it(
    which: str, is_whole: bool, unlisted: tuple[str, ...], wanted: bool
) -> None:
    names = frozenset({"read", "left"})
    look = looked(is_whole=is_whole, targets=names, left=frozenset({"left"}), unlisted=unlisted)
    assert look.is_over(which) is wanted
