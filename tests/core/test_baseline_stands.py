"""What stands at a resource after a look, and when people are told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.baseline import faults_of, notice_of, stands_after, with_others
from cloudmend.core.contract import Finding, State, View
from cloudmend.core.model import Step
from cloudmend.core.planning import mark
from cloudmend.core.standing import Fault, StandingFinding, StandingResource, UnreadableStanding
from cloudmend.core.target import Outcome
from core.test_standing import EARLIER
from lamps import CONTROL, target
from support import ACCOUNT, NOW, REGION

ON = Finding(part="a", why="a is on", mark="m-a")
HOT = Finding(part="b", why="b is hot", mark="m-b", wait="it is hot")
BOLTED = Finding(part="c", why="c is bolted", mark="m-c", restraint="somebody bolted it")
OLD = Finding(part="d", why="d is on", mark="m-d")
SPARED = Finding(part="e", why="e is on", mark="m-e")
CRITICAL = replace(CONTROL, severity="critical")
ASIDE = (Fault("d", "d is on", "m-d", "baseline"), Fault("e", "e is on", "m-e", "exempt"))


def ended(status: Any, *findings: Finding, swept: bool = False, control: Any = CONTROL, **more: Any) -> Outcome:
    there = target(control, ["a"])
    return Outcome(target=replace(there, swept=swept), status=status, findings=findings, **more)


def fault(of: Finding, status: Any) -> Fault:
    return Fault(of.part, of.why, of.mark, status)


@pytest.mark.parametrize(
    ("end", "faults"),
    [
        (ended("clean", baseline=(OLD,), spared=(SPARED,)), ASIDE),
        (ended("clean"), ()),
        (ended("gone", baseline=(OLD,)), ()),
        (ended("failed"), None),
        (ended("failed", ON, given_up=True), None),
        (ended("mended"), ()),
        (ended("observed", OLD, ON, baseline=(OLD,), only_baseline=True), ASIDE[:1]),
        (
            ended("observed", ON, HOT, BOLTED),
            (fault(ON, "observed"), fault(HOT, "deferred"), fault(BOLTED, "observed")),
        ),
        (ended("deferred", ON, remaining=(HOT,)), (fault(HOT, "deferred"),)),
        (ended("pending", ON), (fault(ON, "pending"),)),
        (ended("exempt", ON), (fault(ON, "exempt"),)),
        (ended("failed", ON), (fault(ON, "failed"),)),
        (ended("failed", remaining=(ON,)), (fault(ON, "failed"),)),
        (ended("open", HOT, remaining=(ON, BOLTED)), (fault(ON, "open"), fault(BOLTED, "observed"))),
        (ended("open", ON), ()),
        (
            ended("mended", ON, remaining=(ON, HOT, BOLTED)),
            (fault(ON, "open"), fault(HOT, "observed"), fault(BOLTED, "observed")),
        ),
        (ended("mended", ON), ()),
        (ended("observed", ON, OLD, SPARED, baseline=(OLD,), spared=(SPARED,)), (fault(ON, "observed"), *ASIDE)),
        (
            ended("observed", replace(OLD, mark="other"), baseline=(OLD,)),
            ASIDE[:1],
        ),
        (
            ended("observed", OLD, replace(OLD, mark="other"), baseline=(OLD,)),
            (fault(replace(OLD, mark="other"), "observed"), *ASIDE[:1]),
        ),
    ],
)
def test_each_end_says_what_is_at_fault_now_and_what_became_of_it(end: Outcome, faults: Any) -> None:
    assert faults_of(end) == faults


def stood(*marks: str, told: Any = EARLIER, **more: Any) -> StandingResource:
    findings = tuple(
        StandingFinding(part=each[-1], why="it was", mark=each, status="observed", since=EARLIER) for each in marks
    )
    there = StandingResource(
        account=ACCOUNT,
        region=REGION,
        control=CONTROL.id,
        resource=replace(target().resource, parts=()),
        findings=findings,
        seen=EARLIER,
        told=told,
    )
    return replace(there, **more)


def swept(status: Any = "observed", **more: Any) -> Outcome:
    return ended(status, ON, swept=True, **more)


@pytest.mark.parametrize(
    ("end", "was", "notice"),
    [
        (ended("mended", ON), stood("m-a"), "now"),
        (ended("open", ON), stood("m-a"), "now"),
        (ended("observed", ON, budget_spent=True), stood("m-a"), "now"),
        (ended("observed", ON, retry_at=NOW), stood("m-a"), "now"),
        (ended("observed", ON, late="late"), stood("m-a"), "now"),
        (ended("observed", ON), stood("m-a"), "held"),
        (ended("pending", ON), stood("m-a"), "held"),
        (ended("deferred", ON), stood("m-a"), "held"),
        (ended("observed", ON), stood("m-b"), "now"),
        (ended("observed", ON), stood("m-a", told=None), "now"),
        (ended("observed", ON), stood("m-a", told=NOW - timedelta(days=7)), "now"),
        (ended("observed", ON), None, "now"),
        (ended("observed", ON, only_baseline=True), None, "held"),
        (ended("exempt", ON), stood("m-a"), "now"),
        (swept(), stood("m-a", "m-b"), "held"),
        (swept(), stood("m-b"), "digest"),
        (swept(), stood("m-a", told=None), "digest"),
        (swept(), None, "digest"),
        (swept(control=CRITICAL), None, "now"),
        (swept(control=CRITICAL), stood("m-a"), "held"),
        (swept("pending", control=CRITICAL), None, "digest"),
        (swept(control=CRITICAL, only_baseline=True), None, "digest"),
        (swept(only_baseline=True), stood("m-a"), "held"),
    ],
)
def test_people_are_told_at_once_in_a_digest_or_not_again(
    end: Outcome, was: StandingResource | None, notice: str
) -> None:
    assert notice_of(end, was, (fault(ON, "observed"),), NOW) == notice


def seen(end: Outcome) -> Outcome:
    """An end with a view, in which the part `b` is known to be older than cloudmend."""
    view = View(
        resource=end.target.resource,
        state=State({"a": "on", "b": "off"}),
        cause=end.target.cause,
        now=NOW,
        old=frozenset({"b"}),
    )
    return replace(end, view=view)


def test_what_stands_first_is_kept_with_all_that_is_known() -> None:
    (first,) = stood("m-a").findings
    now = replace(first, why="a is on", since=NOW)
    expected = stood(
        told=NOW, findings=(now,), seen=NOW, region="us-east-1", old=(mark(CONTROL, "b", "off"),), revision=1
    )
    end = seen(ended("observed", ON))
    assert stands_after(end, None, (fault(ON, "observed"),), "now", "us-east-1", NOW) == expected
    assert stands_after(end, None, (), "now", "us-east-1", NOW) is None
    unreadable = UnreadableStanding("key", "no")
    after = stands_after(end, unreadable, (fault(ON, "observed"),), "now", "us-east-1", NOW)
    assert after == replace(expected, revision=0)


@pytest.mark.parametrize(
    ("is_swept", "notice", "told", "held"),
    [
        (False, "held", EARLIER, 3),
        (True, "held", EARLIER, 2),
        (False, "now", NOW, 0),
        (True, "now", NOW, 0),
        (True, "digest", None, 0),
    ],
)
def test_what_stands_again_counts_how_often_nobody_was_told(is_swept: bool, notice: Any, told: Any, held: int) -> None:
    was = stood("m-a", held=2, old=("m-old",), revision=4)
    after = stands_after(ended("observed", ON, swept=is_swept), was, (fault(ON, "observed"),), notice, REGION, NOW)
    assert after
    assert (after.told, after.held, after.old, after.revision) == (told, held, ("m-old",), 5)
    assert [(each.since, each.why) for each in after.findings] == [(EARLIER, "a is on")]


def test_the_first_that_nobody_is_told_of_counts_as_one() -> None:
    after = stands_after(ended("observed", ON), None, (fault(ON, "observed"),), "held", REGION, NOW)
    assert after
    assert (after.told, after.held, after.old) == (None, 1, ())


def test_what_another_look_kept_meanwhile_stands_too_but_what_the_event_knows_better() -> None:
    end = ended("mended", steps=(Step("b", "on", "off"),))
    added = [
        StandingFinding(part=part, why=f"{part} is on", mark=f"m-{part}", status="baseline", since=EARLIER)
        for part in "abcd"
    ]
    faults = (fault(BOLTED, "observed"),)
    assert with_others(end, faults, added) == (*faults, Fault("d", "d is on", "m-d", "baseline"))
