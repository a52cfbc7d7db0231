"""The engine over the ledger: exemptions, flapping, the budget, the switch, crashes, and two at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloudmend import engine
from cloudmend.controls.security_group_ingress.contract import CONTROL
from cloudmend.core.errors import LedgerError
from cloudmend.core.model import Record
from cloudmend.engine.sweep import Sweep
from ledgers.values import exemption
from support import Account, event, ingress, ipv4, policy

WORLD, TEN = "0.0.0.0/0", "10.0.0.0/8"
OPEN_SSH, CLOSED_SSH = ("tcp", 22, 22, WORLD), ("tcp", 22, 22, TEN)


def swept(account: Account, **arguments: Any) -> Sweep:
    return engine.sweep(controls=[CONTROL], policy=policy(), world=account.world, **arguments)


def opened(account: Account, group_id: str) -> Record:
    """Somebody opens tcp/22 again, and the event arrives."""
    account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
    return account.mend(group_id)


def test_a_record_names_its_entry_and_the_entry_holds_the_record() -> None:
    account = Account()
    record = account.mend(account.group(ipv4(22, WORLD)))
    entry = account.ledger.get(record.entry_id)
    assert (entry.state, entry.ended.record if entry.ended else None) == ("DONE", record)
    assert entry.intent.policy_hash
    assert entry.intent.code_version == "0.1.0"


def test_a_timed_exemption_leaves_its_group_open_until_it_expires() -> None:
    account = Account()
    group_id, other = account.group(ipv4(22, WORLD)), account.group(ipv4(22, WORLD))
    account.ledger.exempt(exemption(group=group_id))
    record = account.mend(group_id)
    assert (record.status, record.decision) == (
        "exempt",
        "exempt: e-1, by network-team until 2026-11-24 09:00 UTC: The vendor has no VPN yet",
    )
    assert account.mend(other).status == "mended"
    account.clock.sleep(2 * 3600 + 1)
    (closed,) = swept(account).records
    assert (closed.status, closed.resource.id) == ("mended", group_id)


def test_an_exemption_of_one_rule_leaves_the_others_to_be_closed() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD), ipv4(3389, WORLD))
    rule_id = next(row["SecurityGroupRuleId"] for row in account.rules(group_id) if row["FromPort"] == 22)
    account.ledger.exempt(exemption(group=group_id, rule=rule_id))
    assert account.mend(group_id).status == "mended"
    assert ingress(account.rules(group_id)) == {OPEN_SSH, ("tcp", 3389, 3389, TEN)}
    assert account.mend(group_id).status == "exempt"


def test_an_exemption_that_cannot_be_read_exempts_nothing_and_is_told() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.ledger.exempt(exemption(group=group_id))
    account.store.exemptions["e-1"] = b'{"version": 99, "id": "e-1"}'
    record = account.mend(group_id)
    assert (record.status, len(record.exemptions_unreadable)) == ("mended", 1)


def test_a_ledger_that_cannot_tell_its_exemptions_leads_to_closing() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def unreadable(_: object) -> Any:
        raise LedgerError("The table does not answer.")

    account.ledger.exemptions = unreadable  # type: ignore[attr-defined]
    record = account.mend(group_id)
    assert (record.status, record.exemptions_unreadable) == ("mended", ("The table does not answer.",))


def test_a_door_that_is_opened_for_the_third_time_within_the_hour_is_narrowed_again_and_told_loudly() -> None:
    account = Account()
    group_id = account.group()
    for _ in range(2):
        record = opened(account, group_id)
        assert (record.status, record.severity) == ("mended", "normal")
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
        account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)
    record = opened(account, group_id)
    assert (record.status, record.severity, record.flaps) == ("mended", "high", 2)
    assert ingress(account.rules(group_id)) == {("tcp", 22, 22, "10.0.0.0/8")}
    assert "It was opened 3 times within the hour. This time " in record.summary
    account.clock.sleep(3601)
    assert opened(account, group_id).severity == "normal"


def test_where_the_policy_says_so_the_third_opening_within_the_hour_is_revoked() -> None:
    account = Account()
    group_id = account.group()
    file = '[control.security_group_ingress]\nflapping = "revoke"\n'
    for _ in range(3):
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, "0.0.0.0/0")])
        record = account.mend(group_id, file=file)
        left = ingress(account.rules(group_id))
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
        if rule_ids:
            account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)
    assert (record.status, record.severity, left) == ("mended", "high", set())
    assert "revoked tcp/22 from 0.0.0.0/0" in record.summary


def test_a_flapping_group_names_the_controller_and_how_to_stop_it() -> None:
    account = Account()
    group_id = account.group()
    for _ in range(3):
        account.ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[ipv4(22, WORLD)])
        record = account.respond(event(group_id, userAgent="elbv2.k8s.aws/v2.7.1 aws-sdk-go/1.48"))
        rule_ids = [row["SecurityGroupRuleId"] for row in account.rules(group_id) if not row["IsEgress"]]
        if rule_ids:
            account.ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=rule_ids)
    assert "AWS Load Balancer Controller" in record.summary
    assert "inbound-cidrs" in record.summary


def test_beyond_the_budget_it_only_observes_and_says_how_to_raise_it() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, ledger=account.process(budget=2))
    first, second, third = (account.mend(account.group(ipv4(22, WORLD))) for _ in range(3))
    assert (first.status, second.status, third.status) == ("mended", "mended", "observed")
    assert third.budget_spent
    assert third.summary.endswith(
        ": would have narrowed tcp/22 from 0.0.0.0/0 to 10.0.0.0/8. Account 111122223333 has used its budget of 2 "
        "resources under security_group_ingress for the hour 2026-11-24T07:00Z. It is open, "
        "and nothing here tries it again by itself. Try again "
        "after 08:00 UTC. If so many mends are normal, raise the budget."
    )
    assert third.retry_at is None
    account.clock.sleep(3600)
    assert [record.status for record in swept(account).records] == ["mended"]


class Switched:
    def __init__(self, mode: Any) -> None:
        self._mode = mode

    def mode(self) -> Any:
        return self._mode


@pytest.mark.parametrize(("mode", "status"), [("observe", "observed"), (None, "mended"), ("fix", "mended")])
def test_the_switch_stops_all_writes(mode: str | None, status: str) -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, switch=Switched(mode))
    record = account.mend(account.group(ipv4(22, WORLD)))
    assert record.status == status
    assert ("the switch is set to observe" in record.summary) is (mode == "observe")


def test_the_switch_does_not_start_writes_that_the_policy_forbids() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, switch=Switched("fix"))
    assert account.mend(account.group(ipv4(22, WORLD)), mode="observe").status == "observed"


class Killed(BaseException):
    """The process dies: nothing catches it."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_killed_process_left_behind_is_completed_by_the_next_sweep(moment: str) -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    before = account.rules(group_id)

    def die(_: Mapping[str, Any]) -> None:
        raise Killed

    obstacles = getattr(account.groups, moment)
    obstacles["ModifySecurityGroupRules"] = die
    with pytest.raises(Killed):
        account.mend(group_id)
    obstacles.clear()
    (left,) = account.ledger.open_intents()
    account.clock.sleep(180)
    swept(account)
    assert ingress(account.rules(group_id)) == {CLOSED_SSH}
    assert account.ledger.open_intents() == ()
    completed = account.ledger.get(left.id)
    assert completed.state == {"before": "FAILED", "after": "DONE"}[moment]
    assert completed.ended is not None
    assert "The process that began this mend at 2026-11-24 07:00:00 UTC died" in completed.ended.record.summary
    image = completed.intent.before["SecurityGroupRules"]
    assert sorted(image, key=lambda row: str(row["SecurityGroupRuleId"])) == before


