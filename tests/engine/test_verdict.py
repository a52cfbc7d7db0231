"""What is at fault at a resource and what becomes of it, as a value: each fact that a verdict depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, Finding, Followed, Following, State, View
from cloudmend.core.ledger_records import End, Exemptions, LedgerRecord, TimedExemption, Unreadable
from cloudmend.core.model import Edit, Intent, Step
from cloudmend.core.planning import NOTHING, Covers, judge, mark, plan
from cloudmend.core.policy.model import Decision, Policy
from cloudmend.core.standing import Before
from cloudmend.engine.stations.values import Known, Recent, Situation, Verdict
from cloudmend.engine.stations.verdict import verdict
from core.test_baseline import before, known
from lamps import CONTROL, ID, Settings, policy, target
from ledgers.values import exemption, intent, record
from support import ACCOUNT, NOW

NO_STAND, EMPTY = Before(), State({})
SEEN = NOW - timedelta(seconds=1)


@dataclass
class Facts:
    """What a look knows."""

    control: Control[Any] = CONTROL
    held: Sequence[TimedExemption] = ()
    recent: Sequence[LedgerRecord] = ()
    before: Before = NO_STAND
    mode: Any = None
    text: str = ""
    swept: bool = False
    opened: Sequence[str] = ()
    state: State = EMPTY
    account: Callable[[], str] = lambda: ACCOUNT

    def situation(self, **parts: str) -> Situation:
        there = target(self.control, self.opened)
        there = replace(there, swept=self.swept)
        known = Known(
            exemptions=lambda: Exemptions(tuple(self.held), (Unreadable("e", "an exemption"),)),
            recent=lambda: Recent(tuple(self.recent), ("a record",)),
            mode=lambda: self.mode,
            before=lambda: self.before,
            stood=lambda: None,
        )
        return Situation(target=there, state=replace(self.state, parts=parts), known=known, seen=SEEN)

    @property
    def policy(self) -> Policy:
        return policy(self.control, self.text)

    def judge(self, **parts: str) -> Verdict | None:
        situation = self.situation(**parts)
        assert situation.state
        return verdict(situation, situation.state, self.policy, now=NOW, account=self.account)

    def found(self, **parts: str) -> Verdict:
        found = self.judge(**parts)
        assert found
        return found


def steps(found: Verdict) -> list[Step]:
    return list(found.plan.steps) if found.plan else []


def names(findings: Sequence[Finding]) -> list[str]:
    return [each.part for each in findings]


def begun(*steps: Step, at: timedelta = timedelta(), **more: Any) -> LedgerRecord:
    made: Intent = intent(control=CONTROL.id, steps=steps, **more)
    return LedgerRecord.of(made, NOW + at, bytes(5))


def ended(*values: str, part: str = "hall") -> LedgerRecord:
    """A mend that ended, of parts that had these values."""
    edits = tuple(Edit(part=part, before=value, after="off", did="", why="") for value in values)
    return begun().moved("DONE", End(NOW, replace(record(), edits=edits)))


def timed(number: int, **fields: Any) -> TimedExemption:
    return exemption(f"e-{number}", **{"group": ID, **fields})


def test_of_a_resource_that_is_well_neither_ledger_nor_switch_is_asked() -> None:
    def asked() -> Any:
        raise AssertionError("This is not asked.")

    there, state = target(), State({"hall": "off"})
    situation = Situation(target=there, state=state, known=Known(asked, asked, asked, asked, asked), seen=NOW)
    assert verdict(situation, state, policy(), now=NOW, account=asked) is None


def test_a_verdict_says_all_that_was_judged_and_the_plan_for_it() -> None:
    there, entry = target(), ended("dimmed")
    view = View(resource=there.resource, state=State({"hall": "on"}), cause=there.cause, now=NOW, recent=(entry,))
    findings = judge(CONTROL, view, Settings()).counted
    assert Facts(recent=[entry]).judge(hall="on") == Verdict(
        target=there,
        view=view,
        settings=Settings(),
        decision=Decision("fix", "mode.default is fix"),
        findings=findings,
        covers=NOTHING,
        recent=(entry,),
        plan=plan(CONTROL, view, findings, Settings()),
        unreadable=("an exemption",),
        ledger_unreadable=("a record",),
    )


def test_a_part_that_is_exempt_is_left_beside_what_is_mended() -> None:
    by_id, by_mark = timed(1, rule="stairs"), timed(2, parts=(mark(CONTROL, "stairs", "on"),))
    found = Facts(held=[by_id, by_mark, timed(3, parts=("other",))]).found(hall="on", stairs="on")
    (spared,) = found.exempt
    assert (spared.finding.part, spared.why) == ("stairs", f"{by_id.told}; {by_mark.told}")
    assert (names(found.findings), found.view.exempt, steps(found)) == (
        ["hall"],
        frozenset({"stairs"}),
        [Step("hall", "on", "off")],
    )
    assert found.covers == Covers(parts=frozenset({"stairs"}), marks=frozenset({"other", *(by_mark.parts or ())}))
    assert found.decision.action == "fix"


def test_what_is_exempt_as_a_whole_says_by_which_exemptions() -> None:
    whole, part, other = timed(1), timed(2, rule="hall"), timed(3, rule="door")
    found = Facts(held=[whole, other, part]).found(hall="on", stairs="on")
    assert found.decision == Decision("exempt", f"{whole.told}; {part.told}")
    assert (names(found.findings), found.plan, found.exempt) == (["hall", "stairs"], None, ())
    own = (
        '[[exemption]]\ncontrol = "lamp_on"\nresource = "lamp-1"\nowner = "ops"\nreason = "No"\nexpires = 2030-01-01\n'
    )
    for facts in (Facts(text=own, held=[whole]), Facts(text=own, before=before(known("hall")), opened=["x"])):
        decided = facts.found(hall="on").decision
        assert (decided.action, "by ops" in decided.why) == ("exempt", True)


@pytest.mark.parametrize("value", ["on", "off"])
def test_an_exemption_of_a_part_that_is_not_at_fault_covers_what_the_control_still_counts(value: str) -> None:
    """A control may judge parts together: without the exempt one, the other is well."""
    both = replace(
        CONTROL,
        judge=lambda view, _: [Finding(part="hall", why="two", mended="off")] * ("stairs" in view.counted),
    )
    held = timed(1, rule="stairs")
    assert Facts(both, held=[held]).found(hall="on", stairs=value).decision == Decision("exempt", held.told)


BASELINE = "it was there before cloudmend (baseline of 2026-11-21); cloudmend fix --ledger TABLE mends it"


def test_what_is_only_the_baseline_is_reported_as_that() -> None:
    held = timed(1, rule="hall")
    found = Facts(before=before(known("hall")), held=[timed(2, rule="door")], opened=["x"]).found(hall="on")
    assert (found.is_baseline, found.decision) == (True, Decision("observe", BASELINE))
    assert (names(found.baseline), names(found.findings), found.baseline_why) == (["hall"], ["hall"], BASELINE)
    assert (found.plan, found.exempt) == (None, ())
    beside = Facts(before=before(known("stairs")), held=[held], opened=["x"]).found(hall="on", stairs="on")
    assert (beside.is_baseline, names(beside.findings)) == (True, ["hall", "stairs"])
    assert names(beside.baseline) == ["stairs"]
    assert [(each.finding.part, each.why) for each in beside.exempt] == [("hall", held.told)]


def test_since_when_the_baseline_is_known_is_told_if_it_is() -> None:
    two = before(known("hall", since=NOW - timedelta(days=1)), known("stairs"))
    assert Facts(before=two, opened=["x"]).found(hall="on").baseline_why == BASELINE
    first = Facts(before=before(is_first=True), opened=["x"]).found(hall="on")
    assert first.baseline_why == "it was there before cloudmend; cloudmend fix --ledger TABLE mends it"
    unsure = Facts(before=replace(before(is_first=True), is_sure=False), opened=["x"]).found(hall="on")
    assert unsure.decision == Decision(
        "observe", "the ledger does not say whether it was there before cloudmend, and the next look asks again"
    )


def test_what_is_new_beside_the_baseline_is_mended_alone() -> None:
    found = Facts(before=before(known("hall")), opened=["stairs"]).found(hall="on", stairs="on")
    assert (names(found.findings), names(found.baseline), found.is_baseline) == (["stairs"], ["hall"], False)
    assert found.view.exempt == {"hall"}
    assert (found.covers, steps(found)) == (
        Covers(marks=frozenset({mark(CONTROL, "hall", "on")})),
        [Step("stairs", "on", "off")],
    )
    assert found.baseline_why == BASELINE


@pytest.mark.parametrize(
    ("state", "swept", "opened", "is_old"),
    [
        ("INTENT", True, (), False),
        ("INTENT", False, ("x",), False),
        ("INTENT", False, (), True),
        ("DONE", True, (), True),
    ],
)
def test_what_a_mend_is_at_is_no_baseline_for_a_sweep_or_an_event_that_names_parts(
    state: Any, swept: bool, opened: Sequence[str], is_old: bool
) -> None:
    entry = begun(Step("hall", "on", "off"))
    if state == "DONE":
        entry = entry.moved("DONE", End(NOW, record()))
    facts = Facts(before=before(known("hall")), recent=[entry], swept=swept, opened=opened)
    assert facts.found(hall="on").is_baseline is is_old


@pytest.mark.parametrize(("opened", "is_old"), [("list-1", False), ("list-2", True)])
def test_what_refers_to_a_list_that_the_event_names_is_no_baseline(opened: str, is_old: bool) -> None:
    def judge_lists(view: View, _: Any) -> list[Finding]:
        return [
            Finding(part=each, why="listed", mended="off") for each, value in view.counted.items() if value != "off"
        ]

    listed: Any = {"from": "list-1", "port": "22"}
    was = known("hall", mark=mark(CONTROL, "hall", listed))
    facts = Facts(replace(CONTROL, judge=judge_lists), before=before(was), opened=[opened])
    assert facts.found(hall=listed).is_baseline is is_old


def test_what_the_call_puts_at_fault_by_its_record_is_no_baseline_unless_the_event_names_parts() -> None:
    told: Following[Settings] = Following(calls=(), step=lambda *_: Followed(State({"hall": "on"})))
    facts = Facts(replace(CONTROL, follow=told), before=before(known("hall")))
    assert names(facts.found(hall="on").findings) == ["hall"]
    assert not facts.found(hall="on").is_baseline
    facts.opened = ["stairs"]
    assert facts.found(hall="on").is_baseline


def test_a_control_that_judges_by_age_sees_which_parts_are_old_and_what_was_mended_of_late() -> None:
    seen: list[View] = []

    def judge_by_age(view: View, _: Any) -> list[Finding]:
        seen.append(view)
        new = (each for each, value in view.counted.items() if value == "on" and each not in view.old)
        return [Finding(part=each, why="new", mended="off") for each in new]

    control, entry = replace(CONTROL, by_age=True, judge=judge_by_age), ended("dimmed")
    old = before(known("x"), old=(mark(CONTROL, "hall", "on"),))
    found = Facts(control, before=old, opened=["stairs"], recent=[entry]).found(hall="on", stairs="on")
    assert (found.view.old, found.view.recent) == (frozenset({"hall"}), (entry,))
    assert names(found.findings) == ["stairs"]
    marks = tuple(mark(CONTROL, part, "on") for part in ("hall", "stairs"))  # kept by an earlier first look
    first = before(known("hall"), known("stairs"), is_first=True, old=marks)
    assert Facts(control, before=first, opened=["stairs"]).found(hall="on", stairs="on").view.old == {"hall"}
    told: Following[Settings] = Following(calls=(), step=lambda *_: Followed(State({"hall": "on"})))
    by_call = Facts(replace(control, follow=told), before=first).found(hall="on", stairs="on")
    assert by_call.view.old == {"stairs"}
