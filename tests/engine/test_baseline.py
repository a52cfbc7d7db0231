"""What was there before a stack was is reported and kept, and what is new is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.cli.context import DecisionInputs
from cloudmend.controls import woken_by
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.model import ApiCall, Record, Resource
from cloudmend.core.standing import StandingResource, Unit
from cloudmend.core.target import Target
from cloudmend.core.world import World
from cloudmend.engine.look import survey
from cloudmend.local.ec2.checks import Ec2Error
from controls.security_group_ingress.test_prefix_lists import prefix_list, refers
from ledgers.values import exemption
from support import ACCOUNT, REGION, Account, event, ingress, ipv4, policy

WORLD = "0.0.0.0/0"
UNIT = f"{ACCOUNT}/{REGION}/{CONTROL.id}"
OPEN = {("tcp", 22, 22, WORLD)}
MENDED = {("tcp", 22, 22, "10.0.0.0/8")}
OPEN_RDP, MENDED_RDP = ("tcp", 3389, 3389, WORLD), ("tcp", 3389, 3389, "10.0.0.0/8")


class Stack(Account):
    """An account in which a stack is deployed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.world = msgspec.structs.replace(self.world, keeps_baseline=True)

    def sweep(self, text: str = "", **more: Any) -> Sequence[Record]:
        self.clock.sleep(60)
        return engine.sweep(controls=[CONTROL], policy=policy(text), world=self.world, **more).records

    def open(self, group_id: str, *permissions: Mapping[str, Any]) -> tuple[str, ...]:
        """Open a group; the ids of the rules, which the event names."""
        answer = self.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))
        return tuple(row["SecurityGroupRuleId"] for row in answer["SecurityGroupRules"])

    def told(self, group_id: str, *rule_ids: str) -> Record:
        """The record of the event of a call that made these rules, a second ago."""
        return self.heard(group_id, *rule_ids, world=self.world)

    def heard(self, group_id: str, *rule_ids: str, world: World, text: str = "") -> Record:
        """The same, of any engine."""
        rows = [{"groupId": group_id, "securityGroupRuleId": each} for each in rule_ids]
        called = f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        response = {"securityGroupRuleSet": {"items": rows}}
        raw = event(group_id, eventTime=called, responseElements=response)
        (record,) = engine.handle(raw, woken_by=woken_by, policy=policy(text), world=world)
        assert isinstance(record, Record)
        return record

    def stands(self, group_id: str) -> dict[str, str]:
        """What stands at a group: status by mark."""
        (found,) = [each for each in self.ledger.standing(UNIT) if each.resource.id == group_id]
        assert isinstance(found, StandingResource)
        return {each.mark: each.status for each in found.findings}

    def unit(self) -> Unit:
        found = self.ledger.unit(UNIT)
        assert isinstance(found, Unit)
        return found


@pytest.fixture
def stack() -> Stack:
    return Stack()


def test_the_first_sweep_changes_nothing_and_tells_once(stack: Stack) -> None:
    groups = [stack.group(ipv4(22, WORLD)) for _ in range(3)]
    records = stack.sweep()
    assert [record.status for record in records] == ["observed"] * 3
    assert all("it was there before cloudmend" in record.summary for record in records)
    assert {record.notice for record in records} == {"digest"}
    assert [ingress(stack.rules(group)) for group in groups] == [OPEN] * 3
    (digest,) = stack.digests
    assert (digest.is_first, len(digest.new), dict(digest.counts)) == (True, 3, {"baseline": 3})
    stack.sweep()
    assert len(stack.digests) == 1
    assert [ingress(stack.rules(group)) for group in groups] == [OPEN] * 3


def test_a_digest_does_not_say_of_what_is_new_that_it_was_there_before(stack: Stack) -> None:
    stack.sweep()
    stack.group(ipv4(22, WORLD))
    stack.sweep('mode = "observe"')
    (digest,) = stack.digests
    assert (digest.is_first, dict(digest.counts)) == (False, {"observed": 1})


def test_a_later_sweep_mends_what_is_new_beside_the_baseline(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    stack.sweep()
    stack.open(group, ipv4(3389, WORLD))
    other = stack.group(ipv4(22, WORLD))
    assert sorted(record.status for record in stack.sweep()) == ["mended", "mended"]
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}
    assert ingress(stack.rules(other)) == MENDED
    assert stack.stands(group) == {"tcp/22 from 0.0.0.0/0": "baseline"}


def test_an_event_mends_all_that_is_at_fault_in_the_resource_that_it_names_but_the_baseline(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    stack.sweep()
    stack.clock.sleep(60)
    stack.open(group, ipv4(3389, WORLD))
    named = stack.open(group, ipv4(22, "128.0.0.0/1"))
    assert stack.told(group, *named).status == "mended"
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}