def test_a_fresh_intent_is_somebody_s_work_and_left_alone_by_a_sweep() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.ledger.intend(account_intent(account, group_id))
    assert [record.status for record in swept(account).records] == ["failed"]
    assert len(account.ledger.open_intents()) == 1


def account_intent(account: Account, group_id: str) -> Any:
    """The intent that a mend of the group would keep."""
    twin = Account()
    twin.mend(twin.group(ipv4(22, WORLD)))
    (intent,) = twin.intents
    resource = msgspec.structs.replace(intent.resource, id=group_id)
    return msgspec.structs.replace(intent, resource=resource)


def test_of_two_at_once_one_acts_and_the_other_finds_nothing_left_to_do() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    second: list[Record] = []

    def meanwhile(_: Mapping[str, Any]) -> None:
        del account.groups.after["ModifySecurityGroupRules"]
        other = Account.__new__(Account)
        other.__dict__ |= {**account.__dict__, "calls": []}
        second.append(other.mend(group_id))

    account.groups.after["ModifySecurityGroupRules"] = meanwhile
    first = account.mend(group_id)
    assert (first.status, second[0].status) == ("mended", "clean")
    assert len(account.intents) == 1


def test_what_another_closed_since_it_was_looked_at_is_not_written_to_again() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def meanwhile(_: Mapping[str, Any]) -> None:
        del account.groups.after["DescribeSecurityGroups"]
        account.clock.sleep(0.2)
        assert account.mend(group_id).status == "mended"

    account.groups.after["DescribeSecurityGroups"] = meanwhile
    assert account.mend(group_id).status == "clean"
    assert len(account.intents) == 1


