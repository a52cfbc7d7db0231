"""What becomes of a group at fault, and the plan for it, without a ledger and without AWS."""

from __future__ import annotations

from datetime import UTC, datetime

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.decide import Circumstances, Decision
from cloudmend.core.ledger import End, Entry, Exemptions, TimedExemption
from cloudmend.core.model import Edit, Intent, Plan
from cloudmend.core.policy import Mode, Policy
from cloudmend.core.verdict import Known, Verdict, judge, planned
from records import GROUP, MENDED
from support import policy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RULE = Rule(
    {
        "SecurityGroupRuleId": "sgr-1",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "0.0.0.0/0",
    }
)
FACTS = GroupFacts(account="111122223333", image={}, group_id=GROUP, rules=(RULE,))
FINDINGS = CONTROL.detect(FACTS, policy())
HELD = TimedExemption(
    id="x-1", group=GROUP, owner="ops", reason="no VPN yet", expires=NOW, created=NOW, created_by="alice"
)
HERE = Circumstances(control=CONTROL.id, account="111122223333", vpc="", resource=GROUP, actor_role="", now=NOW)


def judged(policy_: Policy, exemptions: Exemptions, mode: Mode | None = None) -> Verdict:
    known = Known(exemptions=lambda: exemptions, mode=lambda: mode)
    return judge(CONTROL, FACTS, FINDINGS, HERE, policy_, known)


def test_what_the_policy_exempts_is_left_open_and_no_ledger_is_asked() -> None:
    file = (
        '[[exemption]]\nresource = "sg-05fe30eb67c909f27"\nowner = "ops"\nreason = "a honeypot"\nexpires = 2026-11-25\n'
    )
    verdict = judged(policy(file), Exemptions((HELD,), ("x-9 cannot be read",)))
    assert (verdict.decision.action, verdict.findings, verdict.unreadable) == ("exempt", FINDINGS, ())


def test_what_a_timed_exemption_covers_is_left_open_and_what_cannot_be_read_is_told_still() -> None:
    assert judged(policy(), Exemptions((HELD,), ("x-9 cannot be read",))) == Verdict(
        decision=Decision("exempt", "exempt: x-1, by ops until 2026-11-24 12:00 UTC: no VPN yet"),
        findings=FINDINGS,
        unreadable=("x-9 cannot be read",),
    )


def test_the_switch_stops_what_the_policy_would_mend() -> None:
    verdict = judged(policy(), Exemptions((), ("x-9 cannot be read",)), "observe")
    assert verdict == Verdict(
        decision=Decision("observe", "the switch is set to observe"),
        findings=FINDINGS,
        unreadable=("x-9 cannot be read",),
    )


def test_where_nothing_is_at_fault_nothing_is_planned_and_nothing_flaps() -> None:
    closed = GroupFacts(account="111122223333", image={}, group_id=GROUP, rules=())
    assert planned(CONTROL, closed, (), policy(), ()) == (Plan(()), 0)


def test_a_door_that_was_mended_twice_within_the_hour_is_counted_and_narrowed_again() -> None:
    plan, flaps = planned(CONTROL, FACTS, FINDINGS, policy(), [ended_entry(), ended_entry()])
    assert ([edit.after for edit in edits(plan)], flaps) == (["tcp/22 from 10.0.0.0/8"], 2)


def ended_entry() -> Entry:
    intent = Intent(
        control=CONTROL.id,
        resource=MENDED.resource,
        account="111122223333",
        region="eu-west-1",
        event_id="",
        before={},
        requests=(),
        undo=(),
    )
    return Entry(id="e-1", state="DONE", opened=NOW, intent=intent, ended=End(NOW, MENDED))


def edits(plan: Plan) -> tuple[Edit, ...]:
    return tuple(edit for change in plan.changes for edit in change.edits)