def test_an_event_that_finds_only_the_baseline_says_since_when_it_is_known(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    stack.sweep()
    stack.clock.sleep(60)
    harmless = stack.open(group, ipv4(443, WORLD))
    record = stack.told(group, *harmless)
    assert record.status == "observed"
    assert (
        "it was there before cloudmend (baseline of 2026-11-24); cloudmend fix --ledger TABLE mends it"
        in record.summary
    )
    assert record.notice == "held"
    assert ingress(stack.rules(group)) == OPEN | {("tcp", 443, 443, WORLD)}


def test_what_an_event_names_is_mended_though_the_first_sweep_saw_it_a_second_before(stack: Stack) -> None:
    group = stack.group()
    ssh, rdp = stack.open(group, ipv4(22, WORLD)), stack.open(group, ipv4(3389, WORLD))
    stack.sweep()
    assert stack.told(group, *ssh).status == "mended"
    assert ingress(stack.rules(group)) == MENDED | {OPEN_RDP}
    assert stack.told(group, *rdp).status == "mended"
    assert ingress(stack.rules(group)) == MENDED | {MENDED_RDP}
    assert list(stack.ledger.standing(UNIT)) == []


@pytest.mark.parametrize("is_later", [False, True])
def test_an_event_that_names_no_rule_mends_what_was_not_seen_before_its_call(stack: Stack, is_later: bool) -> None:
    group = stack.group(ipv4(22, WORLD))
    called = f"{stack.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    stack.sweep()
    if is_later:
        stack.clock.sleep(5)
        called = f"{stack.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    (record,) = engine.handle(event(group, eventTime=called), woken_by=woken_by, policy=policy(), world=stack.world)
    assert isinstance(record, Record)
    assert record.status == ("observed" if is_later else "mended")


def test_before_the_first_sweep_is_through_an_event_mends_only_what_it_names(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    named = stack.open(group, ipv4(3389, WORLD))
    assert stack.told(group, *named).status == "mended"
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}
    assert stack.stands(group) == {"tcp/22 from 0.0.0.0/0": "baseline"}
    stack.sweep()
    stack.sweep()
    assert ingress(stack.rules(group)) == OPEN | {MENDED_RDP}


def test_what_is_opened_again_after_it_was_closed_is_new(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(22, WORLD))
    stack.sweep()
    stack.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    stack.sweep()
    stack.open(group, ipv4(22, WORLD))
    assert [record.status for record in stack.sweep()] == ["mended"]
    assert ingress(stack.rules(group)) == MENDED


def test_a_rule_that_comes_back_under_another_id_is_new_to_the_event_that_names_it(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(22, WORLD))
    stack.sweep()
    stack.clock.sleep(60)
    stack.ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    named = stack.open(group, ipv4(22, WORLD))
    assert stack.told(group, *named).status == "mended"


def test_a_part_whose_value_changed_is_new(stack: Stack) -> None:
    group = stack.group()
    (rule,) = stack.open(group, ipv4(22, "0.0.0.0/1"))
    stack.sweep()
    changed = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": WORLD}
    update = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": changed}]
    stack.ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=update)
    assert [record.status for record in stack.sweep()] == ["mended"]
    assert ingress(stack.rules(group)) == MENDED


def test_a_list_that_grows_after_the_baseline_is_new(stack: Stack) -> None:
    list_id = prefix_list(stack, "0.0.0.0/1")
    group = stack.group(refers(22, list_id))
    stack.sweep()
    assert [record.status for record in stack.sweep()] == ["observed"]
    stack.ec2.modify_managed_prefix_list(PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "128.0.0.0/1"}])
    assert [record.status for record in stack.sweep()] == ["mended"]
    assert ingress(stack.rules(group)) == set()


def test_what_is_too_much_only_together_stays_the_baseline_when_one_rule_more_comes(stack: Stack) -> None:
    """The limit is a /12: of three /13, one must go."""
    ranges = ("3.0.0.0/13", "3.8.0.0/13", "3.16.0.0/13")
    group = stack.group(ipv4(22, *ranges))
    assert [record.status for record in stack.sweep()] == ["observed"]
    stack.clock.sleep(60)
    named = stack.open(group, ipv4(22, "4.0.0.0/13"))
    assert stack.told(group, *named).status == "mended"
    stack.sweep()
    assert {source for *_, source in ingress(stack.rules(group))} == set(ranges)


