"""The plan or the end that a situation leads to, with all that is known of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, State
from cloudmend.core.ledger_records import Exemptions
from cloudmend.core.model import Edit, Step
from cloudmend.core.planning import Covers, mark
from cloudmend.core.target import Outcome
from cloudmend.engine.stations.judge import judged
from cloudmend.engine.stations.values import Planned, Verdict, clean
from cloudmend.engine.stations.verdict import exempted_meanwhile
from core.test_baseline import before, known
from engine.test_verdict import SEEN, Facts, begun, ended, timed
from lamps import CONTROL, SETTLING, Home, Settings, target
from support import NOW

AGREED = Edit(part="hall", before="on", after="off", did="", why="")
HELD = timed(1, rule="stairs")
FACTS = Facts(held=[HELD], before=before(known("porch")), recent=[ended("on")], opened=["x"])
ALL = {"hall": "on", "stairs": "on", "porch": "on", "attic": "bolted"}


def outcome(facts: Facts, parts: dict[str, str], agreed: Any = None, home: Home | None = None) -> Planned | Outcome:
    return judged(facts.situation(**parts), facts.policy, (home or Home()).world, agreed)


def planned(facts: Facts, parts: dict[str, str], agreed: Any = None) -> Planned:
    made = outcome(facts, parts, agreed)
    assert isinstance(made, Planned)
    return made


def shared(found: Verdict) -> dict[str, Any]:
    return {
        "target": found.target,
        "findings": found.findings,
        "unreadable": ("an exemption",),
        "baseline": found.baseline,
        "spared": tuple(each.finding for each in found.exempt),
    }


def test_a_plan_goes_on_with_all_that_its_verdict_knows() -> None:
    found = FACTS.found(**ALL)
    assert found.plan
    expected = Planned(
        plan=found.plan,
        covers=found.covers,
        decision="mode.default is fix",
        recent=found.recent,
        flaps=1,
        seen=SEEN,
        ledger_unreadable=("a record",),
        **shared(found),
    )
    assert planned(FACTS, ALL) == expected
    assert planned(FACTS, ALL, [AGREED]) == replace(expected, agreed=True)
    assert [len(each) for each in (found.findings, found.baseline, found.exempt)] == [2, 1, 1]
    assert found.covers == Covers(parts=frozenset({"stairs"}), marks=frozenset({mark(CONTROL, "porch", "on")}))


def test_an_end_of_a_plan_has_all_that_the_plan_knows() -> None:
    made = replace(planned(FACTS, ALL), entry=begun())
    assert made.ended("open", told="told", spared=()) == Outcome(
        target=made.target,
        status="open",
        told="told",
        decision="mode.default is fix",
        findings=made.findings,
        entry=made.entry,
        flaps=1,
        unreadable=("an exemption",),
        ledger_unreadable=("a record",),
        exempt_aside=True,
        baseline=made.baseline,
        view=made.plan.view,
        settings=Settings(),
    )
    assert not planned(Facts(), {"hall": "on"}).ended("open").exempt_aside


def test_what_is_not_there_is_gone_and_what_is_well_is_clean() -> None:
    gone = replace(Facts().situation(), state=None)
    assert judged(gone, Facts().policy, Home().world) == Outcome(target=gone.target, status="gone")
    well = Outcome(target=target(), status="clean", told="no finding of lamp_on")
    assert outcome(Facts(), {"hall": "off"}) == well
    control = replace(CONTROL, clear=lambda lamp, state, settings: f"{lamp.id} {state} {settings}")
    there, state = target(control), State({})
    assert clean(there, state, Settings(), late="later") == replace(
        well, target=there, told=f"lamp-1 {state} {Settings()}", late="later"
    )
    facts = Facts(control, text="[control.lamp_on]\nunscrew = true\n")
    end = outcome(facts, {"hall": "off"})
    assert isinstance(end, Outcome)
    assert end.told == f"lamp-1 {State({'hall': 'off'})} {Settings(unscrew=True)}"


def test_what_is_observed_says_what_would_be_done() -> None:
    facts = replace_facts(FACTS, text='mode = "observe"')
    found = facts.found(**ALL)
    assert found.plan
    assert outcome(facts, ALL) == Outcome(
        status="observed",
        decision="mode.default is observe",
        planned=found.plan.steps,
        flaps=1,
        ledger_unreadable=("a record",),
        view=found.view,
        settings=Settings(),
        **shared(found),
    )


def replace_facts(facts: Facts, **more: Any) -> Facts:
    return Facts(**{**facts.__dict__, **more})


def test_what_is_exempt_is_left_and_an_unreadable_exemption_is_no_matter() -> None:
    held = timed(2)
    facts = Facts(held=[held])
    found = facts.found(hall="on")
    assert outcome(facts, {"hall": "on"}) == Outcome(
        status="exempt", decision=held.told, view=found.view, settings=Settings(), **{**shared(found), "unreadable": ()}
    )


def test_the_baseline_is_told_with_its_reasons_as_nothing_else() -> None:
    facts = Facts(before=before(known("hall"), known("stairs")), opened=["x"])
    found = facts.found(hall="on", stairs="on")
    assert outcome(facts, {"hall": "on", "stairs": "on"}) == Outcome(
        status="observed",
        told="hall is on; stairs is on",
        decision=found.baseline_why,
        only_baseline=True,
        view=found.view,
        settings=Settings(),
        **shared(found),
    )


def test_what_aws_does_not_show_yet_is_pending_with_its_entry() -> None:
    entry = begun(Step("hall", "on", "off"))
    facts = Facts(replace(CONTROL, settles_in=SETTLING), recent=[entry])
    found = facts.found(hall="on")
    end = outcome(facts, {"hall": "on"})
    assert end == Outcome(
        status="pending",
        told="nothing else is at fault",
        decision="mode.default is fix",
        entry=entry,
        retry_at=NOW + timedelta(minutes=5),
        view=found.view,
        settings=Settings(),
        **shared(found),
    )


@pytest.mark.parametrize(
    ("control", "parts", "status", "decision", "told"),
    [
        (CONTROL, {"a": "bolted", "b": "bolted"}, "observed", "somebody bolted it", ""),
        (replace(CONTROL, put=None), {"a": "on"}, "observed", "it is only reported", ""),
        (CONTROL, {"a": "bolted", "b": "hot"}, "deferred", "it is hot; somebody bolted it", "a is bolted; b is hot"),
        (replace(CONTROL, put=None), {"a": "on", "b": "hot"}, "deferred", "it is hot", "b is hot"),
    ],
)
def test_what_no_mend_closes_says_why(
    control: Control[Any], parts: dict[str, str], status: Any, decision: str, told: str
) -> None:
    end = outcome(Facts(control), parts)
    assert isinstance(end, Outcome)
    assert (end.status, end.decision, end.told) == (status, decision, told)
    assert (end.retry_at is not None) is (status == "deferred")


@pytest.mark.parametrize(
    ("agreed", "more"),
    [
        ((), "hall: changed from on to off; stairs: changed from on to off"),
        ((AGREED,), "stairs: changed from on to off"),
        ((AGREED, replace(AGREED, part="stairs", before="hot")), "stairs: changed from on to off"),
        ((AGREED, replace(AGREED, part="stairs", after="")), "stairs: changed from on to off"),
    ],
)
def test_a_plan_that_would_do_more_than_was_agreed_is_refused(agreed: tuple[Edit, ...], more: str) -> None:
    end = outcome(Facts(), {"hall": "on", "stairs": "on"}, agreed)
    told = (
        f"The plan is out of date. Now it would need: {more}. Nothing was changed. "
        "Run the same command again to see the new plan."
    )
    assert end == Outcome(target=target(), status="failed", told=told)


def test_less_than_was_agreed_is_done() -> None:
    assert planned(Facts(), {"hall": "on"}, [AGREED, replace(AGREED, part="stairs")]).agreed


def test_an_error_ends_its_own_target() -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("a bug")

    facts = Facts(replace(CONTROL, judge=broken))
    assert outcome(facts, {"hall": "on"}) == Outcome(
        target=facts.situation().target, status="failed", told="cloudmend crashed: ValueError: a bug"
    )


@pytest.mark.parametrize(
    ("held", "is_exempt"),
    [
        ([HELD], False),
        ([HELD, timed(2, rule="door")], False),
        ([HELD, timed(2, rule="hall")], True),
        ([HELD, timed(2, parts=(mark(CONTROL, "hall", "on"),))], True),
        ([HELD, timed(2, rule="attic")], True),
        ([], True),
        ([timed(2)], True),
    ],
)
def test_a_plan_is_void_once_other_exemptions_cover_what_it_mends_or_other_parts(
    held: list[Any], is_exempt: bool
) -> None:
    assert exempted_meanwhile(planned(FACTS, ALL), Exemptions(tuple(held))) is is_exempt


def test_a_plan_stands_while_other_exemptions_cover_nothing_of_it() -> None:
    made = planned(Facts(), {"hall": "on"})
    assert not exempted_meanwhile(made, Exemptions((timed(2, rule="door"),)))
    assert not exempted_meanwhile(made, Exemptions(()))


def test_a_plan_is_void_once_the_mark_of_its_finding_is_exempt() -> None:
    own = replace(CONTROL, judge=lambda view, by: [replace(each, mark="own") for each in CONTROL.judge(view, by)])
    assert exempted_meanwhile(planned(Facts(own), {"hall": "on"}), Exemptions((timed(2, parts=("own",)),)))
