"""The decision and the plan of a verdict: what flaps, what a crash cut off, and what AWS does not show yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, Finding, State
from cloudmend.core.errors import UnsafePlan
from cloudmend.core.ledger_records import End, LedgerRecord
from cloudmend.core.model import Actor, Step
from cloudmend.core.policy.model import Decision
from cloudmend.engine.stations.verdict import verdict
from engine.test_verdict import Facts, begun, ended, names, steps, timed
from lamps import CONTROL, SETTLING, Settings, target
from ledgers.values import record
from support import ACCOUNT, NOW

FLAPPING = replace(CONTROL, on_flapping=lambda settings: replace(settings, unscrew=True))


@pytest.mark.parametrize(
    ("control", "recent", "flaps", "after"),
    [
        (FLAPPING, [ended("on")], 1, "off"),
        (FLAPPING, [ended("on"), ended("on")], 2, None),
        (FLAPPING, [ended("on", "on"), ended("hot")], 2, None),
        (FLAPPING, [ended("on"), ended("on"), ended("on")], 3, None),
        (FLAPPING, [ended("on", part="stairs")] * 2, 0, "off"),
        (replace(FLAPPING, new_ids=True), [ended("on", part="stairs")] * 2, 2, None),
        (replace(FLAPPING, say=lambda value: f"<{value}>"), [ended("<on>")] * 2, 2, None),
        (FLAPPING, [begun(Step("hall", "on", "off"), at=-SETTLING)] * 3, 0, "off"),
        (CONTROL, [ended("on")] * 2, 2, "off"),
        (replace(CONTROL, on_flapping=lambda settings: settings), [ended("on")] * 2, 2, "off"),
    ],
)
def test_what_was_mended_twice_within_the_hour_is_mended_in_the_second_way(
    control: Control[Any], recent: Sequence[LedgerRecord], flaps: int, after: str | None
) -> None:
    found = Facts(control, recent=recent).found(hall="on")
    assert (found.flaps, steps(found)) == (flaps, [Step("hall", "on", after)])


def test_the_second_way_mends_what_is_due_and_not_exempt_or_the_baseline() -> None:
    facts = Facts(FLAPPING, recent=[ended("on")] * 2, held=[timed(1, rule="porch")])
    found = facts.found(hall="on", stairs="hot", porch="on")
    assert steps(found) == [Step("hall", "on", None)]
    assert found.plan
    assert (found.plan.settings, names(found.plan.findings)) == (Settings(unscrew=True), ["hall"])
    blind = replace(FLAPPING, judge=lambda view, by: CONTROL.judge(replace(view, exempt=frozenset()), by))
    assert steps(Facts(blind, recent=facts.recent, held=facts.held).found(hall="on", porch="on")) == steps(found)


@pytest.mark.parametrize("exempt", ["own mark", "part's mark"])
def test_a_finding_is_exempt_by_its_own_mark_or_by_one_of_its_part(exempt: str) -> None:
    control = replace(
        CONTROL,
        judge=lambda view, by: [replace(each, mark=f"own mark of {each.part}") for each in CONTROL.judge(view, by)],
        marks=lambda state: {part: frozenset({f"part's mark of {part}"}) for part in state.parts},
    )
    found = Facts(control, held=[timed(1, parts=(f"{exempt} of hall",))]).found(hall="on", stairs="on")
    assert [each.finding.part for each in found.exempt] == ["hall"]


def test_what_a_crash_cut_off_is_finished_as_it_was_planned() -> None:
    half = begun(Step("hall", "on", None), Step("stairs", "on", "off"), Step("porch", "on", None))
    found = Facts(recent=[half]).found(hall="on", stairs="off", porch="on")
    assert steps(found) == [Step("hall", "on", None), Step("porch", "on", None)]
    whole = begun(Step("hall", "on", None))
    assert steps(Facts(recent=[whole]).found(hall="on")) == [Step("hall", "on", "off")]
    assert steps(Facts(recent=[whole, half]).found(hall="on", stairs="off", porch="on"))[0] == Step("hall", "on", None)
    done = half.moved("FAILED", End(NOW, record()))
    assert steps(Facts(recent=[done]).found(hall="on", stairs="off"))[0] == Step("hall", "on", "off")


def test_a_rest_is_looked_for_in_each_mend_of_late() -> None:
    """One whose rest is not safe hides no other, and one of which nothing is as it was is through."""
    unsafe = begun(Step("hall", "on", "hot"), Step("x", "on", "off"))
    half = begun(Step("hall", "on", None), Step("stairs", "on", "off"))
    through = begun(Step("stairs", "dimmed", None), Step("x", "dimmed", None))
    keeping = replace(CONTROL, narrows=lambda _, then: then.get("hall") != "hot")
    for recent in ([unsafe, half], [through, half]):
        assert steps(Facts(keeping, recent=recent).found(hall="on", stairs="off")) == [Step("hall", "on", None)]
    blind = replace(CONTROL, judge=lambda view, by: CONTROL.judge(replace(view, exempt=frozenset()), by))
    rest = Facts(blind, recent=[half], held=[timed(1, rule="porch")]).found(hall="on", stairs="off", porch="on")
    assert steps(rest) == [Step("hall", "on", None)]


def test_a_plan_that_only_adds_a_part_does_not_flap() -> None:
    adding = replace(CONTROL, mend=lambda *_: {"fuse": "in"}, judge=lambda view, _: _missing(view.parts))
    assert Facts(adding, recent=[ended("on")] * 2).found(hall="on").flaps == 0


def _missing(parts: Any) -> list[Finding]:
    return [] if "fuse" in parts else [Finding(part="fuse", why="there is no fuse")]


def test_a_rest_that_is_not_safe_any_more_is_planned_anew() -> None:
    half = begun(Step("hall", "on", None), Step("stairs", "on", "off"))
    steady = replace(CONTROL, narrows=lambda _, then: "hall" in then)
    assert steps(Facts(steady, recent=[half]).found(hall="on", stairs="off")) == [Step("hall", "on", "off")]
    rest = Facts(recent=[half], held=[timed(1, rule="porch")]).found(hall="on", stairs="off", porch="on")
    assert steps(rest) == [Step("hall", "on", None)]
    with pytest.raises(UnsafePlan):
        Facts(replace(CONTROL, narrows=lambda *_: False)).judge(hall="on")


def test_a_sweep_takes_the_cause_of_what_a_crash_left() -> None:
    left = begun(Step("hall", "on", "off"), account="444455556666", region="us-east-1")
    swept = Facts(recent=[ended("on"), left, begun(event_id="later")], swept=True).found(hall="on")
    own = target().cause
    assert swept.target.cause == replace(left.intent.cause, account=own.account, region=own.region)
    assert Facts(recent=[left]).found(hall="on").target.cause == own
    assert Facts(recent=[ended("on")], swept=True).found(hall="on").target.cause == own


SLOW = replace(CONTROL, settles_in=SETTLING)


@pytest.mark.parametrize(
    ("control", "at", "parts", "is_pending"),
    [
        (SLOW, timedelta(), "hs", True),
        (SLOW, timedelta(seconds=1) - SETTLING, "hs", True),
        (SLOW, -SETTLING, "hs", False),
        (SLOW, timedelta(), "h", False),
        (CONTROL, timedelta(), "hs", False),
    ],
)
def test_what_aws_accepted_and_does_not_show_yet_has_no_second_plan(
    control: Control[Any], at: timedelta, parts: str, is_pending: bool
) -> None:
    entry = begun(*(Step(each, "on", "off") for each in (*parts, "x")), at=at)
    found = Facts(control, recent=[ended("on"), entry]).found(h="on", s="on")
    assert (found.pending, found.plan is None) == (entry if is_pending else None, is_pending)
    done = entry.moved("DONE", End(NOW, record()))
    assert Facts(control, recent=[done]).found(h="on", s="on").pending is None


def test_the_switch_stops_what_the_policy_would_mend_and_says_so() -> None:
    assert Facts(mode="observe").found(hall="on").decision == Decision("observe", "the switch is set to observe")
    assert Facts(mode="fix").found(hall="on").decision == Decision("fix", "mode.default is fix")
    observed = Facts(mode="observe", text='mode = "observe"').found(hall="on").decision
    assert observed == Decision("observe", "mode.default is observe")


@pytest.mark.parametrize(
    "place",
    [
        f'[mode.account]\n{ACCOUNT} = "observe"\n',
        '[mode.vpc]\nvpc-0123456789abcdef0 = "observe"\n',
    ],
)
def test_the_policy_decides_by_the_place(place: str) -> None:
    facts = Facts(text=place, state=State({}, labels={"vpc": "vpc-0123456789abcdef0"}))
    assert facts.found(hall="on").decision.action == "observe"
    assert Facts().found(hall="on").decision.action == "fix"
    assert Facts(text=place.replace(ACCOUNT, "444455556666").replace("vpc-0", "vpc-1")).found(hall="on").plan
    other = Facts(replace(CONTROL, mode="observe")).found(hall="on").decision
    assert other.why == "lamp_on is observe, unless control.lamp_on.mode says otherwise"


def test_a_resource_of_another_account_is_only_reported_and_whose_account_this_is_only_asked_then() -> None:
    def unasked() -> str:
        raise AssertionError("This is not asked.")

    theirs = Facts(state=State({}, owner="444455556666")).found(hall="on")
    assert theirs.plan is None
    assert theirs.findings[0].restraint.startswith("account 444455556666 owns it")
    assert Facts(account=unasked).found(hall="on").plan
    assert Facts(state=State({}, owner=ACCOUNT)).found(hall="on").plan


def test_a_control_that_only_reports_and_what_is_not_due_have_no_plan() -> None:
    assert Facts(replace(CONTROL, put=None)).found(hall="on").plan is None
    assert Facts().found(hall="hot", stairs="bolted").plan is None
    assert steps(Facts().found(hall="on", stairs="hot")) == [Step("hall", "on", "off")]


@pytest.mark.parametrize(("account", "called_from"), [("", ACCOUNT), (ACCOUNT, "444455556666")])
def test_the_policy_decides_by_the_account_of_the_resource_or_else_of_the_call(account: str, called_from: str) -> None:
    facts = Facts(text=f'[mode.account]\n{ACCOUNT} = "observe"\n')
    found = facts.situation(hall="on")
    cause = replace(found.target.cause, account=called_from)
    there = replace(found.target, cause=cause, resource=replace(found.target.resource, account=account))
    decided = verdict(replace(found, target=there), State({"hall": "on"}), facts.policy, now=NOW, account=facts.account)
    assert decided
    assert decided.decision.action == "observe"


def test_the_policy_may_exempt_what_a_role_does() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/ops"
    which = f'control = "lamp_on"\nactor_role = "{role}"\n'
    facts = Facts(text=f'[[exemption]]\n{which}owner = "ops"\nreason = "No"\nexpires = 2030-01-01\n')
    found = facts.situation(hall="on")
    for actor, action in ((Actor(role_arn=role), "exempt"), (Actor(), "fix")):
        there = replace(found.target, cause=replace(found.target.cause, actor=actor))
        decided = verdict(
            replace(found, target=there), State({"hall": "on"}), facts.policy, now=NOW, account=facts.account
        )
        assert decided
        assert decided.decision.action == action
