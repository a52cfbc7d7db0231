"""What a look tells, held to what the engine then does: with timed exemptions, the switch, and doors opened again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cloudmend.controls.security_group_ingress.facts import GroupFacts
from cloudmend.controls.security_group_ingress.functions import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.ledger import TimedExemption
from cloudmend.core.model import Resource
from cloudmend.entry.judgement import Brief, Judgement, judge
from cloudmend.entry.standing import NOTHING, Standing
from ledgers.values import exemption
from support import NOW, Account, event, ipv4, policy

SSH = ipv4(22, "0.0.0.0/0")
RDP = ipv4(3389, "0.0.0.0/0")


class Observing:
    """A Switch that is set to observe."""

    def mode(self) -> str:
        return "observe"


def exempted(group_id: str, rule_id: str = "") -> TimedExemption:
    return exemption("exempt-1a2b3c4d", group=group_id, rule=rule_id, owner="net", reason="No VPN yet")


def standing(account: Account) -> Standing:
    return Standing(exemptions=account.ledger.exemptions(NOW), ledger=account.ledger)


def judged(account: Account, group_id: str, known: Standing = NOTHING) -> Judgement:
    brief = Brief(policy(), NOW, known)
    resource, reader = Resource(type="AWS::EC2::SecurityGroup", id=group_id), account.world.reader
    facts = CONTROL.observe(resource, reader, brief.policy)
    assert isinstance(facts, GroupFacts)
    return judge(CONTROL.complete(facts, CONTROL.surroundings(resource, reader), reader, brief.policy), brief)


def actions(judgement: Judgement) -> dict[str, str]:
    """What would be done about each rule at fault, by its ports."""
    return {fate.edit.before.split()[0]: fate.decision.action for fate in judgement.fates}


def rule_id(account: Account, group_id: str, port: int) -> str:
    return next(str(r["SecurityGroupRuleId"]) for r in account.rules(group_id) if r.get("FromPort") == port)


def test_a_timed_exemption_of_the_group_leaves_all_of_it_open_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)
    account.ledger.exempt(exempted(group_id))
    judgement = judged(account, group_id, standing(account))
    assert actions(judgement) == {"tcp/22": "exempt", "tcp/3389": "exempt"}
    told = {fate.decision.why for fate in judgement.fates}
    assert told == {"exempt: exempt-1a2b3c4d, by net until 2026-11-24 09:00 UTC: No VPN yet"}
    record = account.respond(event(group_id))
    assert (record.status, {record.decision}) == ("exempt", told)


def test_a_timed_exemption_of_a_rule_leaves_that_rule_open_and_the_others_are_closed() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)
    account.ledger.exempt(exempted(group_id, rule_id(account, group_id, 22)))
    judgement = judged(account, group_id, standing(account))
    assert actions(judgement) == {"tcp/22": "exempt", "tcp/3389": "fix"}
    fixed = tuple(fate.edit for fate in judgement.fates if fate.decision.action == "fix")
    assert account.respond(event(group_id)).edits == fixed


def test_an_exemption_of_another_group_exempts_nothing() -> None:
    account = Account()
    group_id = account.group(SSH)
    account.ledger.exempt(exempted(account.group(SSH)))
    assert actions(judged(account, group_id, standing(account))) == {"tcp/22": "fix"}


def test_an_exemption_that_ended_exempts_nothing() -> None:
    account = Account()
    group_id = account.group(SSH)
    account.ledger.exempt(replace(exempted(group_id), expires=NOW - timedelta(seconds=1)))
    assert actions(judged(account, group_id, standing(account))) == {"tcp/22": "fix"}


def test_where_the_switch_says_observe_what_is_at_fault_is_only_reported_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group(SSH)
    (fate,) = judged(account, group_id, replace(NOTHING, switch="observe")).fates
    account.world = replace(account.world, switch=Observing())
    record = account.respond(event(group_id))
    assert (fate.decision.action, fate.decision.why) == ("observe", record.decision)
    assert (record.status, record.edits) == ("observed", (fate.edit,))


def test_a_door_that_was_mended_twice_within_the_hour_would_be_revoked_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group()
    for _ in range(2):
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH])
        assert account.respond(event(group_id)).edits
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH])
    (fate,) = judged(account, group_id, standing(account)).fates
    assert fate.edit.after == ""
    assert account.respond(event(group_id)).edits == (fate.edit,)


def test_a_group_without_findings_has_no_fate() -> None:
    account = Account()
    assert not judged(account, account.group(ipv4(443, "0.0.0.0/0")), standing(account)).fates


def test_a_ledger_that_cannot_be_read_is_told_and_not_guessed() -> None:
    class Broken:
        def recent(self, *_: object) -> None:
            raise LedgerError("The ledger cannot be used.")

    account = Account()
    with pytest.raises(LedgerError):
        judged(account, account.group(SSH), Standing(ledger=Broken()))  # type: ignore[arg-type]