def test_the_setting_mends_it_and_a_person_who_runs_fix_does(stack: Stack) -> None:
    by_setting, by_hand = stack.group(ipv4(22, WORLD)), stack.group(ipv4(22, WORLD))
    stack.sweep()
    person = msgspec.structs.replace(stack.world, keeps_baseline=False)
    resource = Resource(type=CONTROL.resource.type, id=by_hand, account=ACCOUNT, region=REGION)
    cause = ApiCall(event_id="", source="", name="", time=None, account=ACCOUNT, region=REGION)
    target = Target(control=CONTROL, resource=resource, cause=cause)
    (record,) = engine.mend_all([target], policy(), person)
    assert (record.status, ingress(stack.rules(by_hand))) == ("mended", MENDED)
    assert [each.resource.id for each in stack.ledger.standing(UNIT)] == [by_setting]
    stack.sweep('existing = "fix"')
    assert ingress(stack.rules(by_setting)) == MENDED
    assert list(stack.ledger.standing(UNIT)) == []


@pytest.mark.parametrize("text", ['existing = "fix"', f'control.{CONTROL.id}.existing = "fix"'])
def test_where_the_policy_says_fix_the_first_sweep_mends(stack: Stack, text: str) -> None:
    group = stack.group(ipv4(22, WORLD))
    assert [record.status for record in stack.sweep(text)] == ["mended"]
    assert ingress(stack.rules(group)) == MENDED


def test_without_a_stack_there_is_no_baseline() -> None:
    account = Account()
    group = account.group(ipv4(22, WORLD))
    swept = engine.sweep(controls=[CONTROL], policy=policy(), world=account.world)
    assert [record.status for record in swept.records] == ["mended"]
    assert ingress(account.rules(group)) == MENDED


def test_a_first_sweep_that_dies_half_way_is_taken_up_by_the_next(stack: Stack) -> None:
    groups = sorted(stack.group(ipv4(22, WORLD)) for _ in range(40))
    keep, kept = stack.ledger.keep_standing, list[None]()

    def dies(*arguments: Any) -> Any:
        if kept:
            raise KeyboardInterrupt
        kept.append(None)
        return keep(*arguments)

    stack.ledger.keep_standing = dies  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        stack.sweep()
    assert 0 < len(stack.ledger.standing(UNIT)) < len(groups)
    assert stack.ledger.unit(UNIT) is None
    del stack.ledger.keep_standing
    stack.sweep()
    stack.sweep()
    assert all(ingress(stack.rules(group)) == OPEN for group in groups)
    assert len(stack.digests) == 1
    assert len(stack.digests[0].new) == len(groups)


def test_two_first_sweeps_at_once_keep_one_baseline(stack: Stack) -> None:
    """The schedule's and the deployment's."""
    group = stack.group(ipv4(22, WORLD))
    mend, others = stack.ledger.keep_standing, list[bool]()

    def meanwhile(*arguments: Any) -> Any:
        if not others:
            others.append(True)
            stack.sweep()
        return mend(*arguments)

    stack.ledger.keep_standing = meanwhile  # type: ignore[attr-defined]
    stack.sweep()
    del stack.ledger.keep_standing
    stack.sweep()
    assert ingress(stack.rules(group)) == OPEN


def test_what_is_left_for_want_of_time_gets_its_first_look_from_the_queue(stack: Stack) -> None:
    groups = [stack.group(ipv4(22, WORLD)) for _ in range(3)]
    left = engine.sweep(controls=[CONTROL], policy=policy(), world=stack.world, until=stack.clock.now()).left
    assert {each.resource.id for each in left} >= set(groups)
    assert stack.unit().baseline
    assert set(stack.unit().first_looks) >= set(groups)
    assert stack.digests == []
    stack.sweep(only=left)
    assert stack.unit().first_looks == ()
    assert [len(digest.new) for digest in stack.digests] == [3]
    stack.sweep()
    assert [ingress(stack.rules(group)) for group in groups] == [OPEN] * 3


def test_a_resource_that_cannot_be_read_keeps_no_other_from_being_watched(stack: Stack) -> None:
    hidden, group = sorted(stack.group(ipv4(22, WORLD)) for _ in range(2))

    def refuse(params: Mapping[str, Any]) -> None:
        if hidden in params["Filters"][0]["Values"]:
            raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    stack.groups.before["DescribeSecurityGroupRules"] = refuse
    stack.sweep()
    assert (stack.unit().first_looks, stack.unit().read) == ((hidden,), None)
    assert "You are not authorized" in stack.unit().unread[0]
    stack.open(group, ipv4(3389, WORLD))
    assert {record.status for record in stack.sweep()} == {"failed", "mended"}
    stack.groups.before.clear()
    stack.sweep()
    assert (stack.unit().first_looks, stack.unit().read) == ((), stack.clock.now())
    assert ingress(stack.rules(hidden)) == OPEN
    stack.open(hidden, ipv4(3389, WORLD))
    stack.sweep()
    assert ingress(stack.rules(hidden)) == OPEN | {MENDED_RDP}


