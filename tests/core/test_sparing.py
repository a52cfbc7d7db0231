"""What timed exemptions leave open, of a group and of its rules."""

from __future__ import annotations

from datetime import UTC, datetime

from cloudmend.controls.security_group_ingress.facts import GroupFacts, Rule
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.ledger import TimedExemption
from cloudmend.core.sparing import Spared, spare
from support import policy

NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
TOLD = "exempt: {}, by ops until 2026-11-24 12:00 UTC: no VPN yet"


def rule(number: int) -> Rule:
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    return Rule({"SecurityGroupRuleId": f"sgr-{number}", "IsEgress": False, **ports, "CidrIpv4": f"{number}.0.0.0/7"})


FACTS = GroupFacts(account="111122223333", image={}, group_id="sg-1", rules=(rule(12), rule(14)))
TWELVE, FOURTEEN = CONTROL.detect(FACTS, policy())


def exemption(
    exemption_id: str, group: str = "sg-1", rule: str = "", parts: tuple[str, ...] | None = None
) -> TimedExemption:
    return TimedExemption(
        id=exemption_id,
        group=group,
        rule=rule,
        parts=parts,
        owner="ops",
        reason="no VPN yet",
        expires=NOON,
        created=NOON,
        created_by="",
    )


def spared(*held: TimedExemption) -> Spared:
    return spare(held, "sg-1", FACTS, (TWELVE, FOURTEEN), control=CONTROL, policy=policy())


def test_without_an_exemption_of_its_own_all_that_is_at_fault_remains() -> None:
    assert spared() == spared(exemption("x-1", group="sg-2")) == Spared("", {}, (TWELVE, FOURTEEN))


def test_a_group_that_is_exempt_is_left_open_whole_and_every_reason_is_told() -> None:
    why = f"{TOLD.format('x-1')}; {TOLD.format('x-2')}"
    assert spared(exemption("x-1"), exemption("x-2", rule="sgr-12")) == Spared(why, {"sgr-12": TOLD.format("x-2")}, ())


def test_a_rule_that_is_exempt_is_left_open_and_the_others_are_not() -> None:
    assert spared(exemption("x-1", rule="sgr-12")) == Spared("", {"sgr-12": TOLD.format("x-1")}, (FOURTEEN,))


def test_where_each_rule_at_fault_is_exempt_nothing_remains() -> None:
    found = spared(exemption("x-1", rule="sgr-12"), exemption("x-2", rule="sgr-14"))
    assert (found.why, found.findings) == (f"{TOLD.format('x-1')}; {TOLD.format('x-2')}", ())


SAID_TWELVE, SAID_FOURTEEN = "tcp/22 from 12.0.0.0/7", "tcp/22 from 14.0.0.0/7"


def test_what_a_rule_says_is_exempt_under_any_id_and_nothing_else_is() -> None:
    found = spared(exemption("x-1", parts=(SAID_TWELVE, "tcp/3389 from 0.0.0.0/0")))
    assert found == Spared("", {"sgr-12": TOLD.format("x-1")}, (FOURTEEN,))


def test_where_what_each_rule_says_is_exempt_nothing_remains() -> None:
    found = spared(exemption("x-1", parts=(SAID_TWELVE,)), exemption("x-2", parts=(SAID_FOURTEEN,)))
    assert (found.why, found.findings) == (f"{TOLD.format('x-1')}; {TOLD.format('x-2')}", ())


def test_one_that_names_nothing_or_nothing_that_is_there_exempts_nothing_and_is_not_told() -> None:
    nothing = exemption("x-1", parts=()), exemption("x-2", parts=("udp/22 from 12.0.0.0/7",))
    assert spared(*nothing) == Spared("", {}, (TWELVE, FOURTEEN))
    assert spared(*nothing, exemption("x-3")).why == TOLD.format("x-3")
