"""What a look tells, held to what the engine then does: with timed exemptions, the switch, and doors opened again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from cli.scan.test_scan import WithInterfaces
from cloudmend.cli.context import NOTHING, DecisionInputs
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.contract import Reach
from cloudmend.core.errors import AwsError, LedgerError
from cloudmend.core.ledger_records import Exemptions, TimedExemption, Unreadable
from cloudmend.core.model import ApiCall, Resource
from cloudmend.core.target import Target
from cloudmend.engine.look import Look, look, survey
from cloudmend.engine.stations.walk import mend
from ledgers.values import exemption
from support import ACCOUNT, CLEAR, NOW, REGION, Account, event, ipv4, policy

SSH = ipv4(22, "0.0.0.0/0")
RDP = ipv4(3389, "0.0.0.0/0")
UNCOUNTED = "not counting AWS's own prefix lists"


class Observing:
    """A Switch that is set to observe."""

    def mode(self) -> str:
        return "observe"


def exempted(group_id: str, rule_id: str = "") -> TimedExemption:
    return exemption("exempt-1a2b3c4d", group=group_id, rule=rule_id, owner="net", reason="No VPN yet")


def inputs(account: Account) -> DecisionInputs:
    return DecisionInputs(exemptions=account.ledger.exemptions(NOW), ledger=account.ledger)


def judged(account: Account, group_id: str, known: DecisionInputs = NOTHING) -> Look:
    cause = ApiCall(event_id="", source="cloudmend", name="Look", time=None, account=ACCOUNT, region=REGION)
    resource = Resource(type="AWS::EC2::SecurityGroup", id=group_id, account=ACCOUNT, region=REGION)
    world = known.world(region=REGION, reader=account.world.reader, account=ACCOUNT, now=NOW)
    (found,) = look([Target(control=CONTROL, resource=resource, cause=cause)], policy(), world)
    return found


def actions(found: Look) -> dict[str, str]:
    """What would be done about each rule at fault, by its ports."""
    return {fate.before.split()[0]: fate.decision.action for fate in found.fates}


def rule_ids(account: Account, group_id: str) -> list[str]:
    return [str(rule["SecurityGroupRuleId"]) for rule in account.rules(group_id) if not rule["IsEgress"]]


def rule_id(account: Account, group_id: str, port: int) -> str:
    return next(str(r["SecurityGroupRuleId"]) for r in account.rules(group_id) if r.get("FromPort") == port)


def test_a_timed_exemption_of_the_group_leaves_all_of_it_open_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)
    account.ledger.exempt(exempted(group_id))
    judgement = judged(account, group_id, inputs(account))
    assert actions(judgement) == {"tcp/22": "exempt", "tcp/3389": "exempt"}
    told = {fate.decision.why for fate in judgement.fates}
    assert told == {"exempt: exempt-1a2b3c4d, by net until 2026-11-24 09:00 UTC: No VPN yet"}
    record = account.respond(event(group_id))
    assert (record.status, {record.decision}) == ("exempt", told)


def test_a_timed_exemption_of_a_rule_leaves_that_rule_open_and_the_others_are_closed() -> None:
    account = Account()
    group_id = account.group(SSH, RDP)
    account.ledger.exempt(exempted(group_id, rule_id(account, group_id, 22)))
    judgement = judged(account, group_id, inputs(account))
    assert actions(judgement) == {"tcp/22": "exempt", "tcp/3389": "fix"}
    assert account.respond(event(group_id)).edits == judgement.edits


def test_an_exemption_of_another_group_exempts_nothing() -> None:
    account = Account()
    group_id = account.group(SSH)
    account.ledger.exempt(exempted(account.group(SSH)))
    assert actions(judged(account, group_id, inputs(account))) == {"tcp/22": "fix"}


def test_an_exemption_that_ended_exempts_nothing() -> None:
    account = Account()
    group_id = account.group(SSH)
    account.ledger.exempt(replace(exempted(group_id), expires=NOW - timedelta(seconds=1)))
    assert actions(judged(account, group_id, inputs(account))) == {"tcp/22": "fix"}


def test_where_the_switch_says_observe_what_is_at_fault_is_only_reported_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group(SSH)
    (fate,) = judged(account, group_id, replace(NOTHING, switch="observe")).fates
    account.world = replace(account.world, switch=Observing())
    record = account.respond(event(group_id))
    assert (fate.decision.action, fate.decision.why) == ("observe", record.decision)
    assert (record.status, record.edits) == ("observed", (fate.edit,))
    assert not judged(account, group_id, replace(NOTHING, switch="observe")).edits  # nobody is asked to agree to it


def test_what_was_mended_twice_within_the_hour_would_be_narrowed_again_as_the_engine_does() -> None:
    account = Account()
    group_id = account.group()
    for _ in range(2):
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH])
        assert account.respond(event(group_id)).edits
        account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids(account, group_id))
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH])
    (planned,) = judged(account, group_id, inputs(account)).edits
    assert planned.after == "tcp/22 from 10.0.0.0/8"
    assert account.respond(event(group_id)).edits == (planned,)


def test_a_group_without_findings_has_no_fate_and_what_holds_is_told() -> None:
    account = Account()
    found = judged(account, account.group(ipv4(443, "0.0.0.0/0")), inputs(account))
    assert (found.fates, found.edits, found.clear) == ((), (), CLEAR)


def test_a_group_that_is_not_there_has_no_state() -> None:
    found = judged(Account(), "sg-0123456789abcdef0")
    assert (found.state, found.problem) == (None, "")


def test_a_ledger_that_cannot_be_read_counts_for_nothing_and_is_told() -> None:
    class Broken:
        def recent(self, *_: object) -> None:
            raise LedgerError("The ledger cannot be used.")

    account = Account()
    known = DecisionInputs(exemptions=Exemptions((), (Unreadable("x-9", "x-9 cannot be read"),)), ledger=Broken())  # type: ignore[arg-type]
    found = judged(account, account.group(SSH), known)
    assert (actions(found), found.notes) == (
        {"tcp/22": "fix"},
        ("x-9 cannot be read", "The ledger cannot be used."),
    )


def test_what_cannot_be_read_is_told_and_hides_nothing_else() -> None:
    account = Account()
    known = NOTHING.world(region=REGION, reader=account.world.reader, account=ACCOUNT, now=NOW)
    group_id = account.group(SSH)

    def refused(*_: Any, **__: Any) -> Any:
        raise AwsError("AWS does not answer.", action="ec2:DescribeSecurityGroups", code="InternalError", refused=False)

    assert [each.target.resource.id for each in survey(CONTROL, policy(), known).found] == [group_id]
    broken = replace(CONTROL, judge=refused)
    survey_of_broken = survey(broken, policy(), known)
    assert (survey_of_broken.found, len(survey_of_broken.unread)) == ((), 1)
    assert survey_of_broken.unread[0].endswith("AWS does not answer.")


def test_a_look_changes_nothing_and_asks_for_many_groups_at_once() -> None:
    account = Account()
    groups = [account.group(SSH) for _ in range(7)]
    account.calls.clear()
    known = NOTHING.world(region=REGION, reader=account.world.reader, account=ACCOUNT, now=NOW)
    assert [each.target.resource.id for each in survey(CONTROL, policy(), known).found] == sorted(groups)
    assert account.calls == [
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeNetworkInterfaces",
    ]


def test_a_survey_tells_what_is_behind_each_group_in_one_call_and_nothing_where_none_is_at_fault() -> None:
    account = Account()
    used, unused = account.group(SSH), account.group(RDP)
    rows = [{"NetworkInterfaceId": "eni-1", "Groups": [{"GroupId": used}], "Association": {"PublicIp": "54.1.2.3"}}]
    reader = WithInterfaces(account, rows)
    known = NOTHING.world(region=REGION, reader=reader, account=ACCOUNT, now=NOW)
    found = {each.target.resource.id: each.reach for each in survey(CONTROL, policy(), known).found}
    reached = Reach(users=1, noun="interface", addresses=("54.1.2.3",))
    assert (found[used], found[unused]) == (reached, Reach(noun="interface"))
    assert (reached.status, Reach(users=1).status, Reach().status) == ("reachable", "in use", "not in use")
    assert len(reader.asked) == 1
    calm = Account()
    calm.group(ipv4(443, "0.0.0.0/0"))
    reader = WithInterfaces(calm)
    known = NOTHING.world(region=REGION, reader=reader, account=ACCOUNT, now=NOW)
    assert (survey(CONTROL, policy(), known).clear, reader.asked) == (f"{CLEAR}, {UNCOUNTED}", [])


def test_what_is_behind_the_groups_may_be_unknown_and_the_findings_are_told_all_the_same() -> None:
    account = Account()
    account.group(SSH)
    known = NOTHING.world(region=REGION, reader=account.world.reader, account=ACCOUNT, now=NOW)  # has no interfaces
    found = survey(CONTROL, policy(), known)
    assert [each.reach for each in found.found] == [None]
    assert found.unread[0].startswith("what is behind the findings is not known: ec2:DescribeNetworkInterfaces")


def test_what_a_control_knows_of_a_part_stands_beside_its_finding() -> None:
    account = Account()
    (fate,) = judged(account, account.group(ipv4(22, "0.0.0.0/0", Description="a hurry"))).fates
    assert fate.details == {
        "ports": "tcp/22",
        "source": "0.0.0.0/0",
        "description": "a hurry",
        "public_addresses": 3_702_258_688,
    }


def test_what_was_agreed_of_one_control_is_not_taken_for_another_s_of_the_same_id() -> None:
    account = Account()
    group_id = account.group(SSH)
    target = judged(account, group_id).target
    (refused,) = mend([target], policy(), account.world, {(CONTROL.id, group_id): ()})
    assert (refused.status, "The plan is out of date." in refused.summary) == ("failed", True)
    (mended,) = mend([target], policy(), account.world, {("another", group_id): ()})
    assert mended.status == "mended"


def test_what_a_control_only_reports_is_said_to_be_only_reported() -> None:
    account = Account()
    account.group(SSH)
    known = NOTHING.world(region=REGION, reader=account.world.reader, account=ACCOUNT, now=NOW)
    (found,) = survey(replace(CONTROL, put=None), policy(), known).found
    assert [(fate.decision.action, fate.decision.why) for fate in found.fates] == [
        ("observe", f"{CONTROL.id} only reports")
    ]
    assert not found.edits


def test_a_control_that_is_broken_costs_its_own_survey() -> None:
    known = NOTHING.world(region=REGION, reader=Account().world.reader, account=ACCOUNT, now=NOW)
    found = survey(replace(CONTROL, resource=None), policy(), known)
    assert (found.found, found.unread[0].startswith("cloudmend crashed: AttributeError")) == ((), True)