def test_a_unit_that_cannot_be_listed_is_watched_after_a_day_all_the_same(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))

    def refuse(_: object) -> None:
        raise Ec2Error("UnauthorizedOperation", "You are not authorized.", 403)

    stack.groups.before["DescribeSecurityGroups"] = refuse
    stack.groups.before["DescribeSecurityGroupRules"] = refuse
    stack.sweep()
    assert stack.unit().baseline is None
    stack.clock.sleep(24 * 3600)
    stack.sweep()
    assert stack.unit().baseline
    stack.groups.before.clear()
    assert ingress(stack.rules(group)) == OPEN


def test_where_the_ledger_does_not_say_what_stands_a_sweep_mends_nothing(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))

    def unanswered(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    stack.sweep()
    for method in ("standing", "units"):
        setattr(stack.ledger, method, unanswered)
        (record,) = stack.sweep()
        assert record.status == "failed"
        assert "nothing was looked at: The table does not answer." in record.summary
        delattr(stack.ledger, method)
    assert ingress(stack.rules(group)) == OPEN


def test_what_stands_and_cannot_be_read_is_the_baseline_anew(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    stack.sweep()
    stack.store.standing[f"{UNIT}/{group}"] = b"{}"
    stack.sweep()
    (problem,) = stack.ledger_problems
    assert problem.startswith(f"What stands at {UNIT}/{group} cannot be read: ")
    assert stack.stands(group) == {"tcp/22 from 0.0.0.0/0": "baseline"}
    assert ingress(stack.rules(group)) == OPEN


def test_an_exemption_of_the_baseline_ends_and_it_is_still_the_baseline(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    stack.sweep()
    exempt = f'[[exemption]]\nresource = "{group}"\nowner = "a"\nreason = "b"\nexpires = 2030-01-01\n'
    assert [record.status for record in stack.sweep(exempt)] == ["exempt"]
    assert [record.status for record in stack.sweep()] == ["observed"]
    assert ingress(stack.rules(group)) == OPEN


def looked(stack: Stack, standing: DecisionInputs) -> dict[str, tuple[str, str]]:
    """What a look says would become of each finding, once, by its value."""
    world = standing.world(region=REGION, reader=stack.world.reader, account=ACCOUNT, now=stack.clock.now())
    found = survey(CONTROL, policy(), world).found
    fates = [fate for each in found for fate in each.fates]
    told: dict[str, tuple[str, str]] = {fate.before: (fate.decision.action, fate.decision.why) for fate in fates}
    assert len(told) == len(fates)
    return told


def test_a_look_by_a_stack_tells_the_baseline_from_what_is_new_as_the_stack_does(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD))
    as_stack = DecisionInputs(ledger=stack.ledger, keeps_baseline=True)
    before = {"tcp/22 from 0.0.0.0/0": "observe"}
    assert {value: action for value, (action, _) in looked(stack, as_stack).items()} == before  # no sweep came by yet
    stack.sweep()
    why = "it was there before cloudmend (baseline of 2026-11-24); cloudmend fix --ledger TABLE mends it"
    assert looked(stack, as_stack) == {"tcp/22 from 0.0.0.0/0": ("observe", why)}
    stack.open(group, ipv4(3389, WORLD))
    found = looked(stack, as_stack)
    assert found["tcp/22 from 0.0.0.0/0"] == ("observe", why)
    assert found["tcp/3389 from 0.0.0.0/0"][0] == "fix"


def test_a_look_without_a_stack_knows_no_baseline_so_that_fix_mends_it(stack: Stack) -> None:
    stack.group(ipv4(22, WORLD))
    stack.sweep()
    (found,) = looked(stack, DecisionInputs(ledger=stack.ledger)).values()
    assert found[0] == "fix"


def test_a_look_tells_an_exempt_part_beside_the_baseline_once(stack: Stack) -> None:
    group = stack.group(ipv4(22, WORLD), ipv4(3389, WORLD))
    stack.sweep()
    rule = next(row["SecurityGroupRuleId"] for row in stack.rules(group) if row.get("FromPort") == 22)
    exempt = exemption("exempt-1a2b3c4d", group=group, rule=rule, owner="net", reason="No VPN yet")
    stack.ledger.exempt(exempt)
    held = stack.ledger.exemptions(stack.clock.now())
    found = looked(stack, DecisionInputs(exemptions=held, ledger=stack.ledger, keeps_baseline=True))
    assert {value: action for value, (action, _) in found.items()} == {
        "tcp/22 from 0.0.0.0/0": "exempt",
        "tcp/3389 from 0.0.0.0/0": "observe",
    }
