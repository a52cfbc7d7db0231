"""What is stored before the first write, and what an answer of the ledger means for the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from cloudmend.core.contract import Control, State
from cloudmend.core.errors import AwsError, BudgetSpent, Busy, LedgerError, TooLarge
from cloudmend.core.ledger_records import Exemptions
from cloudmend.core.model import Intent, Request, Step
from cloudmend.core.ports import Call
from cloudmend.core.version import CODE_VERSION
from cloudmend.engine.stations.intend import intend
from cloudmend.engine.stations.values import Planned
from engine.test_before import Ledger
from engine.test_judge import planned
from engine.test_verdict import SEEN, Facts, begun, timed
from lamps import CONTROL, Home, Settings, policy
from support import ACCOUNT, NOW, REGION

NONE = Exemptions(())
ENTRY = begun()


def made(control: Control[Any] = CONTROL, **parts: str) -> Planned:
    return planned(Facts(control, state=State({}, guard="1", labels={"name": "the hall"})), parts or {"hall": "on"})


def intended(plans: Sequence[Planned], ledger: Ledger, home: Home | None = None, **more: Any) -> list[Any]:
    stub: Any = ledger
    world = replace((home or Home()).world, ledger=stub, run_by="arn:alice", **more)
    return list(intend(plans, policy(plans[0].target.control) if plans else policy(), world))


def stored(ledger: Ledger) -> list[Intent]:
    return [arguments[0] for name, *arguments in ledger.asked if name == "intend"]


def switch(to: str) -> Call:
    return Call("home", "SetSwitch", {"Id": "lamp-1", "Switch": "hall", "To": to, "Revision": "1"}, parts=("hall",))


def test_an_intent_says_who_what_and_why_and_how_to_take_it_back() -> None:
    plan, ledger = replace(made(), decision="the mode"), Ledger(intend=ENTRY, exemptions=NONE)
    assert intended([plan], ledger) == [replace(plan, entry=ENTRY)]
    there = plan.target
    assert stored(ledger) == [
        Intent(
            control=CONTROL.id,
            resource=there.resource,
            account=ACCOUNT,
            region=REGION,
            event_id="e-1",
            event_name="SetSwitch",
            actor=there.cause.actor,
            run_by="arn:alice",
            seen=SEEN,
            policy_hash=policy().digest,
            findings=stored(ledger)[0].findings,
            decision="the mode",
            code_version=CODE_VERSION,
            before={"parts": {"hall": "on"}, "labels": {"name": "the hall"}},
            requests=(Request("home:SetSwitch", switch("off").params),),
            undo=(switch("on").command(REGION),),
            steps=(Step("hall", "on", "off"),),
            budgeted=True,
        )
    ]
    assert [(each.part, each.why) for each in stored(ledger)[0].findings] == [("hall", "hall is on")]


def test_an_intent_is_of_the_account_of_the_resource_or_else_of_the_call_and_of_this_region() -> None:
    plan, ledger = made(replace(CONTROL, budgeted=False)), Ledger(intend=ENTRY, exemptions=NONE)
    other = replace(plan, target=replace(plan.target, resource=replace(plan.target.resource, account="444455556666")))
    nobody_s = replace(plan, target=replace(plan.target, resource=replace(plan.target.resource, account="")))
    for each in (other, nobody_s):
        intended([each], ledger, region="us-east-1")
    assert [(each.account, each.region, each.budgeted) for each in stored(ledger)] == [
        ("444455556666", "us-east-1", False),
        (ACCOUNT, "us-east-1", False),
    ]
    assert "--region us-east-1" in stored(ledger)[0].undo[0]


def test_of_nothing_nothing_is_asked() -> None:
    ledger = Ledger()
    assert intended([], ledger) == []
    assert ledger.asked == []


def test_several_are_stored_at_once() -> None:
    one, two = made(), made(hall="on", stairs="on")
    ledger = Ledger(intend_all=(ENTRY, begun(event_id="2")), exemptions=NONE)
    assert [each.entry for each in intended([one, two], ledger)] == [ENTRY, begun(event_id="2")]
    ((_, intents),) = [each for each in ledger.asked if each[0] == "intend_all"]
    assert [len(each.steps) for each in intents] == [1, 2]
    assert stored(ledger) == []
    assert [each for each in ledger.asked if each[0] == "exemptions"] == [("exemptions", NOW)]


def test_where_they_cannot_be_stored_at_once_each_meets_its_own_answer() -> None:
    one, two = made(), made(hall="on", stairs="on")
    ledger = Ledger(intend_all=BudgetSpent("Spent."), intend=[ENTRY, LedgerError("No.")], exemptions=NONE)
    first, second = intended([one, two], ledger)
    assert first == replace(one, entry=ENTRY)
    assert second == two.ended("failed", told="No.")
    assert [len(each.steps) for each in stored(ledger)] == [1, 2]


TAGS = {"on": True, "Tags": [{"Key": "team"}]}


def test_where_the_ledger_has_no_room_for_the_tags_they_are_left_out() -> None:
    tagged = replace(
        CONTROL,
        judge=lambda view, _: [replace(each, mended=None) for each in _found(view)],
        put=lambda _, now, then: [Call("home", "SetSwitch", {"Now": now.parts, "Then": dict(then)})],
    )
    plan = planned(Facts(tagged), {"hall": TAGS})  # type: ignore[dict-item]
    ledger = Ledger(intend=[TooLarge("No room."), ENTRY], exemptions=NONE)
    assert intended([plan], ledger) == [replace(plan, entry=ENTRY)]
    whole, cut = stored(ledger)
    assert (whole.before["parts"], whole.steps, whole.tags_left_out) == ({"hall": TAGS}, plan.plan.steps, False)
    assert '"Tags"' in whole.undo[0]
    assert (cut.before["parts"], cut.steps, cut.tags_left_out) == (
        {"hall": {"on": True}},
        (Step("hall", {"on": True}),),
        True,
    )
    assert '"Tags"' not in cut.undo[0]
    full = Ledger(intend=[TooLarge("No room."), TooLarge("Still none.")], exemptions=NONE)
    assert intended([plan], full) == [plan.ended("failed", told="Still none.")]


def _found(view: Any) -> Any:
    return CONTROL.judge(replace(view, state=State(dict.fromkeys(view.counted, "on"))), Settings())


@pytest.mark.parametrize(
    ("answer", "told"),
    [(LedgerError("No."), "No."), (ValueError("a bug"), "cloudmend crashed: ValueError: a bug")],
)
def test_what_cannot_be_stored_is_not_begun(answer: Exception, told: str) -> None:
    plan = made()
    assert intended([plan], Ledger(intend=answer, exemptions=NONE)) == [plan.ended("failed", told=told)]


def test_while_another_is_at_it_the_plan_goes_on_without_a_write() -> None:
    plan = made()
    assert intended([plan], Ledger(intend=Busy("Another."), exemptions=NONE)) == [replace(plan, busy="Another.")]


def test_what_the_budget_refuses_is_observed_and_put_off() -> None:
    plan, home = made(), Home()
    (end,) = intended([plan], Ledger(intend=BudgetSpent("Spent."), exemptions=NONE), home)
    due = NOW + timedelta(hours=1)
    assert end == plan.ended(
        "observed",
        planned=plan.plan.steps,
        budget_spent=True,
        retry_at=due,
        decision="Spent. It is open until it is tried again at 08:00 UTC. "
        "If so many mends are normal, raise the budget.",
    )
    assert [each.due for each in home.put_off_tasks] == [due]


CHANGED = "Exemptions of it changed meanwhile. Nothing was changed; the next try applies them."
ELSE = "Somebody changed it meanwhile. Nothing was changed; the next try looks again."


def test_what_was_exempted_meanwhile_is_not_written() -> None:
    plan = made()
    (end,) = intended([plan], Ledger(intend=ENTRY, exemptions=Exemptions((timed(1),))))
    assert end == replace(plan, entry=ENTRY).ended("failed", told=CHANGED, again=True, given_up=True)


def test_exemptions_that_cannot_be_read_now_exempt_nothing_and_a_bug_ends_the_plan() -> None:
    plan = made()
    unread = replace(plan, entry=ENTRY, unreadable=("No.",))
    for before in ((), ("No.",)):
        planned_before = replace(plan, unreadable=before)
        assert intended([planned_before], Ledger(intend=ENTRY, exemptions=LedgerError("No."))) == [unread]
    (end,) = intended([plan], Ledger(intend=ENTRY, exemptions=ValueError("a bug")))
    assert end == replace(plan, entry=ENTRY).ended("failed", told="cloudmend crashed: ValueError: a bug")


@pytest.mark.parametrize(
    ("switches", "told"),
    [({"hall": "on"}, ""), ({"hall": "on", "stairs": "off"}, ELSE), ({"hall": "off"}, ELSE), ({}, ELSE)],
)
def test_what_a_write_replaces_whole_is_read_again_beside_the_intent(switches: dict[str, str], told: str) -> None:
    plan, home = made(replace(CONTROL, whole=True)), Home(switches=switches)
    (found,) = intended([plan], Ledger(intend=ENTRY, exemptions=NONE), home)
    kept = replace(plan, entry=ENTRY)
    assert found == (kept.ended("failed", told=told, again=True, given_up=True) if told else kept)


def test_a_read_beside_the_intent_that_fails_ends_the_plan() -> None:
    def fail(*_: Any) -> Any:
        raise AwsError("No answer.", action="home:GetLamp", code="", refused=False)

    plan = made(replace(CONTROL, whole=True, read=fail))
    (end,) = intended([plan], Ledger(intend=ENTRY, exemptions=NONE))
    assert end == replace(plan, entry=ENTRY).ended("failed", told="No answer.")


def test_exemptions_and_whole_states_are_asked_for_beside_the_intents() -> None:
    begun_first: list[Any] = []
    ledger = Ledger(intend=ENTRY, exemptions=NONE)

    def begin(read: Callable[[], Any]) -> Callable[[], Any]:
        begun_first.append(len(ledger.asked))
        return read

    intended([made(replace(CONTROL, whole=True))], ledger, begin=begin)
    assert begun_first == [0, 0]