def test_an_intent_of_another_that_does_not_close_it_ends_in_a_failure_that_is_tried_again() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))
    account.ledger.intend(account_intent(account, group_id))
    record = account.mend(group_id)
    assert record.status == "failed"
    assert "was in progress when it was read" in record.summary


def test_an_end_that_the_ledger_does_not_hear_of_is_told_and_the_door_is_closed() -> None:
    account = Account()
    group_id = account.group(ipv4(22, WORLD))

    def deaf(*_: object) -> Any:
        raise LedgerError("The table does not answer.")

    account.ledger.finish = deaf  # type: ignore[method-assign,assignment]
    record = account.mend(group_id)
    assert record.status == "mended"
    assert "The ledger does not hold the result (The table does not answer.)" in record.errors[0]


def test_a_sweep_stops_in_time_and_another_goes_on_where_it_stopped() -> None:
    account = Account()
    groups = {account.group(ipv4(22, WORLD)) for _ in range(35)}

    def slow(_: Mapping[str, Any]) -> None:
        account.clock.sleep(10)

    account.groups.after["ModifySecurityGroupRules"] = slow
    first = swept(account, until=account.clock.now() + timedelta(seconds=15))
    assert (len(first.records), len(first.left)) == (33, 2)
    assert {each.control for each in first.left} == {CONTROL.id}
    strangers = [msgspec.structs.replace(each, control="another_of_groups") for each in first.left]
    assert swept(account, only=strangers).records == ()  # what is left of one control is no work of another
    rest = swept(account, only=first.left)
    assert {record.resource.id for record in (*first.records, *rest.records)} == groups
    assert all(record.status == "mended" and record.missed for record in (*first.records, *rest.records))


def test_a_control_that_is_not_budgeted_mends_where_the_budget_is_spent() -> None:
    account = Account()
    account.world = msgspec.structs.replace(account.world, ledger=account.process(budget=1))
    assert account.mend(account.group(ipv4(22, WORLD))).status == "mended"
    account.group(ipv4(22, WORLD))
    never_waits = msgspec.structs.replace(CONTROL, budgeted=False)
    swept_by = [engine.sweep(controls=[each], policy=policy(), world=account.world) for each in (CONTROL, never_waits)]
    assert [[record.status for record in each.records] for each in swept_by] == [["observed"], ["mended"]]
